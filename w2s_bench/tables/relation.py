"""One column of the rows against another: the line through the cells of a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from w2s_bench.contracts.errors import DataError, UsageError, nearest
from w2s_bench.registry.measures import row_columns
from w2s_bench.scoring.intervals import ratio
from w2s_bench.scoring.lines import Line, fit_line
from w2s_bench.tables.groups import fields, groups, interval_schema

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Schema, Values

LINE = ("slope", "intercept", "correlation")
_MARKS = {"seeds": "", "pooled": "°", "cells": "'", None: ""}

MEANINGS = {
    "seeds": "slope, intercept and correlation: the mean of each seed's own line, ± over seeds (Student-t).",
    "pooled": "° one line through all cells, because fewer than 3 seeds hold 5 cells; ± by leaving out one seed at a time.",
    "cells": "' one line through all cells, taken as independent, because there are fewer than 3 seeds: too narrow where cells "
             "of one seed move together.",
}
_MEASURED = ("D", "label")


def relation(rows: pl.DataFrame, x: str, y: str, by: Sequence[str] = (), *, log: bool = False) -> pl.DataFrame:
    """One row a group: the columns of `by`, n_cells, n_seeds, slope, intercept and correlation of y on x with the ends of
    their 95 % intervals (`_low`, `_high`), line_over, ratio (of the mean of y to the mean of x, over seeds), farthest,
    missing and not_positive.

    log: natural logarithms of both, so slope is the exponent of y ∝ x^slope. missing: rows without finite x and y;
    not_positive: rows that have no logarithm; both are left out. farthest: the largest |y − x| / |x|.
    line_over: what the intervals rest on, "seeds", "pooled"
    or "cells" (see scoring/lines.py); null, like the line, where fewer than 3 cells are left or x does not vary.
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
    found = [{**names, **_related(part, x, y, log)} for names, part in groups(ok, by, one_unit=measured)]
    if not any(line["n_cells"] for line in found):
        raise DataError(f"no row of {ok.height} holds {x} and {y}" + (", both above 0" if log else ""),
                        hint="w2s-bench show RUN --columns says what a column needs")
    schema = {**{key: pl.Int64 if key == "seed" else pl.String for key in by}, "n_cells": pl.Int64, "n_seeds": pl.Int64,
              **line_schema(), **interval_schema("ratio"), "farthest": pl.Float64, "missing": pl.Int64, "not_positive": pl.Int64}
    return pl.DataFrame(found, schema=schema, orient="row")


def mark_of(line: Mapping[str, str | None]) -> str:
    """The mark of what the interval of a line rests on, which MEANINGS tells."""
    return _MARKS[line["line_over"]]


def line_columns(line: Line | None) -> Values:
    """A line as the columns of `line_schema`."""
    parts = {name: getattr(line, name) if line else None for name in LINE}
    return {**{key: value for name, part in parts.items() for key, value in fields(name, part).items()},
            "line_over": line.over if line else None, "line_cells": line.cells if line else None,
            "line_seeds": line.seeds if line else None}


def line_schema() -> Schema:
    """slope, intercept, correlation with their ends, what they rest on and through how many cells and seeds they go."""
    import polars as pl

    return {**interval_schema(*LINE), "line_over": pl.String, "line_cells": pl.Int64, "line_seeds": pl.Int64}


def _related(part: pl.DataFrame, x: str, y: str, log: bool) -> Values:
    import numpy as np
    import polars as pl

    there = part.filter(pl.all_horizontal(pl.col(x, y).is_finite().fill_null(False)))
    kept = there.filter((pl.col(x) > 0) & (pl.col(y) > 0)) if log else there
    across, up = kept[x].cast(pl.Float64).to_numpy(), kept[y].cast(pl.Float64).to_numpy()
    if log:
        across, up = np.log(across), np.log(up)
    line = fit_line(across, up, kept["seed"].to_numpy()) if kept.height else None
    return {"n_cells": kept.height, "n_seeds": kept["seed"].n_unique(), **line_columns(line), **_compared(kept, x, y),
            "missing": part.height - there.height, "not_positive": there.height - kept.height}


def _compared(kept: pl.DataFrame, x: str, y: str) -> Values:
    """y beside x where both are one quantity: a prediction and what was measured."""
    import polars as pl

    apart = ((pl.col(y) - pl.col(x)).abs() / pl.col(x).abs()).filter(pl.col(x) != 0).max()
    by_seed = kept.group_by("seed", maintain_order=True).agg(pl.col(x).mean().alias("below"), pl.col(y).mean().alias("above"))
    below = by_seed["below"].to_numpy()
    found = ratio(by_seed["above"].to_numpy(), below) if kept.height and below.mean() != 0.0 else None
    return {**fields("ratio", found), "farthest": kept.select(apart).item() if found else None}


def _check_number(rows: pl.DataFrame, name: str) -> None:
    numbers = [column for column, kind in rows.schema.items() if kind.is_numeric()]
    if name not in rows.columns:
        raise UsageError(f"no column {name!r}", hint=nearest(name, numbers))
    if name not in numbers:
        raise UsageError(f"{name} holds {rows.schema[name]}, and a line needs numbers", hint=nearest(name, numbers))
