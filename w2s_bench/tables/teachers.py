"""The teacher to take in each setting by the main rule, its runner-up, and whether they can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from w2s_bench.scoring.recommendation import recommended_by
from w2s_bench.tables.groups import groups
from w2s_bench.tables.inference import NO_TERMS, READS, Inferred, Terms, inferred, interval_columns, interval_types
from w2s_bench.tables.regret import SETTING

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.scoring.intervals import Estimate
    from w2s_bench.tables.values import Values


def teachers(rows: pl.DataFrame, by: Sequence[str] = SETTING, terms: Terms = NO_TERMS) -> pl.DataFrame:
    """One row a setting with two candidates or more, from rows with status ok: the columns `by`, divergence, output_unit,
    candidates, seeds, take, runner_up, criterion, difference with the ends of its interval, difference_over, tied, left_out.

    The criterion is err_weak − misfit over all test examples, averaged over seeds and draws. difference: of the runner-up's less
    that of the teacher to take, paired cell by cell, with the interval of tables/inference.py, corrected for the number of
    candidates (`scoring.recommendation`). tied: the candidates that cannot be told from the one to take. left_out: those without
    a row for every seed and draw. Raises UsageError where a group mixes units.
    """
    import polars as pl

    keys = list(dict.fromkeys(by))
    known = pl.all_horizontal(pl.col("err_weak", "misfit").is_finite().fill_null(False))
    usable = rows.filter((pl.col("status") == "ok") & known)
    found = [line for names, part in groups(usable, keys) if (line := _taken(names, part, terms))]
    schema = {**{key: pl.Int64 if key == "seed" else pl.String for key in keys}, "divergence": pl.String,
              "output_unit": pl.String, "candidates": pl.Int64, "seeds": pl.Int64, "take": pl.String, "runner_up": pl.String,
              "criterion": pl.Float64, "difference": pl.Float64, **interval_types(["difference"]), "tied": pl.List(pl.String),
              "left_out": pl.List(pl.String)}
    return pl.DataFrame(found, schema=schema, orient="row")


_STUDENT = ["task_set", "task", "strong", "strategy", "supervisor", "seed"]


def _taken(names: Values, part: pl.DataFrame, terms: Terms) -> Values | None:
    import polars as pl

    kept = part.with_columns(criterion=pl.col("err_weak") - pl.col("misfit")).unique([*_STUDENT, "weak"], maintain_order=True)
    count = kept.select(_STUDENT).n_unique()
    whole = kept.filter(pl.len().over("weak") == count)
    lacking = sorted(set(kept["weak"].to_list()) - set(whole["weak"].to_list()))
    means = whole.group_by("weak", "seed").agg(pl.col("criterion").mean()).group_by("weak").agg(
        pl.col("criterion").mean()).sort("weak")
    candidates = means["weak"].to_list()
    if len(candidates) < 2:
        return None
    over: dict[str, str | None] = {}

    def apart(other: int, take: int) -> Estimate:
        made = _apart(whole, candidates[other], candidates[take], terms)
        over[candidates[other]] = made.over
        return made.estimate

    found = recommended_by(means["criterion"].to_numpy(), apart)
    runner_up = candidates[found.runner_up]
    return {**names, "divergence": part["divergence"][0], "output_unit": part["output_unit"][0],
            "candidates": len(candidates), "seeds": whole["seed"].n_unique(), "take": candidates[found.take],
            "runner_up": runner_up, "criterion": means["criterion"][found.take],
            **interval_columns("difference", Inferred(found.difference, over[runner_up], whole["seed"].n_unique(), 0)),
            "tied": [candidates[other] for other in found.tied], "left_out": lacking}


def _apart(whole: pl.DataFrame, other: str, take: str, terms: Terms) -> Inferred:
    """The criterion of one teacher less that of another, cell by cell."""
    import polars as pl

    mine = whole.filter(pl.col("weak") == other).select(*_STUDENT, "criterion", *(
        name for name in READS if name not in _STUDENT and name in whole.columns))
    theirs = whole.filter(pl.col("weak") == take).select(*_STUDENT, "criterion", "cell_key", "err_student", "misfit")
    pairs = mine.join(theirs, on=_STUDENT, nulls_equal=True, suffix="_against", maintain_order="left").with_columns(
        difference=pl.col("criterion") - pl.col("criterion_against"))
    found = inferred(pairs, "predicted_err", terms, value="difference")
    assert found is not None
    return found
