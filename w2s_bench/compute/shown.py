"""What a model is shown of a task's inputs: the columns as they are, or of pairs each distinct one, to be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_bench.contracts import Array, Columns, Model, can, one_by_one, pair_names
from w2s_bench.contracts.errors import DataError, PluginError


@dataclass(frozen=True)
class Shown:
    """columns: what the model reads. pairs: (2, n), the rows of it that are the first and the second of each pair, or None."""

    columns: Columns
    pairs: Array | None = None

    def compared(self, values: Array, label: str) -> Array:
        """Features (n, d) of what was read; of pairs those of the first less those of the second.

        Raises DataError where the model tells no first from its second.
        """
        if self.pairs is None:
            return values
        differences: Array = values[self.pairs[0]] - values[self.pairs[1]]
        if not differences.any():
            raise DataError(f"tells no first from its second: all {len(differences)} differences of features are 0", where=label,
                            hint="it sees nothing of what differs: texts are cut at its context before, or words are no feature")
        return differences

    def either(self, marked: Array) -> Array:
        """Which inputs are marked, (n,) bool; pairs where one of the two is."""
        return marked if self.pairs is None else np.asarray(marked[self.pairs].any(axis=0))


def shown_to(model: Model, label: str, columns: Columns) -> Shown:
    """What a model is shown. Answers that were made elsewhere are about a pair, and are not compared.

    Raises PluginError for a column that is not there, or of which a pair has one.
    """
    names = pair_names(columns)
    if not names or (can(model, "answers") and model.column in columns):
        if model.column and model.column not in columns:
            raise PluginError(f"{label} reads the column {model.column!r}; the task has {', '.join(columns)}")
        return Shown(columns)
    if model.column and model.column not in names:
        raise PluginError(f"{label} reads the column {model.column!r}, and what is compared is {', '.join(names)}")
    whole = one_by_one(columns)
    cells = list(zip(*(_hashable(whole[name]) for name in names), strict=True))
    place = {cell: row for row, cell in enumerate(dict.fromkeys(cells))}
    places = np.array([place[cell] for cell in cells])
    first_met = np.unique(places, return_index=True)[1]
    return Shown({name: whole[name][first_met] for name in names}, places.reshape(2, -1))


def _hashable(column: Array) -> list[Any]:
    return [tuple(row) for row in column.tolist()] if column.ndim == 2 else column.tolist()
