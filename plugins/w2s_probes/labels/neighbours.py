"""Nearest neighbours of each row among the other rows, exactly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from w2s_bench.contracts import Array, Diverged
from w2s_probes.standardise import check_features, standard_of

HELD = 1 << 24
"""Squared distances that are held at a time."""


def nearest_others(features: Array, count: int, among: Array | None = None) -> Array:
    """Row numbers (n, c) int64 of the c nearest other rows, nearest first; c = min(count, n − 1).

    Distances are Euclidean on standardised features, in float64, so that no column counts for its unit. Equal distances
    go to the earlier row. among: numbers of the rows that are left, all if None; they are then the n rows, counted from 0,
    and stay where they were: all rows of `features` standardise them. Raises Diverged for features that are not finite or for
    a single row.
    """
    check_features(features)
    standard = standard_of(features)
    left = features if among is None else features[among]
    n = len(left)
    if n < 2:
        raise Diverged("a single row has no neighbours", where="neighbours")
    z = standard(left)
    square = (z**2).sum(axis=1)
    count = min(count, n - 1)
    found = np.empty((n, count), dtype=np.int64)
    for rows in _blocks(n):
        distance = square[rows][:, None] + square - 2.0 * (z[rows] @ z.T)
        distance[np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop)] = np.inf
        near = np.sort(np.argpartition(distance, count - 1, axis=1)[:, :count], axis=1)
        order = np.argsort(np.take_along_axis(distance, near, axis=1), axis=1, kind="stable")
        found[rows] = np.take_along_axis(near, order, axis=1)
    return found


def _blocks(n: int) -> Iterator[slice]:
    step = max(1, HELD // n)
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))
