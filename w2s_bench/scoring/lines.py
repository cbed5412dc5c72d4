"""A straight line through cells, with intervals that know that cells of one seed share their representations.

Two methods, and a `Line` says which one it rests on:

* over seeds: least squares within each seed; the line is the mean of the seeds' lines, with Student-t intervals over
  seeds. Whatever the cells of a seed share (features, teachers, split) is inside one value, so nothing is counted
  twice. It is the slope *within* a seed: a seed that is better or worse throughout does not bend it. Correlations are
  averaged as Fisher's z = artanh r (less its bias r/(2(n − 1)), Fisher 1921), where they are nearly normal.
* over cells: least squares over all cells, heteroscedasticity-robust HC3 intervals (MacKinnon and White 1985) with
  Student-t on n − 2 degrees of freedom, and Fisher's z with 1/√(n − 3) for the correlation. It takes cells as independent
  and is used where seeds are fewer than 3 or hold fewer than 5 cells; right where each seed holds one cell, too narrow
  where cells of one seed move together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from w2s_bench.scoring.arrays import Array, as_column, check_same_shape
from w2s_bench.scoring.errors import ShapeError
from w2s_bench.scoring.intervals import CONFIDENCE, Estimate, across_seeds

SEEDS = 3
"""Seeds from which on an interval is over seeds."""

CELLS = 5
"""Cells from which on a seed has a line of its own: below, slopes of single seeds have no variance."""

FLAT = 1e-12
"""Spread of x, beside its size, below which all x are one value up to rounding."""


@dataclass(frozen=True)
class Line:
    """y ≈ intercept + slope·x. Slope in units of y/x, intercept in units of y.

    correlation: NaN where y does not vary. over: "seeds" or "cells", what the intervals rest on. cells, seeds: how many
    the line was drawn through.
    """

    slope: Estimate
    intercept: Estimate
    correlation: Estimate
    over: str
    cells: int
    seeds: int


def fit_line(x: npt.ArrayLike, y: npt.ArrayLike, seeds: npt.ArrayLike) -> Line | None:
    """The line of y on x (n,) over cells of the given seeds (n,), of any type that can be told apart.

    Over seeds where 3 seeds or more hold 5 cells or more and their x vary (other seeds are left out), else over cells.
    None where no line is defined: fewer than 3 cells, or x that do not vary. Raises ShapeError and DomainError.
    """
    across, up = as_column(x, "x"), as_column(y, "y")
    check_same_shape(across, up, "x and y")
    labels = np.asarray(seeds)
    if labels.shape != across.shape:
        raise ShapeError(f"seeds have shape {labels.shape}, cells {across.shape}", hint="one seed a cell")
    groups = [labels == seed for seed in np.unique(labels)]
    large = [(across[group], up[group]) for group in groups if group.sum() >= CELLS and _varies(across[group])]
    if len(large) >= SEEDS:
        return _over_seeds(large)
    return _over_cells(across, up, len(groups)) if across.size >= 3 and _varies(across) else None


def _over_seeds(parts: list[tuple[Array, Array]]) -> Line:
    lines = np.array([_least_squares(x, y) for x, y in parts])
    correlations = np.array([_correlation(x, y) for x, y in parts])
    sizes = np.array([x.size for x, _ in parts])
    z = np.arctanh(_inside(correlations)) - correlations / (2.0 * (sizes - 1.0))
    usual = across_seeds(z) if np.isfinite(z).all() else _unknown(len(parts))
    return Line(across_seeds(lines[:, 0]), across_seeds(lines[:, 1]), _as_correlation(usual), "seeds", int(sizes.sum()),
                len(parts))


def _over_cells(x: Array, y: Array, seeds: int) -> Line:
    n = x.size
    slope, intercept = _least_squares(x, y)
    design = np.column_stack([x - x.mean(), np.ones(n)])
    spread = float(design[:, 0] @ design[:, 0])
    leverage = 1.0 / n + design[:, 0] ** 2 / spread
    with np.errstate(divide="ignore", invalid="ignore"):
        residuals = np.where(leverage < 1.0 - FLAT, (y - slope * x - intercept) / (1.0 - leverage), np.nan)
    weights = design / np.array([spread, n])
    weights[:, 1] -= x.mean() * weights[:, 0]
    errors = np.sqrt(((weights * residuals[:, None]) ** 2).sum(axis=0))
    reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, n - 2))
    correlation = _correlation(x, y)
    z, z_error = float(np.arctanh(_inside(correlation))), 1.0 / math.sqrt(n - 3) if n > 3 else math.nan
    z_reach = float(stats.norm.ppf(0.5 + CONFIDENCE / 2.0)) * z_error
    return Line(
        *(Estimate(value, float(error), value - reach * float(error), value + reach * float(error), n)
          for value, error in zip((slope, intercept), errors, strict=True)),
        _as_correlation(Estimate(z, z_error, z - z_reach, z + z_reach, n)), "cells", n, seeds,
    )


def _least_squares(x: Array, y: Array) -> tuple[float, float]:
    centred = x - x.mean()
    slope = float(centred @ (y - y.mean()) / (centred @ centred))
    return slope, float(y.mean() - slope * x.mean())


def _correlation(x: Array, y: Array) -> float:
    across, up = x - x.mean(), y - y.mean()
    if not _varies(y):
        return math.nan
    return float(np.clip(across @ up / math.sqrt(float(across @ across) * float(up @ up)), -1.0, 1.0))


def _varies(values: Array) -> bool:
    return float(np.ptp(values)) > FLAT * float(np.abs(values).max())


def _inside(correlation: npt.ArrayLike) -> Array:
    """Off ±1, where z is infinite, by one unit in the last place."""
    last = 1.0 - np.finfo(np.float64).epsneg
    return np.clip(np.asarray(correlation, dtype=np.float64), -last, last)


def _unknown(n: int) -> Estimate:
    return Estimate(math.nan, math.nan, math.nan, math.nan, n)


def _as_correlation(z: Estimate) -> Estimate:
    r = math.tanh(z.mean)
    return Estimate(r, (1.0 - r * r) * z.se, math.tanh(z.low), math.tanh(z.high), z.n)
