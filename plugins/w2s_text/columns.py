"""Columns of a table as arrays: the text, the label, and whatever else is there."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_bench.contracts import Array, DataError
from w2s_text.tables import Table


def texts(table: Table, name: str) -> Array:
    """The column as (n,) object array of str; empty ones too. Raises DataError for a missing value, and for half a character
    (a lone surrogate), as a cut through an emoji leaves it in JSON.
    """
    values = table.column(name)
    column = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise DataError(f"{name} of {table.row(index)} is {value!r}, not text", where=table.source)
        column[index] = value
        if (half := _half_character(value)) is not None:
            raise DataError(f"{name} of {table.row(index)} holds half a character, {value[half]!a} at position {half + 1}",
                            where=table.source, hint="mend the text; a cut through an emoji leaves such a half")
    return column


def _half_character(text: str) -> int | None:
    """Where a text has a lone surrogate, or None."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def labels(table: Table, name: str) -> Array:
    """The column as (n, 1) float64. Raises DataError for the first value that is no finite number."""
    values = table.column(name)
    numbers = np.empty((len(values), 1), dtype=np.float64)
    for index, value in enumerate(values):
        number = _number(value)
        if number is None:
            raise DataError(
                f"{name} of {table.row(index)} is {value!r}, and labels must be numbers",
                where=table.source,
                hint="write classes as numbers, or choose another column: label=…",
            )
        if not np.isfinite(number):
            raise DataError(
                f"{name} of {table.row(index)} is {value!r}, not a finite number",
                where=table.source,
                hint="drop the row or mend its label",
            )
        numbers[index, 0] = number
    return numbers


def input_column(values: list[Any]) -> Array:
    """(n,) float64 where every value is a number or missing (as NaN) and one is there, else (n,) object of
    str.
    """
    numbers = [float("nan") if value is None or value == "" else _number(value) for value in values]
    if all(number is not None for number in numbers) and any(number == number for number in numbers):
        return np.array(numbers, dtype=np.float64)
    column = np.empty(len(values), dtype=object)
    column[:] = ["" if value is None else str(value) for value in values]
    return column


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
