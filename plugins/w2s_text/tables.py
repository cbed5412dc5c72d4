"""Tables from files: CSV, JSON lines and Parquet, with the row named wherever something is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2s_bench.contracts import DataError, nearest, read_csv

SUFFIXES = (".csv", ".jsonl", ".parquet")


@dataclass(frozen=True)
class Table:
    """columns: lists of equal length. source: what to call it in a message. rows: the name of each row."""

    columns: Mapping[str, list[Any]]
    source: str
    rows: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, index: int) -> str:
        """How a message names a row: counted from 1, the header not counted."""
        return self.rows[index]

    def column(self, name: str) -> list[Any]:
        """The column of that name. Raises DataError with near names."""
        if name not in self.columns:
            raise DataError(f"has no column {name!r}", where=self.source, hint=nearest(name, self.columns))
        return self.columns[name]


def table_files(path: str) -> tuple[Path, ...]:
    """The files that a path stands for, in the order of their names. Raises DataError where there is none."""
    place = Path(path).expanduser()
    if place.is_dir():
        found = tuple(sorted(file for file in place.iterdir() if file.suffix in SUFFIXES))
        if not found:
            raise DataError(f"no {', '.join(SUFFIXES)} file in this folder", where=path)
        return found
    if not place.is_file():
        folder = place.parent
        if not folder.is_dir():
            raise DataError(
                "no such file, and no such folder either",
                where=path,
                hint="for a data set on the hub give its revision too: revision=<commit>",
            )
        tables = [file.name for file in folder.iterdir() if file.suffix in SUFFIXES]
        raise DataError(
            "no such file",
            where=path,
            hint=nearest(place.name, tables)
            if tables
            else f"no {', '.join(SUFFIXES)} file lies in that folder",
        )
    if place.suffix not in SUFFIXES:
        raise DataError(
            f"{place.suffix or 'a file without an ending'} is not read",
            where=path,
            hint=f"write the table as one of {', '.join(SUFFIXES)}",
        )
    return (place,)


def read_files(files: tuple[Path, ...]) -> Table:
    """One table from files with the same columns. Raises DataError where they differ or cannot be read."""
    tables = [_READERS[file.suffix](file) for file in files]
    return tables[0] if len(tables) == 1 else stacked(tables, str(files[0].parent))


def stacked(tables: list[Table], source: str) -> Table:
    """Tables with the same columns, one under the other."""
    first = tables[0]
    for table in tables[1:]:
        if set(table.columns) != set(first.columns):
            odd = ", ".join(sorted(set(table.columns) ^ set(first.columns)))
            raise DataError(f"its columns are not those of {first.source}: {odd}", where=table.source)
    columns = {name: [value for table in tables for value in table.columns[name]] for name in first.columns}
    return Table(columns, source, tuple(f"{row} of {table.source}" for table in tables for row in table.rows))


def table_of(columns: Mapping[str, list[Any]], source: str) -> Table:
    """A table whose rows are called row 1, row 2, …"""
    n = len(next(iter(columns.values()), []))
    return Table(columns, source, tuple(f"row {number}" for number in range(1, n + 1)))


def _lines(file: Path) -> Iterator[str]:
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise DataError(
                    f"line {number} is not UTF-8 (byte {line[error.start]:#04x} at {error.start})",
                    where=str(file),
                    hint="convert it: iconv -f latin1 -t utf-8",
                ) from error


def _read_csv(file: Path) -> Table:
    return table_of(read_csv(file), str(file))


def _read_jsonl(file: Path) -> Table:
    records: list[dict[str, Any]] = []
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"no JSON: {error.msg}", where=f"{file}, line {number}") from error
        if not isinstance(record, dict):
            raise DataError(
                "not a JSON object", where=f"{file}, line {number}", hint='one {"text": …, "label": …} a line'
            )
        records.append(record)
    names = dict.fromkeys(name for record in records for name in record)
    return table_of({name: [record.get(name) for record in records] for name in names}, str(file))


def _read_parquet(file: Path) -> Table:
    import polars as pl

    try:
        with file.open("rb") as stream:  # a path would be read as a pattern
            frame = pl.read_parquet(stream)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"no readable Parquet: {str(error).splitlines()[0]}", where=str(file)) from error
    return table_of({name: frame[name].to_list() for name in frame.columns}, str(file))


_READERS = {".csv": _read_csv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
