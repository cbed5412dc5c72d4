"""Where student and teacher differ most, example by example, and whom the truth sides with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from w2s_bench.compute.splits import output_from
from w2s_bench.contracts import Array, DataError
from w2s_bench.contracts.outputs import Figure
from w2s_bench.running.kept import TRUTH, kept_facts, kept_table
from w2s_bench.tables.laws import divergence_of
from w2s_bench.tables.reading import read_runs

if TYPE_CHECKING:
    import polars as pl

SIDES = ("student", "teacher", "neither")
"""Whom the truth is nearer to."""
_OF_CELL = ("cell_key", "task_set", "task", "weak", "strong", "strategy", "supervisor", "seed", "direction")
_SAME = 1e-9
"""Difference of two errors or predictions, as a share of the errors, that is rounding."""


class Example(msgspec.Struct, frozen=True):
    """One test example of one cell. truth, teacher, student: its label and what the two say, in words.

    apart: D(student, teacher). err_teacher, err_student: D(truth, ·). sides: one of SIDES.
    """

    cell_key: str
    task_set: str
    task: str
    weak: str
    strong: str
    strategy: str
    supervisor: str
    seed: int
    direction: str | None
    id: str
    truth: str
    teacher: str
    student: str
    apart: float
    err_teacher: float
    err_student: float
    sides: str


class _Answers(msgspec.Struct, frozen=True, eq=False):
    """ids (n,) and values (n, k) of one predictor on the test sample."""

    ids: Array
    values: Array


def examples(folders: Sequence[Path], rows: pl.DataFrame, most: int, figure: Figure) -> list[Example]:
    """Of each task the `most` test examples on which D(student, teacher) is largest over these rows, each example once, in the
    cell where it is largest.

    folders: those that keep the predictions of the rows. figure: how a number is written. Left out are rows that are
    strong-to-weak, where there are others, and examples of which the two say the same. Raises DataError where no folder keeps
    predictions of any of the rows.
    """
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok")
    taught = ok.filter((pl.col("direction") != "strong-to-weak").fill_null(True))
    found: dict[tuple[str, str], Example] = {}
    looked = False
    for folder in folders:
        outputs = {cell: output for (cell, split), (output, _) in kept_facts(folder).items() if split == "test"}
        for task, part in _of_folder(folder, taught if taught.height else ok).group_by("task", maintain_order=True):
            answers = _answers(folder, str(task[0]))
            looked = looked or bool(answers)
            for row in part.to_dicts():
                for example in _of_cell(row, outputs.get(row["cell_key"]), answers, most, figure):
                    name = example.task, example.id
                    if name not in found or example.apart > found[name].apart:
                        found[name] = example
    if not looked:
        raise DataError("of none of these cells predictions are kept", where=", ".join(map(str, folders)),
                        hint="w2s-bench run keeps them with --keep all or --keep test")
    return _largest(found.values(), most)


def as_table(found: Sequence[Example]) -> pl.DataFrame:
    """A line an example."""
    import polars as pl

    kinds: Mapping[str, Any] = {"seed": pl.Int64, "apart": pl.Float64, "err_teacher": pl.Float64, "err_student": pl.Float64}
    schema = {name: kinds.get(name, pl.String) for name in Example.__struct_fields__}
    return pl.DataFrame([msgspec.to_builtins(each) for each in found], schema=schema, orient="row")


def _largest(found: Iterable[Example], most: int) -> list[Example]:
    """The first `most` of each task, the largest first; tasks in the order in which they came."""
    of_task: dict[str, list[Example]] = {}
    for example in found:
        of_task.setdefault(example.task, []).append(example)
    return [example for examples in of_task.values()
            for example in sorted(examples, key=lambda each: (-each.apart, each.id))[:most]]


def _of_folder(folder: Path, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that are of this folder."""
    own = read_runs([folder])[0].select("run_id", "cell_key")
    return rows.join(own, on=["run_id", "cell_key"], how="semi", maintain_order="left")


def _answers(folder: Path, task: str) -> dict[tuple[str, int | None], _Answers]:
    """What is kept of the test samples of a task, by predictor; the truth by its seed too."""
    import polars as pl

    kept = kept_table(folder, task)
    if kept is None:
        return {}
    columns = [name for name in kept.columns if name.startswith("value_")]
    return {(str(predictor), int(seed) if predictor == TRUTH else None): _Answers(
                part["id"].to_numpy(), part.select(columns).to_numpy())
            for (predictor, seed), part in kept.filter(pl.col("split") == "test").group_by(
                "predictor", "seed", maintain_order=True)}


def _of_cell(row: Mapping[str, Any], about: Mapping[str, Any] | None, answers: Mapping[tuple[str, int | None], _Answers],
             most: int, figure: Figure) -> Iterator[Example]:
    """The examples of one cell on which student and teacher are furthest apart; none where its predictions are not kept."""
    divergence = divergence_of(row["divergence"])
    truth, teacher, student = (answers.get(key) for key in ((TRUTH, row["seed"]), (row["predictor_weak"], None),
                                                            (row["predictor_student"], None)))
    if divergence is None or about is None or truth is None or teacher is None or student is None:
        return
    if not (np.array_equal(truth.ids, teacher.ids) and np.array_equal(truth.ids, student.ids)):
        raise DataError("the predictions that are kept are of other examples than the truth", where=row["task"])
    output = output_from(about)
    y, f_w, f_sw = divergence.conform_truth(truth.values), divergence.conform(teacher.values), divergence.conform(student.values)
    apart, err_teacher, err_student = divergence.between(f_sw, f_w), divergence.between(y, f_w), divergence.between(y, f_sw)
    differ = apart > _SAME * np.maximum(err_teacher, err_student)
    order = np.array(sorted(range(len(apart)), key=lambda place: (-apart[place], str(truth.ids[place]))), dtype=np.intp)
    for place in order[differ[order]][:most]:
        yield Example(
            **{name: row[name] for name in _OF_CELL}, id=str(truth.ids[place]), truth=output.word(truth.values[place], figure),
            teacher=output.word(teacher.values[place], figure), student=output.word(student.values[place], figure),
            apart=float(apart[place]), err_teacher=float(err_teacher[place]), err_student=float(err_student[place]),
            sides=_sided(float(err_teacher[place]), float(err_student[place])))


def _sided(err_teacher: float, err_student: float) -> str:
    if abs(err_teacher - err_student) <= _SAME * max(abs(err_teacher), abs(err_student)):
        return "neither"
    return "student" if err_student < err_teacher else "teacher"
