"""What the misfits of rows say of their gains, group by group: misfit, gain, and the band that the law certifies between them.

A misfit alone predicts nothing. On a sample where the student's class is convex and holds the ceiling, the law of the divergence
lets the gain be less than the misfit by a band, which grows with the ceiling's error ε and with δ, by how much the student's
misfit is above the least in its class there. The bounds table holds it, with what was certified of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from w2s_bench.contracts.errors import DataError
from w2s_bench.scoring.lines import ENOUGH_TASKS
from w2s_bench.scoring.ratios import NOTHING, quotient
from w2s_bench.tables.groups import groups, has_panels, units
from w2s_bench.tables.inference import (
    NO_TERMS,
    Inferred,
    Terms,
    inferred,
    inferred_ratio,
    interval_columns,
    interval_types,
    over_task_sets,
)
from w2s_bench.tables.laws import explicit_bounds, inexact_bounds
from w2s_bench.tables.relation import FORWARD, GAINED, line_columns, line_schema, line_through
from w2s_bench.tables.summary import SIZES
from w2s_bench.tables.uninformed import averaged

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Schema, Values


def default_keys(rows: pl.DataFrame) -> list[str]:
    """What makes a group unless told otherwise: panel where the rows have any, task set, strategy, supervisor, direction."""
    return [*(["panel"] if has_panels(rows) else []), "task_set", "strategy", "supervisor", "direction"]


def predictions(rows: pl.DataFrame, bounds: pl.DataFrame, by: Sequence[str] | None = None,
                terms: Terms = NO_TERMS) -> pl.DataFrame:
    """One row a group of cells with status ok, from the columns `by` or `default_keys`, with the columns of `_schema`.

    Draws of a task within a seed are pooled: their mean is the seed's value. misfit, gain and gain_over_misfit have the interval
    of tables/inference.py, and `_over` says over what each is. Of 2 to 7 task sets in one group there is no mean.
    The line, of gain on misfit, goes through configurations that are weak-to-strong and whose ceiling is better than their
    teacher in some cell (see `relation`).
    banded: cells for which the law certifies a band below the misfit, δ included. band_width: its width in units of the misfit,
    a ratio of means. narrow: cells whose band is narrower than the misfit. no_delta, not_certified: cells with a gain that have
    no band because δ is unknown, or because something else is not certified. loses: cells whose gain is below 0.
    Cells whose teacher knows no more than a constant are in no group of several teachers (see `averaged`), nor in `over_all`.
    Raises DataError without such cells, UsageError where a group mixes units.
    """
    import polars as pl

    usable = _usable(rows)
    keys = list(dict.fromkeys(by)) if by else default_keys(usable)
    usable = _banded(averaged(usable, keys), bounds)
    found = [{**names, **_figures(part, terms)} for names, part in groups(usable, keys)]
    return pl.DataFrame(found, schema={**{key: pl.Int64 if key == "seed" else pl.String for key in keys}, **_schema()},
                        orient="row")


def over_all(rows: pl.DataFrame, bounds: pl.DataFrame) -> pl.DataFrame:
    """One row like those of `predictions`, with `direction` and `task_sets`, over every weak-to-strong cell with status ok; none
    where these are of fewer than 8 task sets.

    A task set is one value, the mean over its cells, and intervals are Student-t over task sets (`misfit_over`). There is no
    line. Where no cell is weak-to-strong, it is over all that are ok, and `direction` is null. Where the cells have several
    units, each is measured in shares of its err_weak, `divergence` is null and `output_unit` says "share of err_weak"; cells
    whose err_weak is 0 or rounding are left out then.
    """
    import polars as pl

    usable = averaged(_usable(rows))
    forward = usable.filter(pl.col("direction") == FORWARD)
    usable = _banded(forward if forward.height else usable, bounds)
    if len(units(usable)) > 1:
        usable = _as_shares(usable.filter(pl.col("err_weak") > NOTHING * pl.max_horizontal(*SIZES, "err_student")))
    sets = usable["task_set"].n_unique()
    direction = FORWARD if forward.height else None
    found = [{"direction": direction, "task_sets": sets, **_figures(usable, NO_TERMS)}] if sets >= ENOUGH_TASKS else []
    return pl.DataFrame(found, schema={"direction": pl.String, "task_sets": pl.Int64, **_schema()}, orient="row")


def _usable(rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    usable = rows.filter((pl.col("status") == "ok") & pl.col("misfit").is_finite())
    if usable.is_empty():
        raise DataError(f"none of {rows.height} rows has status ok and a misfit", hint="w2s-bench show says what went wrong")
    return usable


def _as_shares(rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    columns = ("misfit", "misfit_se", "gain", "gain_se", "err_student", "err_weak", "reach")
    unit = pl.lit("share of err_weak").alias("output_unit")
    return rows.with_columns(pl.col(columns) / pl.col("err_weak"), unit, divergence=pl.lit(None, dtype=pl.String))


def bands(rows: pl.DataFrame, bounds: pl.DataFrame) -> pl.DataFrame:
    """run_id, cell_key and `reach` of the cells for which a band is certified on the test sample: how far below the misfit the
    law lets the gain be.

    It is what the explicit bound says, or of a student that is no exact projection the inexact one, where every assumption is
    certified: the slack of either is the gain less misfit − reach.
    """
    import polars as pl

    laws = pl.concat([pl.DataFrame({"divergence": list(named), "bound": list(named.values())},
                                   schema={"divergence": pl.String, "bound": pl.String})
                      for named in (explicit_bounds(), inexact_bounds())])
    certified = bounds.filter((pl.col("split") == "test") & pl.col("all_assumptions"))
    cell = ["run_id", "cell_key"]
    reach = (pl.col("slack") - (pl.col("gain") - pl.col("misfit"))).min().clip(0.0)
    told = rows.select(*cell, "divergence", "gain", "misfit").unique(cell, maintain_order=True).join(
        certified, on=cell, maintain_order="left").join(laws, on=["divergence", "bound"], how="semi", maintain_order="left")
    return told.group_by(cell, maintain_order=True).agg(reach=reach).filter(pl.col("reach").is_finite())


def _banded(rows: pl.DataFrame, bounds: pl.DataFrame) -> pl.DataFrame:
    """With `reach`, null where no band is certified."""
    return rows.join(bands(rows, bounds), on=["run_id", "cell_key"], how="left", maintain_order="left")


def _schema() -> Schema:
    import polars as pl

    return {"divergence": pl.String, "output_unit": pl.String, "n_cells": pl.Int64, "n_seeds": pl.Int64, "n_truth": pl.Int64,
            **dict.fromkeys(_WITH_INTERVAL, pl.Float64), **interval_types(_WITH_INTERVAL), "loses": pl.Int64, **line_schema(),
            "banded": pl.Int64, "band_width": pl.Float64, "narrow": pl.Int64,
            "no_delta": pl.Int64, "not_certified": pl.Int64}


_WITH_INTERVAL = ("misfit", "gain", "gain_over_misfit")


def _figures(part: pl.DataFrame, terms: Terms) -> Values:
    import polars as pl

    seen = part.filter(pl.all_horizontal(pl.col("gain", "err_weak", "err_student").is_finite().fill_null(False)))
    return {
        "divergence": part["divergence"][0], "output_unit": part["output_unit"][0], "n_cells": part.height,
        "n_seeds": part["seed"].n_unique(), "n_truth": seen.height, **_means(part, seen, terms),
        "loses": seen.filter(pl.col("gain") < 0).height, **line_columns(line_through(seen, *GAINED), seen),
        **_band(seen)}


def _means(part: pl.DataFrame, seen: pl.DataFrame, terms: Terms) -> Values:
    """Means over seeds; over task sets where there are several, and enough."""
    sets = part["task_set"].n_unique()
    if 1 < sets < ENOUGH_TASKS:
        return {}
    if sets > 1:
        found = (_of_sets(part, "misfit"), _of_sets(seen, "gain"), _ratio_of_sets(seen))
    else:
        found = (inferred(part, "misfit", terms), inferred(seen, "gain", terms), _ratio(seen, terms))
    return {key: value for name, each in zip(_WITH_INTERVAL, found, strict=True)
            for key, value in interval_columns(name, each).items()}


def _ratio(seen: pl.DataFrame, terms: Terms) -> Inferred | None:
    """Gain / misfit of one task set; a ratio to a misfit that is rounding is no number."""
    import polars as pl

    by_seed = seen.group_by("seed").agg(pl.col("misfit", *SIZES).mean())
    misfit, *beside = (float(np.nanmean(values)) if seen.height and len(values := by_seed[name].drop_nulls().to_numpy()) else 0.0
                       for name in ("misfit", *SIZES))
    return None if quotient(1.0, misfit, max(beside)) is None else inferred_ratio(seen, "gain", "misfit", terms)


def _of_sets(part: pl.DataFrame, name: str) -> Inferred | None:
    """The mean over task sets of their means."""
    import polars as pl

    if part.is_empty():
        return None
    return over_task_sets(part.group_by("task_set", maintain_order=True).agg(pl.col(name).mean())[name].to_numpy())


def _ratio_of_sets(seen: pl.DataFrame) -> Inferred | None:
    """The mean over task sets of their gain / misfit, of those whose misfit is more than rounding."""
    import polars as pl

    means = seen.group_by("task_set", maintain_order=True).agg(pl.col("gain", "misfit", *SIZES).mean())
    sized = means.select("gain", "misfit", pl.max_horizontal(SIZES))
    ratios = [quotient(*each) for each in sized.iter_rows()]
    kept = np.array([each for each in ratios if each is not None])
    return over_task_sets(kept) if kept.size else None


def _band(seen: pl.DataFrame) -> Values:
    import polars as pl

    apt, without = seen.filter(seen["reach"].is_not_null()), seen.filter(seen["reach"].is_null())
    no_delta = without["delta_exact"].null_count()
    counts: Values = {"banded": apt.height, "narrow": apt.filter(pl.col("reach") < pl.col("misfit")).height, "no_delta": no_delta,
                      "not_certified": without.height - no_delta}
    typical = apt.select(pl.col("misfit").mean()).item()
    width = apt.select(pl.col("reach").mean()).item()
    return counts | {"band_width": width / typical if typical else None}
