"""A numeric input column as a feature matrix."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, Columns, DataError, Embedding, nearest

_LOST = 1e-5
"""Of a column's standard deviation: what float32 may take from a number of it."""

_WHOLE = 2.0**24
"""Up to here float32 holds whole numbers."""


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
    matrix = values.reshape(len(values), -1).astype(np.float64)
    with np.errstate(over="ignore"):
        features = matrix.astype(np.float32)
    bad = ~np.isfinite(features)
    if bad.any():
        raise DataError(f"the input column {name!r} holds NaN, infinity or numbers beyond float32 "
                        f"(first in example {np.argwhere(bad)[0][0]})", where=where,
                        hint="leave the column out or fill the gaps")
    return matrix if _loses_digits(matrix, features) else features


def numeric_embedding(inputs: Columns, name: str, where: str) -> Embedding:
    """The column as features, in the precision that it needs. Errors as those of `numeric_column`."""
    values = numeric_column(inputs, name, where)
    return Embedding(values, precise=values.dtype == np.float64)


def smallest_share(values: Array) -> float:
    """The share of its mean that a column's deviation must pass, for more than rounding to vary."""
    return 1e-7 if values.dtype == np.float32 else 1e-13


def _loses_digits(matrix: Array, features: Array) -> bool:
    lost = np.abs(matrix - features).max(axis=0, initial=0.0)
    largest = np.abs(matrix).max(axis=0, initial=0.0)
    spread = matrix.std(axis=0) if len(matrix) else np.zeros(matrix.shape[1])
    varies = spread > smallest_share(matrix) * largest
    return bool((varies & (lost > _LOST * spread)).any() or (~varies & (lost > 0.0) & (largest > _WHOLE)).any())


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True
