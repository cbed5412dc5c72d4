"""Means of columns by group, with intervals over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from w2s_bench.scoring.intervals import across_seeds
from w2s_bench.tables.groups import fields, groups, interval_schema
from w2s_bench.tables.uninformed import averaged

if TYPE_CHECKING:
    import polars as pl


def means(rows: pl.DataFrame, by: Sequence[str], names: Sequence[str]) -> pl.DataFrame:
    """One row a group of cells with status ok: the columns `by`, cells, seeds, and the mean of each numeric column in `names`
    with the ends of its interval (`_low`, `_high`), Student-t over seed means. Null where a column holds nothing. Cells whose
    teacher knows no more than a constant are in no average (see `averaged`).

    Raises UsageError where a group mixes units.
    """
    import polars as pl

    keys = list(dict.fromkeys(by))
    found = []
    for labels, part in groups(averaged(rows, keys), keys):
        line = {**labels, "cells": part.height, "seeds": part["seed"].n_unique()}
        for name in names:
            by_seed = part.group_by("seed").agg(pl.col(name).cast(pl.Float64).mean().alias("mean")).drop_nulls().sort("seed")
            line |= fields(name, across_seeds(by_seed["mean"].to_numpy()) if by_seed.height else None)
        found.append(line)
    schema = {**{key: pl.Int64 if key == "seed" else pl.String for key in keys}, "cells": pl.Int64, "seeds": pl.Int64}
    return pl.DataFrame(found, schema={**schema, **interval_schema(*names)}, orient="row")
