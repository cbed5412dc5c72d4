"""The column of texts of a table, and how long they are."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, DataError, Table


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
        if (half := _half_character(value)) is not None:
            raise DataError(f"{name} of {table.row(index)} holds half a character, {value[half]!a} at position {half + 1}",
                            where=table.source, hint="mend the text; a cut through an emoji leaves such a half")
    return column


def words_in(texts: Array) -> Array:
    """How many words, that is runs without white space, each text has: (n,) float64."""
    return np.array([len(text.split()) for text in texts], dtype=np.float64)


def _half_character(text: str) -> int | None:
    """Where a text has a lone surrogate, or None."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None
