"""The shapes that scoring meets: (n, k) values of n examples, and (n,) one number an example, in float64 and finite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from w2s_bench.contracts.errors import DomainError, ShapeError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def as_rows(values: npt.ArrayLike, name: str) -> Floats:
    """`values` as float64 of shape (n, k); (n,) becomes (n, 1). name: what they are, for the message.

    Raises ShapeError for other shapes or no example, DomainError for NaN or infinity.
    """
    import numpy as np

    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or rows.size == 0:
        raise ShapeError(f"{name} has shape {rows.shape}", hint="expected (n, k) with n, k ≥ 1, or (n,)")
    return _finite(rows, name)


def as_column(values: npt.ArrayLike, name: str) -> Floats:
    """`values` as float64 of shape (n,). Errors as for `as_rows`."""
    import numpy as np

    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or column.size == 0:
        raise ShapeError(f"{name} has shape {column.shape}", hint="expected (n,) with n ≥ 1: one number an example")
    return _finite(column, name)


def check_same_shape(first: Floats, second: Floats, names: str) -> None:
    """Raise ShapeError unless the two arrays have one shape. `names` says which two, for the message."""
    if first.shape != second.shape:
        raise ShapeError(f"{names} have shapes {first.shape} and {second.shape}", hint="every difference is paired")


def _finite(values: Floats, name: str) -> Floats:
    import numpy as np

    bad = np.count_nonzero(~np.isfinite(values))
    if bad:
        raise DomainError(f"{name} holds {bad} value(s) that are NaN or infinite")
    return values
