"""Arrays lent to a component: copies, so that what it changes in place stays with it.

The arrays that a worker keeps are read by other jobs too. A flag that forbids writing would not do: torch writes through it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from w2s_bench.contracts import Array, Columns, mapped
from w2s_bench.contracts.mapped import RowsOf


def lent(arrays: Mapping[str, Array]) -> Mapping[str, Array]:
    """A copy of each array; of what is larger than memory together, numbers are views that cannot be written."""
    if isinstance(arrays, RowsOf):
        return arrays.afresh()
    if sum(array.nbytes for array in arrays.values()) < mapped.LARGE:
        return {name: np.array(array) for name, array in arrays.items()}
    return {name: np.array(array) if array.dtype.hasobject else mapped.unwritable(array) for name, array in arrays.items()}


class Loan:
    """What one call of a component is lent: an array that several problems of a batch share is copied once."""

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}
        self._columns: dict[str, Columns] = {}

    def array(self, name: str, copy: Callable[[], Array]) -> Array:
        """The copy of that name, made when it is asked for first."""
        if name not in self._arrays:
            self._arrays[name] = copy()
        return self._arrays[name]

    def columns(self, name: str, columns: Columns) -> Columns:
        """Copies of input columns, by a name that is theirs alone."""
        if name not in self._columns:
            self._columns[name] = lent(columns)
        return self._columns[name]
