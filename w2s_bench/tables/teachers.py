"""The teacher to take in each setting by the main rule, its runner-up, and whether they can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from w2s_bench.scoring.recommendation import recommended
from w2s_bench.tables.groups import fields, groups, interval_schema
from w2s_bench.tables.regret import SETTING

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Values


def teachers(rows: pl.DataFrame, by: Sequence[str] = SETTING) -> pl.DataFrame:
    """One row a setting with two candidates or more, from rows with status ok: the columns `by`, divergence, output_unit,
    candidates, seeds, take, runner_up, criterion, difference with the ends of its interval, tied, left_out.

    The criterion is err_weak − misfit over all test examples, averaged over seeds and draws. difference: of the runner-up's less
    that of the teacher to take, paired over seeds and corrected for the number of candidates (`scoring.recommendation`); draws
    of a seed are one value. tied: the candidates that cannot be told from the one to take. left_out: those without a row for
    every seed and draw. Raises UsageError where a group mixes units.
    """
    import polars as pl

    keys = list(dict.fromkeys(by))
    known = pl.all_horizontal(pl.col("err_weak", "misfit").is_finite().fill_null(False))
    usable = rows.filter((pl.col("status") == "ok") & known)
    found = [line for names, part in groups(usable, keys) if (line := _taken(names, part))]
    schema = {**{key: pl.Int64 if key == "seed" else pl.String for key in keys}, "divergence": pl.String,
              "output_unit": pl.String, "candidates": pl.Int64, "seeds": pl.Int64, "take": pl.String, "runner_up": pl.String,
              "criterion": pl.Float64,
              **interval_schema("difference"), "tied": pl.List(pl.String), "left_out": pl.List(pl.String)}
    return pl.DataFrame(found, schema=schema, orient="row")


def _taken(names: Values, part: pl.DataFrame) -> Values | None:
    import polars as pl

    student = ["task_set", "task", "strong", "strategy", "supervisor", "seed"]
    kept = part.with_columns(criterion=pl.col("err_weak") - pl.col("misfit")).unique([*student, "weak"], maintain_order=True)
    count = kept.select(student).n_unique()
    whole = kept.filter(pl.len().over("weak") == count)
    lacking = sorted(set(kept["weak"].to_list()) - set(whole["weak"].to_list()))
    table = whole.group_by("seed", "weak").agg(pl.col("criterion").mean()).pivot(
        "weak", index="seed", values="criterion", sort_columns=True).sort("seed").drop("seed")
    if len(table.columns) < 2:
        return None
    found = recommended(table.to_numpy())
    return {**names, "divergence": part["divergence"][0], "output_unit": part["output_unit"][0],
            "candidates": len(table.columns), "seeds": table.height, "take": table.columns[found.take],
            "runner_up": table.columns[found.runner_up], "criterion": table.mean().row(0)[found.take],
            **fields("difference", found.difference), "tied": [table.columns[other] for other in found.tied], "left_out": lacking}
