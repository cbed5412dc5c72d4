"""Tables of molecules and their published splits, read from a folder."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from w2s_bench.contracts import Array, Column, DataError, nearest, table_of

PARTS = ("train", "valid", "test")


class PublishedSplit(NamedTuple):
    """Row numbers from 0, (n,) int64 each."""

    train: Array
    valid: Array
    test: Array


def present(folder: str, name: str) -> Path:
    """The file in the folder. Raises DataError with near names where it is missing."""
    place = Path(folder).expanduser()
    if not place.is_dir():
        raise DataError("no such folder", where=folder)
    if not (place / name).is_file():
        raise DataError(
            f"has no file {name}", where=folder, hint=nearest(name, (file.name for file in place.iterdir()))
        )
    return place / name


def column_of(table: Mapping[str, list[str]], column: str, where: str) -> list[str]:
    """The column of that name. Raises DataError with near names."""
    if column not in table:
        raise DataError(f"has no column {column!r}", where=where, hint=nearest(column, table))
    return table[column]


def numbers(table: Mapping[str, list[str]], column: str, where: str) -> Array:
    """A column as (n,) float64. Raises DataError for a missing column (near names) or a value that is not
    finite.
    """
    texts = column_of(table, column, where)
    read = table_of(table, where).typed(column)
    row = _first_odd(read)
    if row is not None:
        raise DataError(f"{column} of row {row + 1} is {texts[row]!r}, not a finite number", where=where)
    return read.values


def numeric_columns(table: Mapping[str, list[str]], left_out: Collection[str], where: str) -> dict[str, Array]:
    """The columns of numbers, (n,) float64 each, without those left out.

    Raises DataError for a column whose cells are nearly all numbers, and for a gap.
    """
    found = {}
    for name, texts in table.items():
        read = table_of(table, where).typed(name)
        if name in left_out or (read.kind == "text" and read.odd is None):
            continue
        row = _first_odd(read)
        if row is not None:
            raise DataError(
                f"{name} of row {row + 1} is {texts[row]!r}, and the rest of the column is numbers",
                where=where,
                hint="write the number there, or leave the column out of the file",
            )
        found[name] = read.values
    return found


def _first_odd(read: Column) -> int | None:
    """The row of the first cell that is no finite number, None where all are."""
    if read.kind == "text":
        return read.odd.row if read.odd else 0
    odd = np.flatnonzero(~np.isfinite(read.values))
    return int(odd[0]) if len(odd) else None


def read_split(folder: str, dataset: str, seed: int, n: int) -> PublishedSplit:
    """Published split number seed mod (how many there are), in the order of their sorted names, for n rows.

    Raises DataError where the file lacks the data set, or its row numbers do not fit the table.
    """
    file = present(folder, "splits.json")
    try:
        everything = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"no JSON: {error}", where=str(file)) from error
    if not isinstance(everything, dict) or not everything.get(dataset):
        raise DataError(f"has no splits for {dataset}", where=str(file), hint=nearest(dataset, everything))
    splits = everything[dataset]
    if not isinstance(splits, dict):
        raise DataError("is no table of splits by their numbers", where=f"{file}, {dataset}")
    name = sorted(splits)[seed % len(splits)]
    where = f"{file}, {dataset}, split {name}"
    if not isinstance(splits[name], dict) or not set(PARTS) <= set(splits[name]):
        raise DataError(f"lacks a part of {', '.join(PARTS)}", where=where)
    if not all(type(row) is int for part in PARTS for row in splits[name][part]):
        raise DataError("holds rows that are no whole numbers", where=where)
    split = PublishedSplit(*(np.array(splits[name][part], dtype=np.int64) for part in PARTS))
    rows = np.concatenate(split)
    if len(rows) and (rows.min() < 0 or rows.max() >= n or len(np.unique(rows)) < len(rows)):
        raise DataError(
            f"row numbers are repeated or outside 0..{n - 1}",
            where=where,
            hint="the splits belong to another version of the table",
        )
    return split
