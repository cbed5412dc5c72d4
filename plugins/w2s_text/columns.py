"""Columns of a table that a person chose: of texts, and how long they are; of ids."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from w2s_bench.contracts import Array, DataError, Table, UsageError


def texts(table: Table, name: str) -> Array:
    """The column as (n,) object array of str; empty ones too. Raises DataError for a missing value, and for half a character
    (a lone surrogate), as a cut through an emoji leaves it in JSON.
    """
    values = table.column(name, "text")
    column = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise DataError(f"{name} of {table.row(index)} is {value!r}, not text", where=table.source,
                            hint="drop the row, or write the column as text")
        column[index] = value
    return column


def chosen_column(table: Table, wanted: str, automatic: str) -> str | None:
    """The column that a parameter chooses: by name, `auto` for the one called `automatic` where there is one, `none` for none.

    Raises DataError for a name that is no column.
    """
    if wanted == "none" or (wanted == "auto" and automatic not in table.columns):
        return None
    column = automatic if wanted == "auto" else wanted
    table.column(column)
    return column


def ids_of(table: Table, wanted: str) -> Array:
    """(n,) str: the ids of the column that `id=` chooses, or the numbers of the rows. Raises DataError for ids that are none."""
    column = chosen_column(table, wanted, "id")
    if column is None:
        return np.array([str(row) for row in range(1, len(table) + 1)])
    return table.ids(column, "id=none numbers the rows instead")


def difficulty_of(table: Table, name: str, part: str | None, words: Callable[[], Array]) -> Array | None:
    """(n,) how hard each row is, by the column that `difficulty=` names or, for "words", as `words` counts; None for "".

    part: the column of parts. Raises UsageError where it, or two meanings of "words", stand against it.
    """
    if not name:
        return None
    if part is not None:
        raise UsageError(f"the column {part!r} names the parts, and difficulty={name} draws them", where=table.source,
                         hint="split=none draws them; or leave difficulty away")
    if name != "words":
        return table.difficulty(name)
    if "words" in table.columns:
        raise UsageError("difficulty=words counts words, and there is a column of that name", where=table.source,
                         hint="rename the column")
    return words()


def words_in(texts: Array) -> Array:
    """How many words, that is runs without white space, each text has: (n,) float64."""
    return np.array([len(text.split()) for text in texts], dtype=np.float64)
