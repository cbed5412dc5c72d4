"""Means over draws and seeds with their intervals, a line a measure: what figures draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from w2s_bench.tables.inference import NO_TERMS, Terms, inferred

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Schema


def over_seeds(rows: pl.DataFrame, keys: Sequence[str], values: Sequence[str], terms: Terms = NO_TERMS) -> pl.DataFrame:
    """A line a group and measure: keys, measure, mean, low, high (95 %; null where there is no interval), over (a key of
    inference.MEANINGS), seeds, cells.

    The mean over a task set's draws makes a seed's value, as in `summary`. Missing numbers are left out, and a measure that has
    none in a group has no line.
    """
    import polars as pl

    keys = list(keys)
    lines = []
    for names, part in rows.group_by(keys, maintain_order=True):
        for name in values:
            found = inferred(part, name, terms)
            if found is not None:
                made = found.estimate
                lines.append({**dict(zip(keys, names, strict=True)), "measure": name, "mean": made.mean,
                              "seeds": part.filter(pl.col(name).is_finite().fill_null(False))["seed"].n_unique(),
                              "cells": part.height, "low": made.low, "high": made.high, "over": found.over})
    schema: Schema = {**{key: rows.schema[key] for key in keys}, "measure": pl.String, "mean": pl.Float64, "seeds": pl.UInt32,
              "cells": pl.UInt32, "low": pl.Float64, "high": pl.Float64, "over": pl.String}
    table = pl.DataFrame(lines, schema=schema, orient="row").with_columns(pl.col("low", "high").fill_nan(None))
    order = {name: at for at, name in enumerate(values)}
    return table.sort(pl.col("measure").replace_strict(order, default=None), maintain_order=True)
