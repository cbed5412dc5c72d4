"""What somebody who knows nothing of an example would answer: one constant for all of them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts import Divergence
from w2s_bench.scoring.arrays import Array, as_column, check_same_shape


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


def no_better_than_constant(better: npt.ArrayLike, errors: npt.ArrayLike, *, shared: bool) -> bool:
    """Whether a teacher is taken for one that knows no more than a constant: where the mean over seeds of what it errs less than
    a constant is not above 0 by more than one standard error.

    One standard error is half-way between a teacher at chance and one that is beyond noise better, so that both are misjudged
    equally often (docs/inference.md has the shares). better, errors: (s,), of each seed that difference and its standard error
    over test examples. shared: seeds share test examples, and their noise does not average out.

        se² = σ² (shared) or σ²/S, plus max(v − σ², 0)/S,    σ² the mean of the squared errors, v the variance over seeds
    """
    found, noise = as_column(better, "differences from a constant"), as_column(errors, "standard errors")
    check_same_shape(found, noise, "differences and their standard errors")
    n = found.size
    examples = float((noise**2).mean())
    seeds = max(float(found.var(ddof=1)) - examples, 0.0) if n > 1 else 0.0
    return float(found.mean()) <= math.sqrt(examples * (1.0 if shared else 1.0 / n) + seeds / n)
