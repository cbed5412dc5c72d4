"""Means of columns by group, with intervals over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from w2s_bench.tables.groups import groups
from w2s_bench.tables.inference import NO_TERMS, Terms, inferred, interval_columns, interval_types
from w2s_bench.tables.uninformed import averaged

if TYPE_CHECKING:
    import polars as pl


def means(rows: pl.DataFrame, by: Sequence[str], names: Sequence[str], terms: Terms = NO_TERMS) -> pl.DataFrame:
    """One row a group of cells with status ok: the columns `by`, cells, seeds, and the mean of each numeric column in `names`
    with the ends of its interval (`_low`, `_high`) and what it is over (`_over`). Null where a column holds nothing. Cells whose
    teacher knows no more than a constant are in no average (see `averaged`).

    Raises UsageError where a group mixes units.
    """
    import polars as pl

    keys = list(dict.fromkeys(by))
    found = []
    for labels, part in groups(averaged(rows, keys), keys):
        line = {**labels, "cells": part.height, "seeds": part["seed"].n_unique()}
        for name in names:
            line |= interval_columns(name, inferred(part, name, terms))
        found.append(line)
    schema = {**{key: pl.Int64 if key == "seed" else pl.String for key in keys}, "cells": pl.Int64, "seeds": pl.Int64}
    told = {column: kind for name in names for column, kind in ((name, pl.Float64), *interval_types([name]).items())}
    return pl.DataFrame(found, schema={**schema, **told}, orient="row")
