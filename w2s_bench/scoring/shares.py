"""Shares of examples with intervals that hold for few of them and near 0 and 1."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts.errors import DomainError
from w2s_bench.scoring.arrays import as_column
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
