"""Arrays too large for memory lie in a file without a name, which is gone when nothing reads it any more."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts import Array
from w2s_bench.store import unnamed


def roomy(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """An array to be filled: in memory, or from LARGE bytes on mapped from a file in the folder for temporary files.

    Raises StoreError where the disk has no room for it, rather than when it is written.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size < unnamed.LARGE:
        return np.empty(shape, dtype=dtype)
    with unnamed.unnamed_file(size) as file:
        return np.memmap(file, dtype=dtype, mode="r+", shape=shape)


def gathered(array: Array, rows: Array) -> Array:
    """array[rows], in a file where it is large."""
    found = roomy((len(rows), *array.shape[1:]), array.dtype)
    if not isinstance(found, np.memmap):
        return np.asarray(array[rows])
    step = max(unnamed.LARGE // max(found[:1].nbytes, 1) // 8, 1)
    for start in range(0, len(rows), step):
        found[start:start + step] = array[rows[start:start + step]]
    return found


def unwritable(array: Array) -> Array:
    """A view of an array that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view
