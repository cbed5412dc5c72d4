"""A straight line through configurations, with intervals that know that the cells of one seed share their representations.

A configuration is one choice of all but the seed. Cells of one configuration that differ in the seed differ by noise, and x and y
share that noise (gain and misfit do): a line through them is a line through noise. So a line goes through at least 3
configurations, whose x differ by more than noise, and never through the seeds of one. Draws of a task with another truth
each are points of their own. Four methods, and a `Line` says which one it rests on:

* "means": least squares through the configurations' means over seeds, where noise is averaged out of x and y alike, and the
  jackknife that leaves out one seed at a time, Student-t on seeds − 1 degrees of freedom. It speaks of these configurations and
  new seeds. Needs 3 seeds.
* "seeds": where points are draws, which are others in each seed, or seeds lack some configurations: least squares within each
  seed; the line is the mean of the seeds' lines, with Student-t intervals over seeds. Whatever the cells of a seed share
  (features, teachers, split) is inside one value, so nothing is counted twice, and a seed that is better or worse throughout
  does not bend it. Needs 3 seeds that hold 5 points.
* "configurations": for fewer than 3 seeds, least squares through the same means, taken as independent; HC3 intervals with
  Student-t on n − 2 degrees of freedom and 1/√(n − 3) for Fisher's z. Too narrow where configurations move together.
* "task sets": the same through the means of 8 task sets or more, one value each; fewer have no line of their own.

Correlations are averaged and given intervals as Fisher's z = artanh r, less its bias r/(2(n − 1)) (Fisher 1921), where they
are nearly normal. Where noise has a heavy tail "means" and "configurations" cover less than they say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, fdtri

from w2s_bench.contracts.errors import ShapeError
from w2s_bench.scoring.arrays import Array, as_column, check_same_shape
from w2s_bench.scoring.intervals import CONFIDENCE, Estimate, across_seeds, normal, student_t

SEEDS = 3
"""Seeds from which on an interval is over seeds, by either of two methods."""

LEAST = 3
"""Configurations below which there is no line."""

WITHIN = 5
"""Points from which on a seed has a line of its own: below, slopes of single seeds have no variance."""

ENOUGH_TASKS = 8
"""Task sets from which on a statement may pool them."""

FLAT = 1e-12
"""Spread of x, beside its size, below which all x are one value up to rounding."""

_LABELS = ("seeds", "configurations", "models", "task_sets")
_ROUNDS = 200


@dataclass(frozen=True)
class Line:
    """y ≈ intercept + slope·x. Slope in units of y/x, intercept in units of y.

    correlation: NaN where y does not vary. over: "seeds", "means", "configurations" or "task sets", what the intervals rest
    on. points, seeds: through how many configurations, draws or task sets it goes, and over how many seeds.
    """

    slope: Estimate
    intercept: Estimate
    correlation: Estimate
    over: str
    points: int
    seeds: int


@dataclass(frozen=True)
class Cells:
    """What a line is drawn through, (n,) each, of which all but x and y are labels of any type that can be told apart.

    task_sets: errors of two have no common unit. configurations: all but the seed, the draw of a task set among it.
    models: the same without the draw. x_error: standard errors of x, NaN where unknown.
    """

    x: npt.ArrayLike
    y: npt.ArrayLike
    seeds: npt.ArrayLike
    configurations: npt.ArrayLike
    models: npt.ArrayLike
    task_sets: npt.ArrayLike
    x_error: npt.ArrayLike


def fit_line(cells: Cells) -> Line | None:
    """The line of y on x, by the method that the cells allow (see above); None where there is none.

    There is none through fewer than 3 configurations, through x that do not vary beyond noise, and through 2 to 7 task sets.
    Raises ShapeError and DomainError.
    """
    x, y = as_column(cells.x, "x"), as_column(cells.y, "y")
    check_same_shape(x, y, "x and y")
    seeds, points, models, sets = (_codes(getattr(cells, name), x, name) for name in _LABELS)
    if sets.max() > 0:
        across, up = _mean_by(sets, x), _mean_by(sets, y)
        enough = across.size >= ENOUGH_TASKS and _varies(across)
        return _over_points(across, up, "task sets", int(seeds.max()) + 1) if enough else None
    table = _averaged(x, y, seeds, points)
    if not _beyond_noise(cells, _averaged(x, y, seeds, models), points, models):
        return None
    same = table.full and not _of_draws(points, models)
    large = [] if same else [part for part in table.by_seed() if part[0].size >= WITHIN and _varies(part[0])]
    if len(large) >= SEEDS:
        return _over_seeds(large)
    across, up = table.means()
    if across.size < LEAST or not _varies(across):
        return None
    count = int(seeds.max()) + 1
    kept = [table.without(seed) for seed in range(count)] if count >= SEEDS else []
    if kept and all(np.unique(left.points).size >= LEAST and _varies(left.means()[0]) for left in kept):
        return _over_left_out(table, kept)
    return _over_points(across, up, "configurations", count)


def _beyond_noise(cells: Cells, of_models: _Points, points: npt.NDArray[np.intp], models: npt.NDArray[np.intp]) -> bool:
    """Whether x varies beyond noise: between models beyond that of seeds, or, where a model has 3 draws or more, whose truths
    differ from seed to seed, or one seed, within seeds beyond its standard errors."""
    several = of_models.seeds.max() > 0 and not _of_draws(points, models)
    told = _beyond_seeds(of_models) if several else None
    if told is not None:
        return told
    x = as_column(cells.x, "x")
    error = np.asarray(cells.x_error, dtype=np.float64)
    check_same_shape(x, error, "x and its errors")
    return _beyond_error(x, error, _codes(cells.seeds, x, "seeds"))


def _of_draws(points: npt.NDArray[np.intp], models: npt.NDArray[np.intp]) -> bool:
    """Whether any model has 3 draws or more."""
    drawn = np.unique(np.column_stack([models, points]), axis=0)[:, 0]
    return bool(np.bincount(drawn).max() >= LEAST)


@dataclass(frozen=True)
class _Points:
    """Values of points (configurations and draws) in seeds, one a pair of them, (n,) each; labels are numbers from 0."""

    x: Array
    y: Array
    seeds: npt.NDArray[np.intp]
    points: npt.NDArray[np.intp]

    @property
    def full(self) -> bool:
        """Whether every seed holds every point."""
        return self.x.size == (int(self.seeds.max()) + 1) * (int(self.points.max()) + 1)

    def by_seed(self) -> Iterator[tuple[Array, Array]]:
        """x and y of the points of each seed."""
        for seed in range(int(self.seeds.max()) + 1):
            mine = self.seeds == seed
            yield self.x[mine], self.y[mine]

    def means(self) -> tuple[Array, Array]:
        """x and y of each point over its seeds."""
        points = np.unique(self.points, return_inverse=True)[1]
        return _mean_by(points, self.x), _mean_by(points, self.y)

    def without(self, seed: int) -> _Points:
        """The points but for this seed."""
        kept = self.seeds != seed
        return _Points(self.x[kept], self.y[kept], self.seeds[kept], self.points[kept])


def _averaged(x: Array, y: Array, seeds: npt.NDArray[np.intp], points: npt.NDArray[np.intp]) -> _Points:
    """One value for each point and seed."""
    pairs, place = np.unique(np.column_stack([points, seeds]), axis=0, return_inverse=True)
    place = place.reshape(-1)
    return _Points(_mean_by(place, x), _mean_by(place, y), pairs[:, 1], pairs[:, 0])


def _beyond_seeds(cells: _Points) -> bool | None:
    """Whether x differs between the points by more than the noise of their seeds: F of the two-way model x = point + seed at
    5 %. None where nothing is left to tell the noise from."""
    points, seeds = int(cells.points.max()) + 1, int(cells.seeds.max()) + 1
    above, below = points - 1, cells.x.size - points - seeds + 1
    if above == 0:
        return False
    if below <= 0:
        return None
    of_seeds = cells.x - _mean_by(cells.seeds, cells.x)[cells.seeds]
    whole, rest = float(of_seeds @ of_seeds), _unexplained(cells)
    if rest <= (FLAT * float(np.abs(cells.x).max())) ** 2 * cells.x.size:
        return _varies(cells.x)
    return (whole - rest) / above > float(fdtri(above, below, CONFIDENCE)) * rest / below


def _unexplained(cells: _Points) -> float:
    """What the sums of a point's and a seed's part leave of x, squared and summed: means are taken out in turn until nothing
    moves, once for a full table."""
    left = cells.x - cells.x.mean()
    for _ in range(_ROUNDS):
        before = float(left @ left)
        left = left - _mean_by(cells.points, left)[cells.points]
        left = left - _mean_by(cells.seeds, left)[cells.seeds]
        if before - float(left @ left) <= FLAT * before:
            break
    return float(left @ left)


def _beyond_error(x: Array, error: Array, seeds: npt.NDArray[np.intp]) -> bool:
    """Whether x differs within the seeds by more than its standard errors: χ² at 5 %. Where an error is unknown or 0, whether
    it differs at all."""
    apart = x - _mean_by(seeds, x)[seeds]
    degrees = x.size - int(seeds.max()) - 1
    if degrees <= 0 or not _varies(x):
        return False
    if not (np.isfinite(error) & (error > 0.0)).all():
        return float(np.abs(apart).max()) > FLAT * float(np.abs(x).max())
    weight = error**-2.0
    middle = (np.bincount(seeds, weight * x) / np.bincount(seeds, weight))[seeds]
    return float(weight @ (x - middle) ** 2) > float(chdtri(degrees, 1.0 - CONFIDENCE))


def _over_seeds(parts: list[tuple[Array, Array]]) -> Line:
    found = np.array([(*_least_squares(x, y), _fisher_z(x, y)) for x, y in parts])
    z = across_seeds(found[:, 2]) if np.isfinite(found[:, 2]).all() else _unknown(len(parts))
    return Line(across_seeds(found[:, 0]), across_seeds(found[:, 1]), _as_correlation(z), "seeds",
                max(x.size for x, _ in parts), len(parts))


def _over_left_out(table: _Points, kept: list[_Points]) -> Line:
    """se² = (S − 1)/S · Σ_s (θ_(s) − mean)², θ_(s) the line through the means over all seeds but s."""
    n = len(kept)
    x, y = table.means()
    whole = np.array([*_least_squares(x, y), _fisher_z(x, y)])
    without = np.array([(*_least_squares(*left.means()), _fisher_z(*left.means())) for left in kept])
    errors = np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    reach = student_t(n - 1) * errors
    slope, intercept, z = (Estimate(float(value), float(error), float(value - far), float(value + far), n)
                           for value, error, far in zip(whole, errors, reach, strict=True))
    return Line(slope, intercept, _as_correlation(z), "means", x.size, n)


def _over_points(x: Array, y: Array, over: str, seeds: int) -> Line:
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
    return Line(steep, height, _as_correlation(Estimate(z, z_error, z - z_reach, z + z_reach, n)), over, n, seeds)


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


def _mean_by(labels: npt.NDArray[np.intp], values: Array) -> Array:
    """The mean of the values of each label, which are numbers from 0."""
    means: Array = np.bincount(labels, values) / np.bincount(labels)
    return means


def _codes(labels: npt.ArrayLike, like: Array, name: str) -> npt.NDArray[np.intp]:
    """Labels as numbers from 0."""
    given = np.asarray(labels)
    if given.shape != like.shape:
        raise ShapeError(f"{name} have shape {given.shape}, cells {like.shape}", hint="one label a cell")
    return np.unique(given, return_inverse=True)[1].reshape(-1)
