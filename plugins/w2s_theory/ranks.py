"""Ranks of values."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array

TIED = 1e-12
"""Share of the largest of values below which a step from one to the next is rounding, and no order."""


def tied(values: Array) -> Array:
    """The values (n,) with those made one that only rounding tells apart, such as means of one set of labels in another order."""
    order = np.argsort(values, kind="stable")
    apart = np.diff(values[order]) > TIED * np.abs(values).max()
    steps: Array = np.empty(len(values))
    steps[order] = np.concatenate([[0.0], np.cumsum(apart)])
    return steps


def midranks(values: Array) -> Array:
    """Ranks (n,) from 1, float64; equal values have the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(count) - (count - 1) / 2.0)[place]
    return ranks
