"""Many comparisons in one table: which of them may be called beyond noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LEVEL = 0.05
"""Share of what is called beyond noise that is expected to be noise (false discovery rate)."""


def beyond_noise(p: npt.ArrayLike, level: float = LEVEL) -> npt.NDArray[np.bool_]:
    """Which of the p-values (m,) stand when the false discovery rate is held to `level` (Benjamini and Hochberg 1995).

    The k smallest stand, for the largest k with p_(k) ≤ k·level/m. Where every null is true any of them stands with probability
    `level` or less, for independent or positively dependent tests. NaN, a comparison without an interval, counts as no test and
    never stands.
    """
    values = np.asarray(p, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(values))
    order = tested[np.argsort(values[tested], kind="stable")]
    met = np.flatnonzero(values[order] <= level * np.arange(1, order.size + 1) / max(order.size, 1))
    stands = np.zeros(values.shape, dtype=np.bool_)
    if met.size:
        stands[order[: met[-1] + 1]] = True
    return stands
