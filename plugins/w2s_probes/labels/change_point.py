"""Where a sorted list of numbers breaks in two."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array


def threshold_of(values: Array) -> float:
    """The smallest number of the upper part when sorted values are cut once into parts with the least sum of squares.

    The one-break segmentation with quadratic cost that Shin et al. (arXiv 2412.03881) take from binary segmentation, over
    every cut. values: (n,), n ≥ 1. Where all are equal, or there is one, nothing lies below the threshold.
    """
    ordered = np.sort(values) - values.mean()
    n = len(ordered)
    if n < 2 or ordered[0] == ordered[-1]:
        return float(values.min())
    sizes = np.arange(1, n)
    lower = ordered.cumsum()[:-1]
    upper = ordered.sum() - lower
    cut = int(sizes[np.argmax(lower**2 / sizes + upper**2 / (n - sizes))])
    return float(np.sort(values)[cut])
