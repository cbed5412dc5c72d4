"""What the tables of this room are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import polars as pl

Value: TypeAlias = "str | int | float | bool | list[str] | None"
"""What a column of a table may hold."""

Values: TypeAlias = "dict[str, Value]"
"""Columns of one line, by name: a part of a line that is being made, or what a group of lines shares."""

Schema: TypeAlias = "dict[str, pl.DataType | type[pl.DataType]]"
"""Columns and their types, in order."""
