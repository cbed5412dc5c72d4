"""Means over draws and seeds with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from w2s_bench.scoring.intervals import across_seeds

if TYPE_CHECKING:
    import polars as pl


def over_seeds(rows: pl.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pl.DataFrame:
    """A line a group and measure: keys, measure, mean, low, high (95 %, Student-t over seeds; null with one), seeds, cells.

    The mean over a task set's draws makes a seed's value, as in `summary`. Missing numbers are left out, and a measure that has
    none in a group has no line.
    """
    import polars as pl

    keys = list(keys)
    by_seed = rows.group_by([*keys, "seed"], maintain_order=True).agg(
        *(pl.col(name).cast(pl.Float64).filter(pl.col(name).is_finite()).mean() for name in values), pl.len().alias("cells"))
    long = by_seed.unpivot(values, index=[*keys, "seed", "cells"], variable_name="measure").drop_nulls("value")
    table = long.group_by([*keys, "measure"], maintain_order=True).agg(
        pl.col("value"), pl.len().alias("seeds"), pl.col("cells").sum())
    found = [across_seeds(of_seeds) for of_seeds in table["value"].to_list()]
    ends = {name: pl.Series(name, [getattr(each, name) for each in found], pl.Float64).fill_nan(None)
            for name in ("mean", "low", "high")}
    return table.select(*keys, "measure", ends["mean"], "seeds", "cells", ends["low"], ends["high"])
