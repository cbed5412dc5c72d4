"""Rows of cells as predictions: the misfit foretells the gain; how well, group by group and over all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts.data import DIRECTIONS
from w2s_bench.contracts.errors import DataError
from w2s_bench.scoring.intervals import Estimate, across_seeds, ratio
from w2s_bench.scoring.lines import fit_line
from w2s_bench.scoring.ratios import quotient
from w2s_bench.scoring.verdict import ROUNDING
from w2s_bench.tables.groups import fields, groups, has_panels, interval_schema, units
from w2s_bench.tables.laws import divergence_of
from w2s_bench.tables.relation import line_columns, line_schema
from w2s_bench.tables.summary import Z95, bound_on_test

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.contracts import Divergence
    from w2s_bench.tables.values import Schema, Values


FORWARD = DIRECTIONS[0]
"""The direction that statements over all cells speak of: the others are no weak-to-strong generalization."""


def default_keys(rows: pl.DataFrame) -> list[str]:
    """What makes a group unless told otherwise: panel where the rows have any, task set, strategy, supervisor, direction."""
    return [*(["panel"] if has_panels(rows) else []), "task_set", "strategy", "supervisor", "direction"]


def predictions(rows: pl.DataFrame, bounds: pl.DataFrame, by: Sequence[str] | None = None) -> pl.DataFrame:
    """One row a group of cells with status ok, from the columns `by` or `default_keys`, with the columns of `_schema`.

    Draws of a task within a seed are pooled: their mean is the seed's value. Intervals of means and of gain over misfit
    are Student-t over seeds (`misfit_over` = seeds); the misfit of a single cell has its own over test examples.
    in_band is the share of `banded` cells whose gain is in the band of their divergence's law, ε = err_ceiling; where that rests
    on single predictions, a cell whose explicit bound is not in `bounds` has no band.
    band_width is the half-width in units of the misfit, a ratio of means; silent counts the cells where it is at least the
    misfit.
    Raises DataError without such cells, UsageError where a group mixes units.
    """
    import polars as pl

    usable = _banded(_usable(rows), bounds)
    keys = list(dict.fromkeys(by)) if by else default_keys(usable)
    found = [{**names, **_figures(part)} for names, part in groups(usable, keys)]
    return pl.DataFrame(found, schema={**{key: pl.Int64 if key == "seed" else pl.String for key in keys}, **_schema()},
                        orient="row")


def over_all(rows: pl.DataFrame, bounds: pl.DataFrame) -> pl.DataFrame:
    """One row like those of `predictions`, with the `direction`, over every weak-to-strong cell with status ok, each cell once.

    Where no cell is weak-to-strong, over all that are ok, and `direction` is null. Where the cells have several units, each is
    measured in shares of its err_weak, `divergence` is null and `output_unit` says "share of err_weak"; cells without an
    err_weak above 0 are left out then.
    """
    import polars as pl

    usable = _usable(rows)
    forward = usable.filter(pl.col("direction") == FORWARD)
    usable = _banded(forward if forward.height else usable, bounds)
    if len(units(usable)) > 1:
        usable = _as_shares(usable.filter(pl.col("err_weak") > 0))
    found = [{"direction": FORWARD if forward.height else None, **_figures(usable)}] if usable.height else []
    return pl.DataFrame(found, schema={"direction": pl.String, **_schema()}, orient="row")


def _usable(rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    usable = rows.filter((pl.col("status") == "ok") & pl.col("misfit").is_finite())
    if usable.is_empty():
        raise DataError(f"none of {rows.height} rows has status ok and a misfit", hint="w2s-bench show says what went wrong")
    return usable


def _as_shares(rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    columns = ("misfit", "misfit_se", "gain", "err_student", "err_weak", "reach")
    unit = pl.lit("share of err_weak").alias("output_unit")
    return rows.with_columns(pl.col(columns) / pl.col("err_weak"), unit, divergence=pl.lit(None, dtype=pl.String))


def _banded(rows: pl.DataFrame, bounds: pl.DataFrame) -> pl.DataFrame:
    """With `reach`, the half-width of the band about the misfit, and whether the gain is in it (`inside`); null without one.

    The reach is that of the divergence, from misfit and err_ceiling; where it rests on more than means of a row, it is what
    the explicit bound on test says: its slack is the gain less misfit − reach.
    """
    import polars as pl

    bounded = rows.join(bound_on_test(bounds).select("run_id", "cell_key", "slack"), on=["run_id", "cell_key"], how="left",
                        maintain_order="left")
    found = [_reach(line, divergence_of(line["divergence"])) for line in
             bounded.select("divergence", "misfit", "gain", "err_weak", "err_student", "err_ceiling", "slack").to_dicts()]
    reach, inside = [each[0] for each in found], [each[1] for each in found]
    return rows.with_columns(pl.Series("reach", reach, pl.Float64), pl.Series("inside", inside, pl.Boolean))


def _reach(line: Mapping[str, Any], loss: Divergence | None) -> tuple[float | None, bool]:
    values = [line[name] for name in ("misfit", "gain", "err_weak", "err_student")]
    rest = line["slack" if loss is not None and loss.spreads else "err_ceiling"]
    if loss is None or not all(value is not None and math.isfinite(value) for value in (*values, rest)):
        return None, False
    misfit, gain, err_weak, err_student = values
    reach = rest - (gain - misfit) if loss.spreads else loss.reach(misfit, rest, 0.0)
    apart, rounding = gain - misfit, ROUNDING * (err_weak + err_student + misfit)
    return reach, apart >= -reach - rounding and (not loss.two_sided or apart <= reach + rounding)


def _schema() -> Schema:
    import polars as pl

    return {"divergence": pl.String, "output_unit": pl.String, "n_cells": pl.Int64, "n_seeds": pl.Int64, "n_truth": pl.Int64,
            **interval_schema("misfit"), "misfit_over": pl.String, **interval_schema("gain", "gain_over_misfit"),
            **line_schema(), "banded": pl.Int64, "in_band": pl.Float64, "band_width": pl.Float64, "silent": pl.Int64}


def _figures(part: pl.DataFrame) -> Values:
    import polars as pl

    seen = part.filter(pl.all_horizontal(pl.col("gain", "err_weak", "err_student").is_finite().fill_null(False)))
    by_seed = seen.group_by("seed", maintain_order=True).agg(pl.col("gain", "misfit").mean())
    gains, misfits = by_seed["gain"].to_numpy(), by_seed["misfit"].to_numpy()
    line = fit_line(seen["misfit"].to_numpy(), seen["gain"].to_numpy(), seen["seed"].to_numpy()) if seen.height else None
    misfit, over = _mean_misfit(part)
    return {
        "divergence": part["divergence"][0], "output_unit": part["output_unit"][0], "n_cells": part.height,
        "n_seeds": part["seed"].n_unique(), "n_truth": seen.height, **fields("misfit", misfit), "misfit_over": over,
        **fields("gain", across_seeds(gains) if seen.height else None),
        **fields("gain_over_misfit", ratio(gains, misfits) if seen.height and _moved(seen, misfits.mean()) else None),
        **line_columns(line), **_band(seen),
    }


def _moved(seen: pl.DataFrame, misfit: float) -> bool:
    """Whether the students left their teachers: a ratio to a misfit that is rounding is no number."""
    return quotient(1.0, misfit, float(seen["err_weak"].to_numpy().mean())) is not None


def _mean_misfit(part: pl.DataFrame) -> tuple[Estimate, str | None]:
    import polars as pl

    found = across_seeds(part.group_by("seed", maintain_order=True).agg(pl.col("misfit").mean())["misfit"].to_numpy())
    if found.n > 1:
        return found, "seeds"
    error = part["misfit_se"][0]
    if part.height > 1 or error is None:
        return found, None
    return Estimate(found.mean, error, found.mean - Z95 * error, found.mean + Z95 * error, 1), "test examples"


def _band(seen: pl.DataFrame) -> Values:
    apt = seen.filter(seen["reach"].is_not_null())
    if apt.is_empty():
        return {"banded": 0, "in_band": None, "band_width": None, "silent": None}
    misfit, width = apt["misfit"].to_numpy(), apt["reach"].to_numpy()
    typical = float(misfit.mean())
    return {"banded": apt.height, "in_band": float(apt["inside"].to_numpy().mean()),
            "band_width": float(width.mean()) / typical if typical > 0.0 else None, "silent": int((width >= misfit).sum())}
