"""Rows of the probability simplex, (n, k): checked, and kept away from 0 where a logarithm is taken."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import ROW_SUM_TOLERANCE, Array, DomainError, as_rows

KL_CLIP = 1e-7
"""Predicted probabilities are clipped to [KL_CLIP, 1] and renormalised before a logarithm is taken."""

ROUNDING = 1e-15
"""A few roundings of a number of size 1."""


def distribution(values: Array) -> Array:
    """`values` as float64 (n, k), each row ≥ 0 with sum 1. Raises ShapeError and DomainError."""
    rows = as_rows(values, "probabilities")
    sums = rows.sum(axis=1)
    bad = (rows.min(axis=1) < -1e-9) | (np.abs(sums - 1.0) > ROW_SUM_TOLERANCE)
    if bad.any():
        row = int(np.argmax(bad))
        raise DomainError(f"{int(bad.sum())} row(s) are no distribution; row {row} sums to {sums[row]:.6g}, "
                          f"its least entry is {rows[row].min():.3g}",
                          hint="brier and kl want probabilities: (n, k) rows that are ≥ 0 and sum to 1")
    return rows


def clipped_distribution(values: Array) -> Array:
    """The same with no entry below about KL_CLIP, renormalised. Twice is once. Raises ShapeError and DomainError."""
    rows = distribution(values)
    # Clipping lifts the sum to at most 1 + k·KL_CLIP, so this is the least entry that an already conformed row has.
    floor = KL_CLIP / (1.0 + rows.shape[1] * KL_CLIP)
    if rows.min() >= floor * (1.0 - 1e-9) and np.abs(rows.sum(axis=1) - 1.0).max() <= 1e-12:
        return rows
    normal = np.maximum(rows, 0.0)
    normal = normal / normal.sum(axis=1, keepdims=True)
    untouched = normal.min(axis=1, keepdims=True) >= floor * (1.0 - 1e-9)
    clipped = np.clip(normal, KL_CLIP, 1.0)
    conformed: Array = np.where(untouched, normal, clipped / clipped.sum(axis=1, keepdims=True))
    return conformed


def squared_oscillation(student: Array, weak: Array) -> Array:
    """(max_k − min_k of ln(f_sw,k / f_w,k))², (n,): how far the student moves the log-odds of its teacher. Both (n, k), > 0."""
    log_ratio = np.log(student) - np.log(weak)
    squares: Array = (log_ratio.max(axis=1) - log_ratio.min(axis=1)) ** 2
    return squares
