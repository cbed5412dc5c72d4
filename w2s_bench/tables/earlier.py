"""What a table of an earlier version says, in the words of now; lines of this version are left as they are.

Earlier rows had a direction that errors on the test sample decided, seed by seed (`direction_by` = ceiling): it is none. And
earlier bounds were said to hold or to be violated without a certificate: there is no statement then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from w2s_bench.scoring.verdict import STATED
from w2s_bench.tables.laws import explicit_bounds, law_bounds

if TYPE_CHECKING:
    import polars as pl

_BY_TRUTH = "ceiling"


def directions_of_now(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, undirected where truth decided."""
    import polars as pl

    decided = (pl.col("direction_by") == _BY_TRUTH).fill_null(False)
    return rows.with_columns(
        pl.when(decided).then(pl.lit("undirected")).otherwise("direction").alias("direction"),
        pl.when(decided).then(None).otherwise("direction_by").alias("direction_by"))


def verdicts_of_now(bounds: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The bounds of these rows with verdict, vacuous, exceeded and tightness as this version writes them.

    A line without `exceeded` is an earlier one; what it called violated is exceeded. Theorem 2 on test, explicit or with δ,
    says nothing, too, where it promises no gain or the ceiling errs as much as the student: its slack is the gain less what is
    promised.
    """
    import polars as pl

    if bounds["exceeded"].null_count() == 0:
        return bounds
    cells = rows.select("run_id", "cell_key", "gain", "err_student", "err_ceiling").unique(["run_id", "cell_key"])
    known = bounds.join(cells, on=["run_id", "cell_key"], how="left", maintain_order="left")
    earlier, certified = pl.col("exceeded").is_null(), pl.col("all_assumptions").fill_null(False)
    exceeded = pl.col("verdict") == "violated"
    laws = {*explicit_bounds().values(), *law_bounds().values()}
    lawful = pl.col("bound").is_in(laws) & (pl.col("split") == "test")
    empty = (pl.col("slack") >= pl.col("gain")) | (pl.col("err_ceiling") >= pl.col("err_student"))
    vacuous = pl.col("vacuous").fill_null(False) | (lawful & empty).fill_null(False)
    verdict = (pl.when(pl.col("verdict").is_null()).then(None).when(~certified).then(pl.lit("no statement"))
               .when(vacuous & ~exceeded).then(pl.lit("says nothing")).otherwise("verdict"))
    told = known.with_columns(
        pl.when(earlier).then(verdict).otherwise("verdict").alias("verdict"),
        pl.when(earlier).then(vacuous).otherwise("vacuous").alias("vacuous"),
        pl.when(earlier).then(exceeded).otherwise("exceeded").alias("exceeded"))
    stated = pl.col("verdict").is_in(STATED).fill_null(False)
    return told.with_columns(pl.when(stated).then("tightness").alias("tightness")).select(bounds.columns)
