"""Shares of examples, and differences of two, with intervals that hold for few of them and near 0 and 1."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from w2s_bench.contracts.errors import DomainError
from w2s_bench.scoring.arrays import as_column, check_same_shape
from w2s_bench.scoring.intervals import Estimate, normal


def share(happened: npt.ArrayLike) -> Estimate:
    """The share of examples (n,), each 0 or 1, in which something happened, with Wilson's interval (Wilson 1927).

    se: that of the mean of n values. Raises ShapeError, and DomainError for another value than 0 and 1.
    """
    values = as_column(happened, "shares")
    if not np.isin(values, (0.0, 1.0)).all():
        raise DomainError("a share counts examples as 0 or 1, and another value was given")
    n, mean = values.size, float(values.mean())
    low, high = share_interval(round(float(values.sum())), n)
    return Estimate(mean, float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan, low, high, n)


def share_interval(count: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of which `count` of n examples are seen; n ≥ 1."""
    p, z = count / n, normal()
    whole = 2 * (n + z**2)
    centre = (2 * n * p + z**2) / whole
    reach = z / whole * math.sqrt(4 * n * p * (1 - p) + z**2)
    return 0.0 if count == 0 else centre - reach, 1.0 if count == n else centre + reach


def share_difference(first: npt.ArrayLike, second: npt.ArrayLike) -> Estimate:
    """How much larger the share of `first` is than that of `second`, both (n,) of 0 and 1 on the same examples, with the interval
    of `paired_difference`. Raises ShapeError, and DomainError for another value."""
    a, b = as_column(first, "shares"), as_column(second, "shares")
    check_same_shape(a, b, "two shares")
    if not (np.isin(a, (0.0, 1.0)).all() and np.isin(b, (0.0, 1.0)).all()):
        raise DomainError("a share counts examples as 0 or 1, and another value was given")
    apart = a - b
    n = a.size
    return paired_difference(float(apart.mean()), float(apart.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan, n)


def paired_difference(mean: float, se: float, n: int) -> Estimate:
    """A mean of n values of −1, 0 and 1 with its standard error, and the interval of Agresti and Min (2005, Statistics in
    Medicine 24): half an example more for each of the four ways in which two sides are right or wrong.

    Such values are hardly ever normal where both sides mostly agree: with no difference among n examples Student's t says 0 ± 0.
    """
    if not math.isfinite(se):
        return Estimate(mean, math.nan, math.nan, math.nan, n)
    differ = n * (n - 1) * se**2 + n * mean**2
    more, fewer = ((differ + sign * n * mean) / 2.0 + 0.5 for sign in (1.0, -1.0))
    whole = n + 2
    middle = (more - fewer) / whole
    spread = math.sqrt(more + fewer - (more - fewer) ** 2 / whole) / whole
    reach = normal() * spread
    return Estimate(mean, se, middle - reach, middle + reach, n, 2.0 * float(ndtr(-abs(middle) / spread)))
