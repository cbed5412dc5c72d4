"""Means with 95 % intervals, from paired per-example values or from seeds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from w2s_bench.contracts.errors import DomainError
from w2s_bench.scoring.arrays import Array, as_column, as_rows, check_same_shape

CONFIDENCE = 0.95

STEP = 1e-3
"""Step of the numerical gradient, in standard errors of each mean. The standard error of a mean of values ≥
0 is at most that mean, so a step never leaves the domain of a square root, and it is a small relative
change of its argument."""


@dataclass(frozen=True)
class Estimate:
    """A mean (or a function of means) with its standard error and its 95 % interval, in the unit of the
    values.

    n: independent values behind it. With n = 1 nothing is known of the spread: se, low and high are NaN.
    """

    mean: float
    se: float
    low: float
    high: float
    n: int

    @property
    def contains_zero(self) -> bool:
        """Whether 0 cannot be told from the mean; true where there is no interval."""
        return not (self.low > 0.0 or self.high < 0.0)


def estimate(per_example: npt.ArrayLike) -> Estimate:
    """Mean of independent values (n,) with a Student-t interval on n − 1 degrees of freedom.

    For a difference pass the paired differences, never two samples. Raises ShapeError and DomainError.
    """
    values = as_column(per_example, "per-example values")
    return _around(float(values.mean()), _standard_error(values), values.size)


def across_seeds(values: npt.ArrayLike) -> Estimate:
    """Mean over seeds (s,), one number a seed, with a Student-t interval: wide for 3 seeds, and it covers."""
    return estimate(values)


def delta_method(function: Callable[[Array], float], terms: npt.ArrayLike) -> Estimate:
    """`function` of the column means of `terms` (n, m), with the delta-method interval of paired columns.

        se² = ∇f(t̄)ᵀ S ∇f(t̄) / n,    S the sample covariance of the rows of `terms`

    The gradient is numerical (central differences). A column that does not vary has no part in it, so that
    sqrt at 0 of a term that is 0 throughout is harmless. Raises ShapeError and DomainError.
    """
    rows = as_rows(terms, "terms")
    n, m = rows.shape
    means = rows.mean(axis=0)
    value = float(function(means))
    if n == 1:
        return _around(value, math.nan, n)
    centred = rows - means
    steps = STEP * np.sqrt(np.einsum("nm,nm->m", centred, centred) / (n - 1) / n)
    gradient = np.zeros(m)
    for j in np.flatnonzero(steps):
        step = np.zeros(m)
        step[j] = steps[j]
        gradient[j] = (function(means + step) - function(means - step)) / (2.0 * steps[j])
    influence = centred @ gradient
    return _around(value, float(np.sqrt(influence @ influence / (n - 1) / n)), n)


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Estimate:
    """Ratio of means of paired values (n,) and (n,): r = ā / b̄, se of the mean of (a − r·b) / b̄ (delta
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
    return _around(value, _standard_error(influence), n)


def student_t(degrees: int) -> float:
    """How many standard errors the 95 % interval reaches to each side: Student's t with these degrees of freedom, NaN for 0.

    `scipy.stats` says the same, and takes half a second to import.
    """
    return float(stdtrit(degrees, 0.5 + CONFIDENCE / 2.0))


def normal() -> float:
    """The same for the normal distribution."""
    return float(ndtri(0.5 + CONFIDENCE / 2.0))


def _standard_error(values: Array) -> float:
    n = values.size
    return float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan


def _around(mean: float, se: float, n: int) -> Estimate:
    reach = student_t(n - 1) * se if n > 1 else math.nan
    return Estimate(mean, se, mean - reach, mean + reach, n)
