"""Anybody's predictions, from any program, as rows: no model, no run.

A file (CSV, npz or Parquet) has a column `id` and, for each predictor, `weak`, `student`, `ceiling` and perhaps `gold`, `base`,
`shuffled`; of classes, and of several outputs, a column each: `weak_0`, `weak_1`, or `weak_` and the name of the class. A column
`split` says which lines are of the test examples (test) and which of the student's inputs (train); without it all are test.
Truth and split come from the task; where none is named, truth is a column like the others, or one of class names.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from w2s_bench.compute.cell_score import check_not_hard
from w2s_bench.compute.own_score import Given, Scored, own_score
from w2s_bench.compute.splits import output_fields
from w2s_bench.contracts import PREDICTORS, Array, Classes, DataError, Output, PluginError, Predictions, W2SError, nearest
from w2s_bench.contracts.digests import Json, canonical_json, digest
from w2s_bench.leaderboard.at_hand import TaskAtHand
from w2s_bench.leaderboard.checked import Row
from w2s_bench.leaderboard.derived import SIDES, Cell, Grounds, Side, derive, facts_at_hand
from w2s_bench.leaderboard.evidence import grounds_at_hand
from w2s_bench.report.own.files import numbers_of, read_columns
from w2s_bench.running.kept import FACTS, FOLDER, TRUTH, Answers, answers_table, facts_table, kept_file
from w2s_bench.running.table_files import BOUND, ROW, table_of, write_parquet, write_table

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.contracts import Strategy

_NEEDED = ("weak", "student", "ceiling")
_SPLIT = "split"
_SHOWN = 3
_SEEDS_LOOKED_AT = 10
_BINARY = 2


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What the predictors are called in a row."""

    weak: str = "own-weak"
    strong: str = "own-strong"
    strategy: str = "own"
    supervisor: str = "own"


class Own(NamedTuple):
    """One file as a row. bounds: its lines. answers, facts: as a run keeps them."""

    row: Row
    bounds: Sequence[Row]
    answers: Sequence[Answers]
    facts: Sequence[Mapping[str, str]]


def scored_on(path: str, task: TaskAtHand, seed: int, names: Names, strategy: Strategy | None = None) -> Own:
    """The file as the row of a task and seed. strategy: what is installed under the name of the student's, if anything is.

    Raises DataError for a file that cannot be read, for ids that are not those of the task's examples, each once, and for values
    that are no predictions of its output.
    """
    grounds = grounds_at_hand(task, seed)
    given = _parts(path)
    if "test" not in given:
        raise DataError("no line of it is of a test example", where=path, hint="`split` says test for these")
    predicted: dict[Side, Predictions] = {}
    for side, (ids, columns) in given.items():
        order = _order(ids, grounds, side, path, task, seed)
        made = _predictors(columns, ids, grounds.output, path)
        predicted[side] = Predictions(**{name: np.ascontiguousarray(values[order]) for name, values in made.items()})
    keys = _keys(predicted, grounds)
    cell = digest([task.label, msgspec.to_builtins(names), seed, keys])
    facts = {side: facts_at_hand(strategy, grounds, side) for side in predicted}
    found = derive(Cell(cell, predicted, facts, strategy), grounds)
    for sample in found.samples.values():
        check_not_hard(sample)
    row = {**found.columns, **found.repeated, "run_id": digest([cell])[:12], "cell_key": cell, "status": "ok", "task": task.label,
           "task_set": task.component.pooled_label, **msgspec.to_builtins(names), "seed": seed,
           "direction": "weak-to-strong", "direction_by": "sides",
           **{f"predictor_{name}": key for name, key in keys.items()}}
    about = canonical_json(output_fields(grounds.output))
    bounds = [{"run_id": row["run_id"], **line} for line in found.bounds]
    return Own(row, bounds, _answers(predicted, keys, grounds, seed),
               [{"cell_key": cell, "split": side, "output": about, "facts": canonical_json(msgspec.to_builtins(each))}
                for side, each in facts.items()])


def scored_alone(path: str, divergence: str | None) -> Scored:
    """The file by itself, with the truth among its columns. Raises DataError, and what `own_score` raises."""
    parts = _parts(path)
    ids, columns = parts.get("test", ((), {}))
    truth = _named(columns, "truth")
    if not ids or not truth:
        raise DataError("there is no truth in it", where=path, hint="name the task with --task, or give a column truth")
    made = {name: _numbers(_named(columns, name), ids, path) for name in _NEEDED}
    return own_score(Given(_truth(truth, columns, ids, path), made["weak"], made["student"], made["ceiling"]), divergence, None)


def write_own(cells: Sequence[Own], folder: Path) -> None:
    """Rows, bounds and predictions as a folder that `leaderboard submit` and `show` take, in place of what it held. Raises
    DataError where it cannot be written."""
    import polars as pl

    try:
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        write_table(table_of([cell.row for cell in cells], ROW), folder / "rows.parquet", ROW)
        bounds = table_of([line for cell in cells for line in cell.bounds], BOUND)
        write_table(bounds.with_columns(pl.col(pl.Float64).fill_nan(None)), folder / "bounds.parquet", BOUND)
        for path in (folder / FOLDER).glob("*.parquet"):
            path.unlink()
        for task in dict.fromkeys(cell.row["task"] for cell in cells):
            answers = [each for cell in cells if cell.row["task"] == task for each in cell.answers]
            write_parquet(answers_table(answers).unique(maintain_order=True), folder / FOLDER / kept_file(task))
        write_parquet(facts_table([line for cell in cells for line in cell.facts]), folder / FOLDER / FACTS)
    except OSError as error:
        raise DataError(f"cannot be written: {error.strerror}", where=str(folder)) from None


def _parts(path: str) -> dict[Side, tuple[tuple[str, ...], dict[str, pl.Series]]]:
    """Ids and columns of each sample of a file."""
    import polars as pl

    ids, columns = read_columns(path)
    said = columns.pop(_SPLIT, None)
    if said is None:
        return {"test": (ids, columns)}
    words = said.cast(pl.String, strict=False).fill_null("")
    if len(wrong := words.filter(~words.is_in(list(SIDES)))):
        raise DataError(f"`split` says {wrong[0]!r}", where=path, hint="test, or train for the student's inputs")
    found: dict[Side, tuple[tuple[str, ...], dict[str, pl.Series]]] = {}
    for side in SIDES:
        mine = words == side
        if mine.any():
            kept = tuple(name for name, inside in zip(ids, mine.to_list(), strict=True) if inside)
            found[side] = kept, {name: column.filter(mine) for name, column in columns.items()}
    return found


def _predictors(columns: Mapping[str, pl.Series], ids: Sequence[str], output: Output, path: str) -> dict[str, Array]:
    """Values (n, k) of each predictor, as the output takes them."""
    made: dict[str, Array] = {}
    for name in PREDICTORS:
        mine = _named(columns, name)
        if not mine:
            if name in _NEEDED:
                raise DataError(f"there is no column {name}", where=path, hint=nearest(name, columns) if columns else "")
            continue
        ordered = _ordered(mine, name, output, path)
        try:
            made[name] = output.conform(_numbers(ordered, ids, path), f"{path}: {name}")
        except PluginError as error:
            raise DataError(error.what, hint=error.hint) from None
    known = (*PREDICTORS, "truth")
    if strange := [column for column in columns if column.partition("_")[0] not in known]:
        raise DataError(f"column {strange[0]!r} is of no predictor", where=path,
                        hint=f"columns are id, {_SPLIT}, and {', '.join(PREDICTORS)}, of classes as weak_0, weak_1, …")
    return made


def _named(columns: Mapping[str, pl.Series], name: str) -> dict[str, pl.Series]:
    """The columns of one predictor, by what follows its name."""
    return {column.removeprefix(name).removeprefix("_"): values for column, values in columns.items()
            if column == name or column.startswith(f"{name}_")}


def _ordered(mine: Mapping[str, pl.Series], name: str, output: Output, path: str) -> dict[str, pl.Series]:
    """The columns of a predictor in the order of the outputs."""
    numbers = [str(place) for place in range(output.k)]
    words = list(output.names) if isinstance(output, Classes) and output.names else numbers
    for order in ([""] if output.k == 1 else [], words, numbers):
        if order and set(order) == set(mine):
            return {each: mine[each] for each in order}
    hint = f"{', '.join(f'{name}_{word}' for word in words)}" if output.k > 1 else name
    two = " (the probabilities of both classes, not of one)" if output.k == _BINARY and len(mine) == 1 else ""
    there = ", ".join(f"{name}_{word}" if word else name for word in mine)
    raise DataError(f"{name} has the columns {there}, and the task predicts {output.describe()}", where=path,
                    hint=f"write {hint}{two}")


def _numbers(columns: Mapping[str, pl.Series], ids: Sequence[str], path: str) -> Array:
    return numbers_of(columns, ids, path)[1]


def _truth(mine: Mapping[str, pl.Series], columns: Mapping[str, pl.Series], ids: Sequence[str], path: str) -> Array:
    """Truth (n, k): numbers, or the names of classes as one-hot rows in the order of the weak columns."""
    classes = list(_named(columns, "weak"))
    if len(mine) == 1 and len(classes) > 1:
        words = [str(word).removesuffix(".0") for word in next(iter(mine.values())).to_list()]
        if strange := [word for word in words if word not in classes]:
            raise DataError(f"the truth names a class {strange[0]!r}", where=path, hint=nearest(strange[0], classes))
        one_hot: Array = np.eye(len(classes))[[classes.index(word) for word in words]]
        return one_hot
    return _numbers(mine, ids, path)


def _order(ids: Sequence[str], grounds: Grounds, side: Side, path: str, task: TaskAtHand, seed: int) -> list[int]:
    """Where in the file each example of the task is. Raises DataError for other ids than its, with the nearest split or id."""
    place = {name: row for row, name in enumerate(ids)}
    wanted = grounds.ids[side]
    lacking = [name for name in wanted if name not in place]
    known = set(wanted)
    extra = [name for name in ids if name not in known]
    if not lacking and not extra:
        return [place[name] for name in wanted]
    told = [f"{len(names)} {words} ({', '.join(map(repr, names[:_SHOWN]))}{', …' if len(names) > _SHOWN else ''})"
            for names, words in ((extra, f"ids of it are not of the {side} examples of {task.label}, seed {seed}"),
                                 (lacking, "of these are not in it")) if names]
    hint = _where_else(ids, extra, wanted, task, seed) if extra else "every example of the sample needs a prediction"
    raise DataError(f"{'; '.join(told)}; {len(ids) - len(extra)} are in both", where=path, hint=hint)


def _where_else(ids: Sequence[str], extra: Sequence[str], wanted: Sequence[str], task: TaskAtHand, seed: int) -> str:
    """Where ids are that are not where they were looked for: another split, another seed, or nearly an id."""
    mine = set(ids)
    partly = ""
    for other in (seed, *(each for each in range(_SEEDS_LOOKED_AT) if each != seed)):
        try:
            splits = task.loaded(other).splits
        except W2SError:
            break
        for part, split in (("test", splits.test), ("transfer", splits.transfer), ("supervise", splits.supervise)):
            found = len(mine & set(map(str, split.ids.tolist())))
            if found == len(mine):
                return f"all {found} are of the {part} split of seed {other}"
            if other == seed and part != "test" and found > len(mine) / 2:
                partly = f"{found} of its ids are of the {part} split of seed {other}"
    near = difflib.get_close_matches(extra[0], wanted, n=1, cutoff=0.5) or [wanted[0]]
    return partly or f"ids are compared as text; those of the task are like {near[0]!r}"


def _keys(predicted: Mapping[Side, Predictions], grounds: Grounds) -> dict[str, str]:
    """A key of each predictor, from what it answers."""
    said: dict[str, list[Json]] = {}
    for side, made in predicted.items():
        for name, values in made.by_name().items():
            said.setdefault(name, []).append([side, list(grounds.ids[side]), values.tolist()])
    return {name: digest(each) for name, each in said.items()}


def _answers(predicted: Mapping[Side, Predictions], keys: Mapping[str, str], grounds: Grounds, seed: int) -> list[Answers]:
    """The predictions as a run keeps them, and the truth."""
    found = [Answers(TRUTH, seed, side, np.asarray(grounds.ids[side], dtype=object), grounds.truth[side]) for side in predicted]
    return [*found, *(Answers(keys[name], seed, side, np.asarray(grounds.ids[side], dtype=object), values)
                      for side, made in predicted.items() for name, values in made.by_name().items())]
