"""A numeric input column as a feature matrix."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, Columns, DataError, Embedding, nearest, roomy, row_slices

_LOST = 1e-5
"""Of a column's standard deviation: what float32 may take from a number of it."""

_WHOLE = 2.0**24
"""Up to here float32 holds whole numbers."""

MANY = 1 << 24
"""Numbers from which a column is looked at by blocks of rows."""


def numeric_column(inputs: Columns, name: str, where: str) -> Array:
    """inputs[name] as (n, d): float32, or float64 where float32 would take digits from numbers that differ by them, as from codes
    and times. Raises DataError for an absent column, text, or values not finite.
    """
    if name not in inputs:
        raise DataError(f"the task has no input column {name!r}", where=where, hint=nearest(name, inputs))
    values = np.asarray(inputs[name])
    if values.dtype.kind not in "fiub" or values.ndim not in (1, 2):
        row = next((row for row, value in enumerate(values) if not _is_number(value)), 0)
        raise DataError(f"the column {name!r} holds text, not numbers: {str(values[row])!r} in example {row + 1}", where=where,
                        hint="choose a numeric column, or a model that reads text")
    given = values.reshape(len(values), -1)
    if given.size >= MANY or given.dtype == np.float32:
        return _by_blocks(given, name, where)
    matrix = given.astype(np.float64)
    with np.errstate(over="ignore"):
        features = matrix.astype(np.float32)
    _check_finite(features, 0, name, where)
    lost, largest = np.abs(matrix - features).max(axis=0, initial=0.0), np.abs(matrix).max(axis=0, initial=0.0)
    spread = matrix.std(axis=0) if len(matrix) else np.zeros(matrix.shape[1])
    return matrix if _loses_digits(lost, largest, spread) else features


def mean_and_deviation(given: Array) -> tuple[Array, Array]:
    """Of each column (d,), in float64; of many numbers by blocks of rows."""
    if given.size < MANY:
        x = given.astype(np.float64)
        return x.mean(axis=0), x.std(axis=0)
    mean = sum(given[rows].astype(np.float64).sum(axis=0) for rows in row_slices(len(given))) / len(given)
    square = sum(((given[rows].astype(np.float64) - mean) ** 2).sum(axis=0) for rows in row_slices(len(given)))
    return mean, np.sqrt(square / len(given))


def _by_blocks(given: Array, name: str, where: str) -> Array:
    """As `numeric_column`, without a copy in memory; what is float32 stays where it is."""
    d = given.shape[1]
    lost, largest = np.zeros(d), np.zeros(d)
    narrow = given.dtype == np.float32
    features = given if narrow else roomy(given.shape, np.float32)
    for rows in row_slices(len(given)):
        block = given[rows]
        with np.errstate(over="ignore"):
            features_here = block.astype(np.float32)
        _check_finite(features_here, rows.start, name, where)
        if not narrow:
            features[rows] = features_here
            block = block.astype(np.float64)
            lost = np.maximum(lost, np.abs(block - features_here).max(axis=0))
            largest = np.maximum(largest, np.abs(block).max(axis=0))
    if narrow or not lost.any() or not _loses_digits(lost, largest, mean_and_deviation(given)[1]):
        return features
    return given.astype(np.float64, copy=False)


def _check_finite(features: Array, before: int, name: str, where: str) -> None:
    bad = ~np.isfinite(features)
    if bad.any():
        raise DataError(f"the input column {name!r} holds NaN, infinity or numbers beyond float32 "
                        f"(first in example {before + np.argwhere(bad)[0][0]})", where=where,
                        hint="leave the column out or fill the gaps")


def numeric_embedding(inputs: Columns, name: str, where: str) -> Embedding:
    """The column as features, in the precision that it needs. Errors as those of `numeric_column`."""
    values = numeric_column(inputs, name, where)
    return Embedding(values, precise=values.dtype == np.float64)


def smallest_share(values: Array) -> float:
    """The share of its mean that a column's deviation must pass, for more than rounding to vary."""
    return 1e-7 if values.dtype == np.float32 else 1e-13


def _loses_digits(lost: Array, largest: Array, spread: Array) -> bool:
    """lost, largest, spread: of each column (d,), what float32 takes from a number at most, the largest, the deviation."""
    varies = spread > smallest_share(spread) * largest
    return bool((varies & (lost > _LOST * spread)).any() or (~varies & (lost > 0.0) & (largest > _WHOLE)).any())


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True
