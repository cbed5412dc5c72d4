"""Means with 95 % intervals, from paired per-example values or from seeds.

Squared errors and relative entropies are skewed, and Student's t then covers too little: 87 % at 20 lognormal values, 90 % at
50. So an interval over examples reaches at each end as far as the farther of two: Student's t, and Hall's monotone transformation
of it that takes the skewness out (Hall 1992, "On the removal of skewness by transformation", JRSS B 54):

    T = √n (m − μ) / s,    g = skewness / √n,    H(T) = T + g·T²/3 + g²·T³/27 + g/6

H is the cube ((1 + g·T/3)³ − 1)/g + g/6, so it is inverted in closed form. Where values have no variance, such as squares of a
t₃, no interval of this kind covers; docs/inference.md has the measured coverage of every interval that is printed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr, stdtrit

from w2s_bench.contracts.errors import DomainError
from w2s_bench.scoring.arrays import Array, as_column, as_rows, check_same_shape

CONFIDENCE = 0.95

STEP = 1e-3
"""Step of the numerical gradient, in standard errors of each mean. The standard error of a mean of values ≥
0 is at most that mean, so a step never leaves the domain of a square root, and it is a small relative
change of its argument."""

_NO_SKEW = 1e-8
"""|g| below which the transformation is the identity up to rounding."""


@dataclass(frozen=True)
class Estimate:
    """A mean (or a function of means) with its standard error and its 95 % interval, in the unit of the
    values.

    n: independent values behind it. With n = 1 nothing is known of the spread: se, low and high are NaN. p: two-sided, that the
    true mean is 0; it is below .05 where the interval leaves 0 out. NaN where there is no interval. degrees: of freedom, of
    Student's t behind it.
    """

    mean: float
    se: float
    low: float
    high: float
    n: int
    p: float = math.nan
    degrees: float = math.nan

    @property
    def contains_zero(self) -> bool:
        """Whether 0 cannot be told from the mean; true where there is no interval."""
        return not (self.low > 0.0 or self.high < 0.0)


def estimate(per_example: npt.ArrayLike) -> Estimate:
    """Mean of independent values (n,), such as one an example, with the interval that the module describes.

    For a difference pass the paired differences, never two samples. Raises ShapeError and DomainError.
    """
    values = as_column(per_example, "per-example values")
    return _from_influence(float(values.mean()), values - values.mean())


def across_seeds(values: npt.ArrayLike) -> Estimate:
    """Mean over seeds (s,), one number a seed, with a Student-t interval: wide for 3 seeds, and it covers.

    A seed's number is a mean over many examples and hardly skewed. It holds for seeds that share nothing; see scoring/crossed.py.
    """
    seeds = as_column(values, "values of seeds")
    n = seeds.size
    return around(float(seeds.mean()), float(seeds.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan, n - 1, n=n)


def delta_method(function: Callable[[Array], float], terms: npt.ArrayLike) -> Estimate:
    """`function` of the column means of `terms` (n, m), with the interval of its influence on each example (delta method).

        se² = ∇f(t̄)ᵀ S ∇f(t̄) / n,    S the sample covariance of the rows of `terms`

    The gradient is numerical (central differences). A column that does not vary has no part in it, so that
    sqrt at 0 of a term that is 0 throughout is harmless. Raises ShapeError and DomainError.
    """
    rows = as_rows(terms, "terms")
    n, m = rows.shape
    means = rows.mean(axis=0)
    value = float(function(means))
    if n == 1:
        return around(value, math.nan, 0, n=n)
    centred = rows - means
    steps = STEP * np.sqrt(np.einsum("nm,nm->m", centred, centred) / (n - 1) / n)
    gradient = np.zeros(m)
    for j in np.flatnonzero(steps):
        step = np.zeros(m)
        step[j] = steps[j]
        gradient[j] = (function(means + step) - function(means - step)) / (2.0 * steps[j])
    return _from_influence(value, centred @ gradient)


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Estimate:
    """Ratio of means of paired values (n,) and (n,): r = ā / b̄, Student-t with the se of the mean of (a − r·b) / b̄ (delta
    method).

    Raises ShapeError, and DomainError where the denominator's mean is 0.
    """
    a, b = as_column(numerator, "numerator"), as_column(denominator, "denominator")
    check_same_shape(a, b, "numerator and denominator")
    below = float(b.mean())
    if below == 0.0:
        raise DomainError(
            "the denominator's mean is 0", hint="a ratio of means needs a denominator away from 0"
        )
    value = float(a.mean()) / below
    n = a.size
    influence = (a - value * b) / below
    return around(value, float(influence.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan, n - 1, n=n)


def around(mean: float, se: float, degrees: float, *, n: int, skew: float = 0.0, reach: float | None = None) -> Estimate:
    """The interval of a mean with this standard error on `degrees` of freedom.

    skew: skewness of the estimate's own distribution (that of one value over √n); 0 leaves Student's t alone. reach: standard
    errors to go to each side instead of Student's quantile for `degrees`.
    """
    if not math.isfinite(se) or degrees <= 0.0:
        return Estimate(mean, math.nan, math.nan, math.nan, n)
    t = student_t(degrees) if reach is None else reach
    low = mean - se * max(t, _untransformed(t, skew))
    high = mean + se * max(t, -_untransformed(-t, skew))
    if se == 0.0:
        return Estimate(mean, se, low, high, n, 1.0 if mean == 0.0 else 0.0, degrees)
    apart = mean / se
    scale = 1.0 if reach is None else student_t(degrees) / reach
    least = min(abs(apart), abs(_transformed(apart, skew)) if apart * _transformed(apart, skew) > 0.0 else 0.0)
    return Estimate(mean, se, low, high, n, 2.0 * float(stdtr(degrees, -least * scale)), degrees)


def at_once(found: Estimate, comparisons: int) -> Estimate:
    """The same with an interval that covers with 95 % for so many at once (Bonferroni): each end is moved out by as much as
    Student's t for that confidence is beyond the one for 95 %."""
    if math.isnan(found.low) or comparisons < 2:
        return found
    wider = student_t(found.degrees, 1.0 - (1.0 - CONFIDENCE) / comparisons) / student_t(found.degrees)
    low, high = (found.mean + wider * (end - found.mean) for end in (found.low, found.high))
    return replace(found, low=low, high=high, p=min(1.0, comparisons * found.p))


def student_t(degrees: float, confidence: float = CONFIDENCE) -> float:
    """How many standard errors the interval reaches to each side: Student's t with these degrees of freedom, NaN for 0.

    `scipy.stats` says the same, and takes half a second to import.
    """
    return float(stdtrit(degrees, 0.5 + confidence / 2.0))


def normal() -> float:
    """The same for the normal distribution."""
    return float(ndtri(0.5 + CONFIDENCE / 2.0))


def skewness(centred: Array) -> float:
    """Skewness of values (n,) whose mean is 0, less its bias for small n (G₁, Joanes and Gill 1998); 0 below 3 values or without
    spread."""
    n = centred.size
    spread = float(centred @ centred) / n
    if n < 3 or spread <= 0.0:
        return 0.0
    return float((centred**3).mean()) / math.pow(spread, 1.5) * math.sqrt(n * (n - 1)) / (n - 2)


def _from_influence(value: float, influence: Array) -> Estimate:
    """A value whose error is the mean of `influence` (n,), which has mean 0."""
    n = influence.size
    if n == 1:
        return around(value, math.nan, 0, n=n)
    se = math.sqrt(float(influence @ influence) / (n - 1) / n)
    return around(value, se, n - 1, n=n, skew=skewness(influence) / math.sqrt(n))


def _transformed(t: float, skew: float) -> float:
    """H(T) of the module's head, for g = skew."""
    if abs(skew) < _NO_SKEW:
        return t
    side = 1.0 + skew * t / 3.0
    return (side * side * side - 1.0) / skew + skew / 6.0


def _untransformed(h: float, skew: float) -> float:
    """The T whose H(T) is h."""
    if abs(skew) < _NO_SKEW:
        return h
    return 3.0 / skew * (math.cbrt(1.0 + skew * (h - skew / 6.0)) - 1.0)
