"""Which rows of the transfer split hold the truth, for a strategy that declares a `truth_share`."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, generator_for


def known_rows(n: int, share: float, seed: int) -> Array:
    """(n,) bool, drawn by the seed of the fit."""
    known = np.zeros(n, dtype=bool)
    known[generator_for("known truth", seed=seed).permutation(n)[:round(share * n)]] = True
    return known
