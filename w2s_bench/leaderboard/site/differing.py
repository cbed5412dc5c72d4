"""Test examples on which student and teacher differ, from the predictions that a submission sent: ids, and texts where they may
be shown."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from w2s_bench.compute.splits import output_from
from w2s_bench.contracts import Array, DataError, Divergence, W2SError
from w2s_bench.leaderboard.at_hand import AtHand
from w2s_bench.leaderboard.season import Season
from w2s_bench.leaderboard.site.contents import Row
from w2s_bench.leaderboard.site.sent import Sent
from w2s_bench.report.wording import figure
from w2s_bench.running.kept import Answers, answers_by_name, kept_facts, kept_table, truth_of
from w2s_bench.tables.laws import divergence_of

if TYPE_CHECKING:
    import polars as pl

LISTED = 50
"""Examples that the page of a row lists."""
_MOST_TEXT = 400
_SAME = 1e-9
"""Difference of two predictions, as a share of the largest, that is rounding."""
SIDES = ("student", "teacher", "neither")


class Differing(msgspec.Struct, frozen=True):
    """What differs in one row. lines: of the examples that are furthest apart: id, text, truth, teacher, student, how far, whom
    the truth sides with; "" for what is not shown. about: how many there are, in words."""

    about: str
    lines: tuple[tuple[str, ...], ...]


class Differences:
    """Looks up what differs, row by row; the predictions for one task of one submission are read once for rows that follow each
    other. every: all examples that were met so, a line each."""

    def __init__(self, sent: Iterable[Sent], season: Season, texts: AtHand | None = None) -> None:
        """texts: where tasks are found whose licence lets their texts be shown; None shows none."""
        self._folders = {each.listed.name: each.folder for each in sent if each.folder is not None}
        self._open = {task.name for task in season.tasks if task.truth == "travels"}
        self._at_hand = texts
        self.every: list[pl.DataFrame] = []
        self._answers = functools.lru_cache(2)(_answers)
        self._outputs = functools.lru_cache(4)(_outputs)
        self._texts = functools.lru_cache(16)(self._read_texts)

    def of(self, row: Row) -> Differing | None:
        """What differs in a row; None where its predictions are not kept."""
        folder, divergence = self._folders.get(row["submission"]), divergence_of(row["divergence"])
        if folder is None or divergence is None or row["status"] != "ok":
            return None
        answers = self._answers(folder, row["task"])
        teacher, student, truth = (answers.get((str(name), "test")) for name in (
            row["predictor_weak"], row["predictor_student"], truth_of(row["seed"])))
        about = self._outputs(folder).get((row["cell_key"], "test"))
        if teacher is None or student is None or about is None or not np.array_equal(teacher.ids, student.ids):
            return None
        output = output_from(about[0])
        found = _measured(divergence, teacher, student, truth if truth and np.array_equal(truth.ids, teacher.ids) else None)
        texts = self._texts(row["task"], row["seed"]) if row["task"] in self._open else {}

        def said(answer: Answers | None, place: int) -> str:
            return "" if answer is None else output.word(answer.values[place], figure)

        lines = tuple((str(teacher.ids[place]), texts.get(str(teacher.ids[place]), ""), said(truth, place), said(teacher, place),
                       said(student, place), figure(float(found.apart[place])), found.side(place))
                      for place in found.order[:LISTED])
        self.every.append(found.table(row, teacher.ids))
        return Differing(found.about(len(teacher.ids), output.kind == "classes"), lines)

    def _read_texts(self, task: str, seed: int) -> Mapping[str, str]:
        if self._at_hand is None:
            return {}
        try:
            split = self._at_hand.task(task).loaded(seed).part("test")
        except W2SError:  # a task that is not at hand shows ids alone
            return {}
        columns = {name: values for name, column in split.inputs.items() if (values := np.asarray(column)).dtype.kind in "OU"}
        alone = len(columns) == 1
        return {str(name): "\n".join(_cut(str(values[place]) if alone else f"{column}: {values[place]}")
                                     for column, values in columns.items()) for place, name in enumerate(split.ids)}


class _Found(msgspec.Struct, frozen=True, eq=False):
    """apart: D(student, teacher), (n,). order: places of the examples that differ, the furthest first. sides: (n,) places in
    SIDES, None without a truth."""

    apart: Array
    order: Array
    sides: Array | None

    def side(self, place: int) -> str:
        return "" if self.sides is None else SIDES[int(self.sides[place])]

    def about(self, examples: int, classes: bool) -> str:
        count = len(self.order)
        what = "name different classes for" if classes else "differ on"
        cut = f" The {LISTED} that are furthest apart are listed." if count > LISTED else ""
        if self.sides is None:
            return f"Student and teacher {what} {count} of {examples} test examples.{cut} The truth stays with the task."
        with_whom = [int((self.sides[self.order] == number).sum()) for number in range(3)]
        return (f"Student and teacher {what} {count} of {examples} test examples. The truth sides with the student in "
                f"{with_whom[0]}, with the teacher in {with_whom[1]}, with neither in {with_whom[2]}.{cut}")

    def table(self, row: Row, ids: Array) -> pl.DataFrame:
        import polars as pl

        sides = [None] * len(self.order) if self.sides is None else [SIDES[int(side)] for side in self.sides[self.order]]
        return pl.DataFrame({"id": [str(name) for name in ids[self.order]], "apart": self.apart[self.order],
                             "truth_sides_with": sides}, schema_overrides={"truth_sides_with": pl.String}).select(
            *(pl.lit(row[name]).alias(name) for name in ("submission", "cell_key", "task", "strategy", "weak", "strong", "seed")),
            "id", "apart", "truth_sides_with")


def _measured(divergence: Divergence, teacher: Answers, student: Answers, truth: Answers | None) -> _Found:
    f_w, f_sw = divergence.conform(teacher.values), divergence.conform(student.values)
    apart = divergence.between(f_sw, f_w)
    classes = divergence.output == "classes"
    if classes:
        differ = teacher.values.argmax(axis=1) != student.values.argmax(axis=1)
    else:
        differ = apart > _SAME * max(apart.max(), 0.0)
    places = np.flatnonzero(differ)
    order = places[np.lexsort((teacher.ids[places].astype(str), -apart[places]))]
    if truth is None:
        return _Found(apart, order, None)
    if classes:
        right = [answer.values.argmax(axis=1) == truth.values.argmax(axis=1) for answer in (student, teacher)]
        return _Found(apart, order, np.where(right[0] & ~right[1], 0, np.where(right[1] & ~right[0], 1, 2)))
    y = divergence.conform_truth(truth.values)
    less = divergence.between(y, f_w) - divergence.between(y, f_sw)
    return _Found(apart, order, np.where(less > 0, 0, np.where(less < 0, 1, 2)))


def _answers(folder: Path, task: str) -> Mapping[tuple[str, str], Answers]:
    """What was sent for one task on test samples, by predictor. A submission without predictions has none."""
    import polars as pl

    table = kept_table(folder, task)
    return {} if table is None else answers_by_name(table.filter(pl.col("split") == "test"))


def _outputs(folder: Path) -> Mapping[tuple[str, str], tuple[Mapping[str, object], Mapping[str, object]]]:
    try:
        return kept_facts(folder)
    except DataError:  # no predictions were sent
        return {}


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"
