"""The array type of this package and the two checks made where arrays come in."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from w2s_bench.scoring.errors import DomainError, ShapeError

Array: TypeAlias = npt.NDArray[np.float64]


def as_rows(values: npt.ArrayLike, name: str) -> Array:
    """`values` as float64 of shape (n, k); (n,) becomes (n, 1).

    Raises ShapeError for other shapes or no example, DomainError for NaN or infinity.
    """
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or rows.size == 0:
        raise ShapeError(f"{name} has shape {rows.shape}", hint="expected (n, k) with n, k ≥ 1, or (n,)")
    return _finite(rows, name)


def as_column(values: npt.ArrayLike, name: str) -> Array:
    """`values` as float64 of shape (n,). Errors as for `as_rows`."""
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or column.size == 0:
        raise ShapeError(
            f"{name} has shape {column.shape}", hint="expected (n,) with n ≥ 1: one number an example"
        )
    return _finite(column, name)


def check_same_shape(first: Array, second: Array, names: str) -> None:
    """Raise ShapeError unless the two arrays have one shape. `names` says which two, for the message."""
    if first.shape != second.shape:
        raise ShapeError(
            f"{names} have shapes {first.shape} and {second.shape}", hint="every difference is paired"
        )


def _finite(values: Array, name: str) -> Array:
    bad = np.count_nonzero(~np.isfinite(values))
    if bad:
        raise DomainError(f"{name} holds {bad} value(s) that are NaN or infinite")
    return values
