"""A straight line through cells, with intervals that know that cells of one seed share their representations.

Three methods, and a `Line` says which one it rests on:

* "seeds": least squares within each seed; the line is the mean of the seeds' lines, with Student-t intervals over seeds.
  Whatever the cells of a seed share (features, teachers, split) is inside one value, so nothing is counted twice. It is the
  slope *within* a seed: a seed that is better or worse throughout does not bend it. Needs 3 seeds that hold 5 cells.
* "pooled": for smaller seeds, least squares over all cells, and the jackknife that leaves out one seed at a time (the
  cluster form of HC3, MacKinnon and White 1985; CR3 of Bell and McCaffrey 2002), Student-t on seeds − 1 degrees of freedom.
* "cells": for fewer than 3 seeds, least squares over all cells, HC3 intervals with Student-t on n − 2 degrees of freedom and
  1/√(n − 3) for Fisher's z. It takes cells as independent, and is too narrow where cells of one seed move together.

Correlations are averaged and given intervals as Fisher's z = artanh r, less its bias r/(2(n − 1)) (Fisher 1921), where they
are nearly normal. Where x or noise has a heavy tail (both of a few cells), "pooled" and "cells" cover less than they say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts.errors import ShapeError
from w2s_bench.scoring.arrays import Array, as_column, check_same_shape
from w2s_bench.scoring.intervals import Estimate, across_seeds, normal, student_t

SEEDS = 3
"""Seeds from which on an interval is over seeds, by either of two methods."""

CELLS = 5
"""Cells from which on a seed has a line of its own: below, slopes of single seeds have no variance."""

FLAT = 1e-12
"""Spread of x, beside its size, below which all x are one value up to rounding."""


@dataclass(frozen=True)
class Line:
    """y ≈ intercept + slope·x. Slope in units of y/x, intercept in units of y.

    correlation: NaN where y does not vary. over: "seeds", "pooled" or "cells", what the intervals rest on. cells, seeds: how
    many the line was drawn through.
    """

    slope: Estimate
    intercept: Estimate
    correlation: Estimate
    over: str
    cells: int
    seeds: int


def fit_line(x: npt.ArrayLike, y: npt.ArrayLike, seeds: npt.ArrayLike) -> Line | None:
    """The line of y on x (n,) over cells of the given seeds (n,), of any type that can be told apart.

    "seeds" where 3 seeds or more hold 5 cells or more and their x vary (other seeds are left out then), else "pooled" where
    there are 3 seeds and any of them can be left out, else "cells".
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
    if across.size < 3 or not _varies(across):
        return None
    if len(groups) >= SEEDS and all((~group).sum() >= 3 and _varies(across[~group]) for group in groups):
        return _pooled(across, up, groups)
    return _over_cells(across, up, len(groups))


def _over_seeds(parts: list[tuple[Array, Array]]) -> Line:
    found = np.array([(*_least_squares(x, y), _fisher_z(x, y)) for x, y in parts])
    z = across_seeds(found[:, 2]) if np.isfinite(found[:, 2]).all() else _unknown(len(parts))
    return Line(across_seeds(found[:, 0]), across_seeds(found[:, 1]), _as_correlation(z), "seeds",
                sum(x.size for x, _ in parts), len(parts))


def _pooled(x: Array, y: Array, groups: list[npt.NDArray[np.bool_]]) -> Line:
    """se² = (S − 1)/S · Σ_s (θ_(s) − mean)², θ_(s) the line through all cells but those of seed s."""
    n = len(groups)
    whole = np.array([*_least_squares(x, y), _fisher_z(x, y)])
    without = np.array([(*_least_squares(x[~group], y[~group]), _fisher_z(x[~group], y[~group])) for group in groups])
    errors = np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    reach = student_t(n - 1) * errors
    slope, intercept, z = (Estimate(float(value), float(error), float(value - far), float(value + far), n)
                           for value, error, far in zip(whole, errors, reach, strict=True))
    return Line(slope, intercept, _as_correlation(z), "pooled", x.size, n)


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
    reach = student_t(n - 2)
    z, z_error = _fisher_z(x, y), 1.0 / math.sqrt(n - 3) if n > 3 else math.nan
    z_reach = normal() * z_error
    steep, height = (Estimate(value, error, value - reach * error, value + reach * error, n)
                     for value, error in ((slope, float(errors[0])), (intercept, float(errors[1]))))
    return Line(steep, height, _as_correlation(Estimate(z, z_error, z - z_reach, z + z_reach, n)), "cells", n, seeds)


def _least_squares(x: Array, y: Array) -> tuple[float, float]:
    centred = x - x.mean()
    slope = float(centred @ (y - y.mean()) / (centred @ centred))
    return slope, float(y.mean() - slope * x.mean())


def _fisher_z(x: Array, y: Array) -> float:
    """artanh r less its bias, held off r = ±1, where it is infinite, by one unit in the last place; NaN where y is flat."""
    across, up = x - x.mean(), y - y.mean()
    if not _varies(y):
        return math.nan
    last = 1.0 - float(np.finfo(np.float64).epsneg)
    r = min(max(float(across @ up) / math.sqrt(float(across @ across) * float(up @ up)), -last), last)
    return math.atanh(r) - r / (2.0 * (x.size - 1))


def _varies(values: Array) -> bool:
    return float(np.ptp(values)) > FLAT * float(np.abs(values).max())


def _unknown(n: int) -> Estimate:
    return Estimate(math.nan, math.nan, math.nan, math.nan, n)


def _as_correlation(z: Estimate) -> Estimate:
    r = math.tanh(z.mean)
    return Estimate(r, (1.0 - r * r) * z.se, math.tanh(z.low), math.tanh(z.high), z.n)
