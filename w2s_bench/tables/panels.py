"""The panels of a study as a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def by_panel(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each panel that a cell belongs to, under `panel`; null for a cell of none."""
    import polars as pl

    none = pl.lit([None], dtype=pl.List(pl.String))  # an empty list would vanish in some versions of polars and not in others
    some = pl.col("panels").list.len().fill_null(0) > 0
    return rows.with_columns(pl.when(some).then("panels").otherwise(none).alias("panel")).explode("panel")
