"""Each row of a submission held against its predictions, its task and its season."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from w2s_bench.contracts import Facts, Predictions, Strategy, W2SError
from w2s_bench.leaderboard.at_hand import AtHand, TaskAtHand
from w2s_bench.leaderboard.checked import Row, Severity
from w2s_bench.leaderboard.comparing import compared_bounds, compared_row
from w2s_bench.leaderboard.derived import Cell, Derived, Grounds, Side, derive
from w2s_bench.leaderboard.evidence import Kept, check_truth, grounds_as_sent, grounds_at_hand, predicted_of
from w2s_bench.leaderboard.suspicions import suspicions
from w2s_bench.leaderboard.untrusted import Refused, shown
from w2s_bench.running.kept import KeptFacts
from w2s_bench.running.terms import share_examples
from w2s_bench.scoring.representations import predicted_variance

if TYPE_CHECKING:
    import polars as pl

_FINITE = ("err_weak", "err_student", "err_ceiling", "gain", "gain_se", "misfit")
_SHOWN = 3
"""Faults of one row that a sentence names."""

MOST_SEEDS = 200
"""Splits of one task that are loaded for a check."""


class Told(NamedTuple):
    """What is found of a row. severity: as of a Finding."""

    severity: Severity
    sentence: str


class CellChecked(NamedTuple):
    """A row as it was checked. derived: None where nothing of it could be. told: what was found. anchored: whether the truth is
    that of the task, and not the sender's own. digests: of its predictions on test, by predictor. shared: whether another seed of
    its task has a test example in common, None where that is not known."""

    row: Row
    derived: Derived | None
    told: tuple[Told, ...]
    anchored: bool
    digests: Mapping[str, str]
    shared: bool | None = None

    @property
    def refused(self) -> bool:
        return any(each.severity == "refused" for each in self.told)


class TaskCells:
    """The rows of one task, with what is kept of their predictions. seeds: of its splits that are loaded here, as many as
    MOST_SEEDS. at_hand: None where the task may not be loaded; why: the reason, in words."""

    def __init__(self, rows: Sequence[Row], kept: Kept, facts: KeptFacts, hand: AtHand, seeds: Collection[int]) -> None:
        self.rows, self.kept, self._facts, self._hand = rows, kept, facts, hand
        self._seeds = frozenset(sorted(seeds)[:MOST_SEEDS])
        self.why = "it is none of what is loaded for this check"
        self.at_hand: TaskAtHand | None = None
        self._grounds: dict[int, Grounds | None] = {}
        if seeds:
            try:
                self.at_hand = hand.task(rows[0]["task"])
            except W2SError as error:
                self.why = hand.why(error)

    def checked(self, bounds: Mapping[str, Sequence[Row]]) -> Iterator[CellChecked]:
        """Every row of status ok. bounds: lines as they are sent, by cell key."""
        for row in self.rows:
            try:
                yield self._checked(row, bounds.get(row["cell_key"], ()))
            except Refused as error:
                yield CellChecked(row, None, (Told("refused", error.what),), False, {})
            except W2SError as error:
                why = self._hand.why(error)
                yield CellChecked(row, None, (Told("refused", f"its predictions cannot be scored: {why}"),), False, {})

    def shared(self) -> dict[int, bool]:
        """By seed, whether another of these seeds has a test example in common; nothing without the task."""
        names = {seed: found.names for seed, found in self._grounds.items() if found is not None and found.names is not None}
        if set(names) != {row["seed"] for row in self.rows}:
            return {}
        return dict.fromkeys(names, share_examples(names.values()))

    def _checked(self, row: Row, bounds: Sequence[Row]) -> CellChecked:
        grounds = self._grounds_of(row)
        if grounds is None:
            return CellChecked(row, None, (Told("not-derived", f"nothing of it is derived: {self.why}"),), False, {})
        predicted = predicted_of(row, self.kept, grounds)
        if "test" not in predicted:
            return CellChecked(row, None, (Told("not-derived", "nothing of it is derived: no predictions are sent"),), False, {})
        found = _derived(Cell(row["cell_key"], predicted, self._facts_of(row, predicted), self._strategy(row)), grounds)
        told = [*_compared(row, found, bounds), *(Told("refused" if each.refused else "note", each.sentence)
                                                 for each in suspicions(found.samples))]
        if grounds.task is None:
            told.append(Told("not-derived", f"its truth is the sender's own: {self.why}"))
        return CellChecked(row, found, tuple(told), grounds.task is not None, _digests(predicted["test"], grounds.ids["test"]))

    def _grounds_of(self, row: Row) -> Grounds | None:
        seed = row["seed"]
        if seed not in self._grounds:
            self._grounds[seed] = self._found(row)
        return self._grounds[seed]

    def _found(self, row: Row) -> Grounds | None:
        seed = row["seed"]
        if self.at_hand is not None and seed in self._seeds:
            try:
                found = grounds_at_hand(self.at_hand, seed)
            except W2SError as error:
                self.why = self._hand.why(error)
            else:
                check_truth(self.kept, found, seed)
                return found
        stated = self._facts.get((row["cell_key"], "test"))
        return None if stated is None else grounds_as_sent(self.kept, seed, stated[0], row["divergence"])

    def _facts_of(self, row: Row, predicted: Mapping[Side, Predictions]) -> dict[Side, Facts]:
        found: dict[Side, Facts] = {}
        for side in predicted:
            if (stated := self._facts.get((row["cell_key"], side))) is not None:
                try:
                    found[side] = msgspec.convert(stated[1], Facts, strict=True)
                except msgspec.ValidationError as error:
                    raise Refused(f"its facts on {side} cannot be read: {shown(str(error))}") from None
        return found

    def _strategy(self, row: Row) -> Strategy | None:
        try:
            return self._hand.strategy(row["strategy"])
        except W2SError:  # another's strategy, or one whose library is not here: what it declares is then as it is stated
            return None


def _derived(cell: Cell, grounds: Grounds) -> Derived:
    """As `derive`. Raises Refused for numbers whose squares are none."""
    out_of_proportion = Refused("its predictions are out of all proportion: what follows from them is not finite")
    try:
        with np.errstate(all="ignore"):
            found = derive(cell, grounds)
    except (ArithmeticError, np.linalg.LinAlgError):
        raise out_of_proportion from None
    if any(found.columns[name] is None for name in _FINITE):
        raise out_of_proportion
    return found


def _compared(row: Row, found: Derived, bounds: Sequence[Row]) -> Iterator[Told]:
    of_row = compared_row(row, {**found.columns, **found.repeated, **_repeated(row, found.columns)})
    of_bounds = compared_bounds(bounds, found.bounds)
    wrong = [*(f"{sentence} (facts on {side})" for side, sentences in found.refuted.items() for sentence in sentences),
             *of_row.wrong, *of_bounds.wrong]
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        yield Told("refused", "; ".join(wrong[:_SHOWN]) + more)
    if max(of_row.rounded, of_bounds.rounded) > 0.0:
        yield Told("note", "its numbers are those derived here but for rounding, as on another machine")
    if of_row.lacking:
        yield Told("note", f"it leaves out {', '.join(of_row.lacking[:_SHOWN])}, which is derived here")


def _repeated(row: Row, columns: Row) -> dict[str, object]:
    """The columns that follow from others that only the sender can know."""
    cut = [row[name] for name in ("truncated_weak", "truncated_strong") if row.get(name) is not None]
    repeated: dict[str, object] = {"truncated": max(cut)} if cut else {}
    weak, strong, overlap = (row.get(name) for name in ("dim_weak", "dim_strong", "dim_overlap"))
    noise = columns.get("label_noise")
    if noise is not None and weak is not None and strong is not None and overlap is not None:
        repeated["predicted_variance"] = predicted_variance(
            weak, strong, overlap, noise, columns["n_supervise"], columns["n_transfer"])
    return repeated


def _digests(predicted: Predictions, ids: Sequence[str]) -> dict[str, str]:
    """A digest of each predictor's answers on test, with the ids that they are of; none of one that answers all alike, as many
    do."""
    names = "\n".join(ids).encode("utf-8", "surrogatepass")
    return {name: hashlib.sha256(names + np.ascontiguousarray(values, dtype="<f8").tobytes()).hexdigest()[:16]
            for name, values in predicted.by_name().items() if (values != values[0]).any()}


def of_row(row: Row) -> str:
    """A row in words, as a finding names it."""
    return ", ".join([*(shown(row[name])[1:-1] for name in ("task", "weak", "strong", "strategy", "supervisor")),
                      f"seed {row['seed']}"])


def lines_by_cell(bounds: pl.DataFrame) -> dict[str, list[Row]]:
    """The lines of a table of bounds, by cell key."""
    found: dict[str, list[Row]] = {}
    for line in bounds.to_dicts():
        found.setdefault(line["cell_key"], []).append(line)
    return found
