"""The predictions of a submission, held against the examples of its tasks: every id, in order, once; every number finite."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from w2s_bench.compute.splits import example_names, output_from
from w2s_bench.contracts import PREDICTORS, Array, Classes, DataError, Output, Predictions, W2SError
from w2s_bench.leaderboard.at_hand import TaskAtHand
from w2s_bench.leaderboard.checked import Row
from w2s_bench.leaderboard.derived import SIDES, Grounds, Side, said_by
from w2s_bench.leaderboard.untrusted import Refused, shown
from w2s_bench.running.kept import TRUTH, Answers
from w2s_bench.tables.laws import divergence_of

if TYPE_CHECKING:
    import polars as pl

_ON_THE_SIMPLEX = 1e-9
"""A row of kept probabilities sums to 1 up to this: they are divided by their sum before they are kept."""
_LARGEST = 1e60
_SHOWN = 3
_NEEDED = ("weak", "student", "ceiling")


class Kept(NamedTuple):
    """The predictions for one task: by predictor, seed and sample (test or train)."""

    answers: Mapping[tuple[str, int, str], Answers]

    def truth(self, seed: int, side: Side) -> Answers | None:
        """The truth that travels with the submission, if it does."""
        return self.answers.get((TRUTH, seed, side))


def kept_of(table: pl.DataFrame | None) -> Kept:
    """A table of kept predictions, as running/kept.py says it. Raises Refused for values that are no numbers."""
    import polars as pl

    if table is None:
        return Kept({})
    columns = [name for name in table.columns if name.startswith("value_")]
    if wrong := [name for name in columns if not table[name].dtype.is_float()]:
        raise Refused(f"column {wrong[0]} holds {table[wrong[0]].dtype}, and predictions are float64")
    found: dict[tuple[str, int, str], Answers] = {}
    for (predictor, seed, split), part in table.group_by("predictor", "seed", "split", maintain_order=True):
        values = np.ascontiguousarray(part.select(pl.col(columns).cast(pl.Float64)).to_numpy())
        given = Answers(str(predictor), int(str(seed)), str(split), part["id"].to_numpy(), values)
        found[given.predictor, given.seed, given.split] = given
    return Kept(found)


def grounds_at_hand(task: TaskAtHand, seed: int) -> Grounds:
    """What the cells of a task and seed are measured against, from the task itself. Raises W2SError where it cannot be loaded."""
    loaded = task.loaded(seed)
    divergence = divergence_of(loaded.payload["divergence"])
    if divergence is None:
        raise DataError(f"the divergence {loaded.payload['divergence']} is not installed", where=task.label)
    return Grounds(loaded.output, divergence, {side: _texts(loaded.part(part).ids) for side, part in SIDES.items()},
                   {side: loaded.part(part).truth for side, part in SIDES.items()}, said_by(loaded),
                   example_names(loaded.splits.test))


def grounds_as_sent(kept: Kept, seed: int, output: Row, divergence: str) -> Grounds | None:
    """The same from the truth that the sender gives; None where there is none. Raises Refused for what is no truth."""
    measure = divergence_of(divergence)
    given = {side: answers for side in SIDES if (answers := kept.truth(seed, side)) is not None}
    if measure is None or "test" not in given:
        return None
    try:
        made = output_from(output)
        for side, answers in given.items():
            check_values(answers.values, made, f"the truth of seed {seed}, {side}")
            made.check_truth(answers.values, answers.ids, f"the truth of seed {seed}, {side}")
    except Refused:
        raise
    except (W2SError, KeyError, TypeError, ValueError) as error:
        why = error.what if isinstance(error, W2SError) else ascii(str(error))[1:-1][:120]
        raise Refused(f"the truth of seed {seed} cannot be read: {why}") from None
    return Grounds(made, measure, {side: _texts(answers.ids) for side, answers in given.items()},
                   {side: answers.values for side, answers in given.items()})


def predicted_of(row: Row, kept: Kept, grounds: Grounds) -> dict[Side, Predictions]:
    """The predictions of a row, by sample; no test sample for a row that names none.

    Raises Refused for predictions that it names and that are not there, for ids that are not those of the task's examples in
    their order, each once, and for values that are no predictions of this output.
    """
    keys = {role: str(key) for role in PREDICTORS if (key := row.get(f"predictor_{role}")) is not None}
    found: dict[Side, Predictions] = {}
    for side in SIDES:
        if side not in grounds.ids:
            continue
        answers = {role: given for role, key in keys.items() if (given := kept.answers.get((key, row["seed"], side))) is not None}
        lacking = [role for role in _NEEDED if role not in answers]
        if lacking and answers and (side == "test" or set(answers) & set(_NEEDED)):
            raise Refused(f"there are no predictions of its {lacking[0]} on {side}")
        if lacking:
            continue
        for role, given in answers.items():
            _check_ids(given.ids, grounds.ids[side], f"the {role} predictions on {side}")
            check_values(given.values, grounds.output, f"the {role} predictions on {side}")
        found[side] = Predictions(**{role: given.values for role, given in answers.items()})
    if "test" not in found and any(role in keys for role in _NEEDED):
        raise Refused("it names predictions that are not in predictions/")
    return found


def check_truth(kept: Kept, grounds: Grounds, seed: int) -> None:
    """Raise Refused where a truth that is sent is not that of the task."""
    for side in SIDES:
        if (given := kept.truth(seed, side)) is None:
            continue
        _check_ids(given.ids, grounds.ids[side], f"the truth of seed {seed} on {side}")
        if given.values.shape[1] != grounds.output.k:
            raise Refused(f"its predictions have {given.values.shape[1]} columns, and the task has {grounds.output.k} outputs")
        if not np.array_equal(given.values, grounds.truth[side]):
            raise Refused(f"the truth of seed {seed} on {side} is not that of the task")


def check_values(values: Array, output: Output, what: str) -> None:
    """Raise Refused for values (n, k) that are no predictions of an output."""
    if values.ndim != 2 or values.shape[1] != output.k:
        raise Refused(f"{what} have {values.shape[-1]} columns, and the task has {output.k} outputs")
    if (bad := ~np.isfinite(values)).any():
        raise Refused(f"{what} hold {int(bad.any(axis=1).sum())} rows with NaN or infinity")
    if values.size and float(np.abs(values).max()) > _LARGEST:
        raise Refused(f"{what} hold a number beyond {_LARGEST:g}, whose square is soon none")
    if isinstance(output, Classes):
        off = (np.abs(values.sum(axis=1) - 1.0) > _ON_THE_SIMPLEX) | (values < 0.0).any(axis=1)
        if off.any():
            raise Refused(f"{what} hold {int(off.sum())} rows that are no distribution over {output.k} classes: numbers of 0 or "
                          "more that sum to 1")


def strangers(kept: Kept, rows: Collection[Row]) -> Iterator[str]:
    """What is kept that no row names, in sentences."""
    named = {(str(key), row["seed"]) for row in rows for role in PREDICTORS if (key := row.get(f"predictor_{role}")) is not None}
    seeds = {row["seed"] for row in rows}
    for predictor, seed, split in kept.answers:
        if split not in SIDES:
            yield f"a sample is called {shown(split)}, and there are test and train"
        elif predictor == TRUTH and seed not in seeds:
            yield f"the truth of seed {seed}, of which there is no row"
        elif predictor != TRUTH and (predictor, seed) not in named:
            yield f"predictions of {shown(predictor)} for seed {seed}, which no row names"


def _check_ids(given: Iterable[object], expected: Sequence[str], what: str) -> None:
    ids = list(given)
    if ids == list(expected):
        return
    known, mine = set(expected), set(ids)
    if not known & mine:
        raise Refused(f"{what} are of other examples: none of their {len(ids)} ids is one of this task and seed")
    told = []
    if len(mine) < len(ids):
        told.append(f"{len(ids) - len(mine)} ids are doubled")
    if lacking := [name for name in expected if name not in mine]:
        told.append(f"{len(lacking)} ids are missing ({_some(lacking)})")
    if added := [name for name in ids if name not in known]:
        told.append(f"{len(added)} ids are added ({_some(added)})")
    raise Refused(f"{what}: {', '.join(told) or 'the ids are in another order than those of the task'}")


def _some(ids: Sequence[object]) -> str:
    return ", ".join(shown(name) for name in ids[:_SHOWN]) + (", …" if len(ids) > _SHOWN else "")


def _texts(ids: Array) -> list[str]:
    return [str(name) for name in ids.tolist()]
