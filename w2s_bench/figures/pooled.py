"""Means over draws and seeds with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def over_seeds(rows: pl.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pl.DataFrame:
    """A line a group and measure: keys, measure, mean, low, high (95 %, Student-t over seeds; null with one), seeds, cells.

    The mean over a task set's draws makes a seed's value, as in `summary`. Missing numbers are left out, and a measure that has
    none in a group has no line.
    """
    import polars as pl
    from scipy.special import stdtrit

    keys = list(keys)
    by_seed = rows.group_by([*keys, "seed"], maintain_order=True).agg(
        *(pl.col(name).cast(pl.Float64).filter(pl.col(name).is_finite()).mean() for name in values), pl.len().alias("cells"))
    long = by_seed.unpivot(values, index=[*keys, "seed", "cells"], variable_name="measure").drop_nulls("value")
    table = long.group_by([*keys, "measure"], maintain_order=True).agg(
        pl.col("value").mean().alias("mean"), pl.col("value").std().alias("spread"), pl.len().alias("seeds"),
        pl.col("cells").sum())
    reach = {n: float(stdtrit(n - 1, 0.975)) / n**0.5 for n in table["seeds"].unique().to_list() if n > 1}
    half = pl.col("spread") * pl.col("seeds").replace_strict(reach, default=None, return_dtype=pl.Float64)
    return table.with_columns((pl.col("mean") - half).alias("low"), (pl.col("mean") + half).alias("high")).drop("spread")
