"""Truth that was changed so that whoever read it is known by it: what a label canary is fed."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, Output, generator_for, scored_as

_CHANGED = 0.75
"""Share of the labels of classes that are others afterwards."""


def poisoned(truth: Array, output: Output, keep: Array | None = None) -> Array:
    """Labels of the same kind as truth (n, k) that say something else, example by example and as a whole: their mean, their order
    and what they are paired with.

    keep: (n,) bool, rows that stay as they are. Labels of a kind that is neither numbers nor classes go to other examples, which
    every kind of output allows. Constant labels of such a kind cannot be changed, and are given back as they are.
    """
    n = len(truth)
    drawn = generator_for("poisoned truth", n=n)
    kind = scored_as(output)
    if kind == "classes":
        changed = np.where((drawn.random(n) < _CHANGED)[:, None], np.roll(truth, 1, axis=1), truth)
    elif kind == "regression":
        spread = truth.std(axis=0) + (truth.std(axis=0) == 0.0)
        changed = truth.mean(axis=0) + 3.0 * spread - 2.0 * (truth - truth.mean(axis=0)) + spread * drawn.normal(size=truth.shape)
    else:
        changed = np.roll(truth, n // 2, axis=0)
    return changed if keep is None else np.where(keep[:, None], truth, changed)
