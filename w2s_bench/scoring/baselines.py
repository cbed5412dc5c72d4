"""What somebody who knows nothing of an example would answer: one constant for all of them."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Divergence
from w2s_bench.scoring.arrays import Array


def constant_errors(divergence: Divergence, truth: Array) -> Array:
    """D(y, c) of the best constant c for this very sample, (n,). truth: (n, k), conformed.

    c is the mean of the truth: of every Bregman divergence it is the constant with the least mean D(y, c) (Banerjee, Guo and Wang
    2005, IEEE Transactions on Information Theory 51). So it is the mean of numbers, and the frequencies of classes.
    """
    best = divergence.conform(truth.mean(axis=0, keepdims=True))
    return divergence.between(truth, np.broadcast_to(best, truth.shape))


def majority_right(truth: Array) -> Array:
    """Whether the most frequent class is that of each example, (n,) of 0 and 1; the first of several that are. truth: (n, k)."""
    named = truth.argmax(axis=1)
    right: Array = (named == np.bincount(named, minlength=truth.shape[1]).argmax()).astype(np.float64)
    return right
