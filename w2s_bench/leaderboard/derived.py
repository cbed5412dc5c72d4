"""The numbers of one cell derived anew, from its predictions, its ids and the truth of its task.

What the features of a model decide, and not its predictions, is not derived: how the features of weak and strong compare, inputs
that were cut, δ itself, the direction of a pair, times and memory. A board shows such a column as its sender states it, and
orders nothing by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np

from w2s_bench.compute.cell_score import class_flags, ledger_means, means_on_train, not_converged, task_columns
from w2s_bench.compute.splits import LoadedTask
from w2s_bench.contracts import Array, Classes, Divergence, Facts, Output, Predictions, Sample, Strategy, declared
from w2s_bench.leaderboard.checked import Row
from w2s_bench.leaderboard.witnesses import Known, bare_facts, known_of
from w2s_bench.registry.measures import measures
from w2s_bench.running.terms import cell_terms
from w2s_bench.scoring.flags import flags
from w2s_bench.scoring.halves import first_half, half_means
from w2s_bench.scoring.measured import metric_columns
from w2s_bench.scoring.samples import sample_of
from w2s_bench.scoring.verdict import STATED, BoundRow, bound_rows

if TYPE_CHECKING:
    import polars as pl

Columns: TypeAlias = dict[str, Any]
"""Values by the column of a row, or by the field of a record."""

Side: TypeAlias = Literal["train", "test"]
SIDES: Mapping[Side, Literal["transfer", "test"]] = {"train": "transfer", "test": "test"}
"""The samples of a cell, and the part of its task that each is."""

CERTIFICATES = ("derived", "witnessed", "stated")
"""What the verdict of a bound rests on: on nothing that only the sender states; on a stated certificate that the predictions
bear out (see witnesses.py); on one that nothing here shows. A verdict of the last kind is NOT_DERIVED."""

NOT_DERIVED = "not derived"
STATED_FLAGS = frozenset({"splits-overlap", "not-converged"})
"""Flags that features decide, or δ."""

LATER_FLAGS = frozenset({"student-equals-ceiling"})
"""Flags that there were not when rows that stand were published: one that leaves them out is not refused."""

_JUDGED = ("lhs", "rhs", "slack", "slack_se", "slack_low", "slack_high", "tightness", "verdict", "vacuous", "exceeded")


class TaskSays(NamedTuple):
    """What a task and a seed decide of every row: its columns, its flags, whether its truth is the true probabilities."""

    columns: Columns
    flags: tuple[str, ...]
    known_truth: bool


@dataclass(frozen=True)
class Grounds:
    """What the cells of one task and seed are measured against. ids, truth: of each sample, (n,) and (n, k). task: None where it
    is not at hand, and the truth is the sender's own; names: what names its test examples whatever the seed, (n,) uint64."""

    output: Output
    divergence: Divergence
    ids: Mapping[Side, Sequence[str]]
    truth: Mapping[Side, Array]
    task: TaskSays | None = None
    names: Array | None = None


@dataclass(frozen=True)
class Cell:
    """What a submission says of one cell. predicted: by sample; facts: what certifies the student there, as it is stated.
    strategy: None where it cannot be made here."""

    key: str
    predicted: Mapping[Side, Predictions]
    facts: Mapping[Side, Facts]
    strategy: Strategy | None


class Derived(msgspec.Struct, frozen=True, eq=False):
    """columns: of the row, those that were derived. repeated: those that only repeat what is stated elsewhere. bounds: lines as
    the sender's own facts give them. shown: the same lines as a board may show them, with `certificate`. terms: of the test
    examples, None without the task. refuted: what of the facts is false, in sentences, by sample."""

    columns: Row
    repeated: Row
    bounds: tuple[Row, ...]
    shown: tuple[Row, ...]
    terms: pl.DataFrame | None
    samples: Mapping[Side, Sample]
    refuted: Mapping[Side, tuple[str, ...]]


def said_by(task: LoadedTask) -> TaskSays:
    """What a loaded task says of its rows."""
    return TaskSays(task_columns(task), (*class_flags(task), *task.payload.get("flags", ())), bool(task.payload["known_truth"]))


def facts_at_hand(strategy: Strategy | None, grounds: Grounds, side: Side) -> Facts:
    """What is known of a student of which nobody states anything: what task and strategy say by themselves."""
    return bare_facts(_own_facts(strategy, grounds, side))


def derive(cell: Cell, grounds: Grounds) -> Derived:
    """Everything of a cell that its predictions decide. Raises DomainError and ShapeError for those that cannot be scored."""
    samples = {side: sample_of(side, grounds.output, grounds.divergence, grounds.truth[side], predicted)
               for side, predicted in cell.predicted.items()}
    test = samples["test"]
    columns: Columns = {"divergence": test.divergence.name, "n_test": len(test.truth), **ledger_means(test),
                               **half_means(test, first_half(np.asarray(grounds.ids["test"], dtype=object))),
                               "output_unit": grounds.output.unit,
                               "classes": grounds.output.k if isinstance(grounds.output, Classes) else None}
    columns |= means_on_train(samples["train"]) if "train" in samples else {}
    columns |= grounds.task.columns if grounds.task is not None else {}
    if cell.strategy is not None:
        columns["truth_share"] = float(declared(cell.strategy, "truth_share", 0.0))
    metrics, reasons = metric_columns(test, measures().metrics)
    known = {side: known_of(cell.facts[side], sample, _own_facts(cell.strategy, grounds, side))
             for side, sample in samples.items() if side in cell.facts}
    lines, shown, faults = _bounds(cell, samples, known)
    columns |= {**metrics, "metrics_missing": [*reasons, *dict.fromkeys(faults)],
                "flags": _flags(cell, grounds, samples)}
    terms = None if grounds.names is None else cell_terms(
        cell.key, grounds.names, grounds.truth["test"], cell.predicted["test"], grounds.divergence)
    refuted = {side: found.refuted for side, found in known.items()}
    return Derived(columns, _certified(cell), tuple(lines), tuple(shown), terms, samples, refuted)


def _certified(cell: Cell) -> Columns:
    """The columns that repeat what is stated of the class."""
    found = {f"delta_exact{'_train' if side == 'train' else ''}": facts.delta for side, facts in cell.facts.items()}
    return found | ({"ceiling_in_class": cell.facts["train"].reference_in_class} if "train" in cell.facts else {})


def _own_facts(strategy: Strategy | None, grounds: Grounds, side: Side) -> Columns:
    """What of the facts task and strategy say by themselves."""
    own: Columns = {"deterministic": side == "train"}
    if "train" in grounds.truth:
        transfer = grounds.truth["train"]
        own |= {"n_transfer": len(transfer), "label_range": float(np.ptp(transfer))}
    if grounds.task is not None:
        own["known_truth"] = grounds.task.known_truth
    if strategy is not None:
        own |= {"convex_in": strategy.convex_in, "exact": bool(strategy.exact)}
    return own


def _bounds(cell: Cell, samples: Mapping[Side, Sample], known: Mapping[Side, Known]
            ) -> tuple[list[Row], list[Row], list[str]]:
    lines: list[Row] = []
    shown: list[Row] = []
    faults: list[str] = []
    for side, found in known.items():
        of = [bound_rows(samples[side], facts, measures().bounds) for facts in (cell.facts[side], found.bare, found.witnessed)]
        faults += of[0][1]
        bare, witnessed = ({row.bound: row for row in rows} for rows, _ in of[1:])
        for row in of[0][0]:
            lines.append(_line(cell.key, row))
            shown.append(_shown(cell.key, row, bare.get(row.bound), witnessed.get(row.bound)))
    return lines, shown, faults


def _line(key: str, row: BoundRow) -> Columns:
    return {"cell_key": key, **msgspec.to_builtins(row), "all_assumptions": row.all_assumptions}


def _shown(key: str, row: BoundRow, bare: BoundRow | None, witnessed: BoundRow | None) -> Columns:
    """The line of a bound as a board may show it: a verdict that rests on the sender's word alone is no verdict."""
    shown = _line(key, row)
    if (known := witnessed or bare) is not None:
        shown |= {"assumes": list(known.assumes), "fails": list(known.fails), "all_assumptions": known.all_assumptions}
    if _judged(row) == _judged(bare):
        return {**shown, "certificate": "derived"}
    if _judged(row) == _judged(witnessed):
        return {**shown, "certificate": "witnessed"}
    unsaid = {"verdict": NOT_DERIVED, "tightness": None} if row.verdict in STATED else {}
    return {**shown, **unsaid, "certificate": "stated"}


def _judged(row: BoundRow | None) -> tuple[object, ...] | None:
    return None if row is None else tuple(getattr(row, name) for name in _JUDGED)


def _flags(cell: Cell, grounds: Grounds, samples: Mapping[Side, Sample]) -> list[str]:
    """The flags but `splits-overlap`, which the column that a model reads decides."""
    raised = list(flags(samples["test"]))
    if grounds.task is not None:
        raised += grounds.task.flags
    if "train" in cell.facts and "train" in samples and cell.facts["train"].convex_in is not None:
        raised += not_converged(cell.facts["train"].delta, samples["train"])
    return raised
