"""Ranks of values."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array


def midranks(values: Array) -> Array:
    """Ranks (n,) from 1, float64; equal values have the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(count) - (count - 1) / 2.0)[place]
    return ranks
