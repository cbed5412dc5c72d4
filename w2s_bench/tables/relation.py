"""One column of the rows against another: the line through the configurations of a group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from w2s_bench.contracts.data import DIRECTIONS
from w2s_bench.contracts.errors import DataError, UsageError, nearest
from w2s_bench.registry.measures import row_columns
from w2s_bench.scoring.lines import ENOUGH_TASKS, Cells, Line, fit_line
from w2s_bench.tables.groups import fields, groups, interval_schema
from w2s_bench.tables.inference import (
    NO_TERMS,
    TEST_SET,
    Terms,
    inferred_ratio,
    interval_columns,
    interval_types,
    over_of,
    ratio_over_task_sets,
)

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Schema, Values

LINE = ("slope", "intercept", "correlation")
_MARKS = {"seeds": "", "means": "~", "configurations": "!", "task sets": '"'}
"""Of lines; none is a mark of an interval about a mean (report/wording.py), but that of task sets, which says the same there."""
_MEANINGS = {
    "seeds": "A line is the mean of each seed's own, because its draws are its own or it lacks configurations; ± over seeds "
             "(Student-t).",
    "means": "A line goes through the configurations' means over seeds; ± by leaving out one seed at a time (Student-t).",
    "configurations": "A line goes through the configurations' means, taken as independent, because there are fewer than 3 "
                      "seeds: ± is too small where they move together.",
    "task sets": "A line goes through the means of the task sets; ± over them.",
}
_ALONE = "Seeds have test examples in common, so the ± of a line is over seeds, of this test set alone."
NO_LINE = ("no line through fewer than 3 configurations (the seeds of one share their noise), through x that do not vary beyond "
           "noise, or through 2 to 7 task sets")
FORWARD = DIRECTIONS[0]
"""The direction that lines of gain on misfit and statements over all cells speak of: the others are no weak-to-strong
generalization."""

NOT_BETTER = "ceiling-not-better"
"""The flag of a cell whose class, fitted on the truth, is no better than the teacher: nothing to gain."""

GAINED = ("misfit", "gain")
OF_GAIN = "The line of gain on misfit goes through the weak-to-strong configurations with something to gain."
"""In `relate` as in `predict`, so that they cannot contradict each other."""

_OF_SEEDS = ("seeds", "means")
_MEASURED = ("D", "label")
_MODELS = ("task_set", "weak", "strong", "strategy", "supervisor")
"""A configuration but for the draw of its task set."""


def relation(rows: pl.DataFrame, x: str, y: str, by: Sequence[str] = (), *, log: bool = False, terms: Terms = NO_TERMS
             ) -> pl.DataFrame:
    """One row a group: the columns of `by`, n_cells, n_seeds, slope, intercept and correlation of y on x with the ends of
    their 95 % intervals (`_low`, `_high`), line_over, ratio (of the mean of y to the mean of x), ratio_over, farthest,
    missing and not_positive.

    log: natural logarithms of both, so slope is the exponent of y ∝ x^slope. missing: rows without finite x and y;
    not_positive: rows that have no logarithm; both are left out. farthest: the largest |y − x| / |x|.
    line_over: what the intervals rest on (see scoring/lines.py), null where there is no line: see NO_LINE.
    Raises UsageError for a column that is unknown or no number and for a group with mixed units, DataError where no row is
    left.
    """
    import polars as pl

    for name in (x, y):
        _check_number(rows, name)
    ok = rows.filter(pl.col("status") == "ok")
    if ok.is_empty():
        raise DataError(f"none of {rows.height} rows has status ok", hint="w2s-bench show says what went wrong")
    measured = any(column.unit in _MEASURED for column in row_columns() if column.name in (x, y))
    found = [{**names, **_related(part, x, y, log, terms)} for names, part in groups(ok, by, one_unit=measured)]
    if not any(line["n_cells"] for line in found):
        raise DataError(f"no row of {ok.height} holds {x} and {y}" + (", both above 0" if log else ""),
                        hint="w2s-bench show RUN --columns says what a column needs")
    schema = {**{key: pl.Int64 if key == "seed" else pl.String for key in by}, "n_cells": pl.Int64, "n_seeds": pl.Int64,
              **line_schema(), "ratio": pl.Float64, **interval_types(["ratio"]), "farthest": pl.Float64, "missing": pl.Int64,
              "not_positive": pl.Int64}
    return pl.DataFrame(found, schema=schema, orient="row")


def marks_of(rested: Iterable[str | None]) -> dict[str | None, str]:
    """The mark of what each of these lines rests on; none where all rest on one."""
    kinds = set(rested) - {None}
    return {None: "", **{kind: _MARKS[kind] if len(kinds) > 1 else "" for kind in _MARKS}}


def meanings_of(table: pl.DataFrame) -> list[str]:
    """What the lines of a table with the columns of `line_schema` rest on, in words, with their marks."""
    rested = table["line_over"].to_list()
    kinds, marks = set(rested), marks_of(rested)
    said = [f"{marks[kind]} {meaning}".strip() for kind, meaning in _MEANINGS.items() if kind in kinds]
    return [*said, _ALONE] if table["line_alone"].any() else said


def line_columns(line: Line | None, rows: pl.DataFrame) -> Values:
    """A line through these rows as the columns of `line_schema`."""
    parts = {name: getattr(line, name) if line else None for name in LINE}
    return {**{key: value for name, part in parts.items() for key, value in fields(name, part).items()},
            "line_over": line.over if line else None,
            "line_alone": line.over in _OF_SEEDS and over_of(rows) == TEST_SET if line else None,
            "line_points": line.points if line else None, "line_seeds": line.seeds if line else None}


def line_schema() -> Schema:
    """slope, intercept, correlation with their ends, what they rest on, whether they are over the seeds of one test set alone,
    and through how many points and over how many seeds."""
    import polars as pl

    return {**interval_schema(*LINE), "line_over": pl.String, "line_alone": pl.Boolean, "line_points": pl.Int64,
            "line_seeds": pl.Int64}


def line_through(rows: pl.DataFrame, x: str, y: str, *, log: bool = False) -> Line | None:
    """The line of y on x through the configurations of these rows, which hold both; of gain on misfit through those that are
    weak-to-strong and whose ceiling is better than their teacher in some cell."""
    import numpy as np
    import polars as pl

    rows = _with_something_to_gain(rows) if (x, y) == GAINED else rows
    if rows.is_empty():
        return None
    across, up = (rows[name].cast(pl.Float64).to_numpy() for name in (x, y))
    error = pl.col(f"{x}_se") if f"{x}_se" in rows.columns else pl.lit(None)
    spread = rows.select(error.cast(pl.Float64).fill_null(np.nan).alias("error"), "seed")["error"].to_numpy()
    if log:
        across, up, spread = np.log(across), np.log(up), spread / across
    models, task, sets = (rows.select(pl.struct(names).rank("dense")).to_series().to_numpy()
                          for names in (_MODELS, (*_MODELS, "task"), _MODELS[:1]))
    return fit_line(Cells(x=across, y=up, seeds=rows["seed"].to_numpy(), configurations=task, models=models, task_sets=sets,
                          x_error=spread))


def _with_something_to_gain(rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    forward = rows.filter(pl.col("direction") == FORWARD)
    nothing = pl.col("flags").list.contains(NOT_BETTER).fill_null(False)
    return forward.filter(~nothing.all().over("task", *_MODELS))


def _related(part: pl.DataFrame, x: str, y: str, log: bool, terms: Terms) -> Values:
    import polars as pl

    there = part.filter(pl.all_horizontal(pl.col(x, y).is_finite().fill_null(False)))
    kept = there.filter((pl.col(x) > 0) & (pl.col(y) > 0)) if log else there
    return {"n_cells": kept.height, "n_seeds": kept["seed"].n_unique(), **line_columns(line_through(kept, x, y, log=log), kept),
            **_compared(kept, x, y, terms),
            "missing": part.height - there.height, "not_positive": there.height - kept.height}


def _compared(kept: pl.DataFrame, x: str, y: str, terms: Terms) -> Values:
    """y beside x where both are one quantity: a prediction and what was measured. The ratio is over seeds, over task sets where
    there are enough, and null in between."""
    import polars as pl

    apart = ((pl.col(y) - pl.col(x)).abs() / pl.col(x).abs()).filter(pl.col(x) != 0).max()
    sets = kept["task_set"].n_unique()
    found = None
    if sets == 1:
        found = inferred_ratio(kept, y, x, terms)
    elif sets >= ENOUGH_TASKS:
        means = kept.group_by("task_set", maintain_order=True).agg(below=pl.col(x).mean(), above=pl.col(y).mean())
        found = ratio_over_task_sets(means["above"].to_numpy(), means["below"].to_numpy())
    return {**interval_columns("ratio", found), "farthest": kept.select(apart).item()}


def _check_number(rows: pl.DataFrame, name: str) -> None:
    numbers = [column for column, kind in rows.schema.items() if kind.is_numeric()]
    if name not in rows.columns:
        raise UsageError(f"no column {name!r}", hint=nearest(name, numbers))
    if name not in numbers:
        raise UsageError(f"{name} holds {rows.schema[name]}, and a line needs numbers", hint=nearest(name, numbers))
