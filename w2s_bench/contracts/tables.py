"""Tables of the person at the prompt, in whatever file they keep them. Nothing that could run code is read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, overload

from w2s_bench.contracts.array_files import cells_of_arrays, npy_array, npz_arrays, utf8
from w2s_bench.contracts.by_blocks import is_long, parquet_numbers, records_in_blocks
from w2s_bench.contracts.cells import Cells, Column, Reading, cell_text, typed
from w2s_bench.contracts.data import PARTS, Array
from w2s_bench.contracts.delimited import decoded_text, read_fields
from w2s_bench.contracts.entries import Parameter
from w2s_bench.contracts.errors import DataError, nearest
from w2s_bench.contracts.files import file_digest, plain_file, read_bytes
from w2s_bench.contracts.json_records import records, records_by_line

if TYPE_CHECKING:
    import polars as pl

TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".jsonl", ".jsonl.gz", ".json", ".json.gz", ".parquet")
FORMATS = (*TABLES, ".npz")

READING = (
    Parameter("separator", str, "auto", "between the fields of a CSV file: comma, semicolon, tab, bar, space, or a character; "
              "auto: as the header shows", words=("auto",)),
    Parameter("encoding", str, "auto", "of a text file, such as cp1252; auto: what its byte order mark says, else UTF-8",
              words=("auto",)),
    Parameter("na", str, "", "words that stand for a gap, joined with +, such as NA+?; an empty field and NaN always do"),
    Parameter("decimal", str, "point", "what stands before decimals", choices=("point", "comma")),
)
"""Parameters by which a task says how its table is to be read; `Wording` holds their values."""


@dataclass(frozen=True)
class Wording:
    """Values of the parameters READING."""

    separator: str = "auto"
    encoding: str = "auto"
    na: str = ""
    decimal: str = "point"

    @property
    def reading(self) -> Reading:
        """How cells of text are read."""
        return Reading(frozenset(filter(None, map(str.strip, self.na.split("+")))), self.decimal == "comma")


@dataclass(frozen=True)
class RowNames(Sequence[str]):
    """row 1, row 2, …, of a table by itself or of each of several under each other. sizes: rows of each; sources: their names,
    () for one by itself."""

    sizes: tuple[int, ...]
    sources: tuple[str, ...] = ()

    def __len__(self) -> int:
        return sum(self.sizes)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        if not self.sources:
            return f"row {at + 1}"
        ends = list(accumulate(self.sizes))
        which = bisect_right(ends, at)
        return f"row {at - ends[which] + self.sizes[which] + 1} of {self.sources[which]}"


@dataclass(frozen=True)
class Table:
    """columns: cells as the file holds them, n of each: lists, or arrays of numbers (n,) or (n, d). source: what to call it in
    a message. rows: the name of each row. unnamed: columns whose name in the file is empty, called `column 3` by their place.
    arrays: whether the columns are arrays that their author named, as in an npz.
    """

    columns: Mapping[str, Cells]
    source: str
    rows: Sequence[str]
    wording: Wording = Wording()
    unnamed: frozenset[str] = frozenset()
    arrays: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, index: int) -> str:
        """How a message names a row: counted from 1, the header not counted."""
        return self.rows[index]

    def column(self, name: str, word: str = "") -> Cells:
        """The cells of that column. word: the parameter that chose it. Raises DataError with near names."""
        if name not in self.columns:
            if not self.columns:
                raise DataError("holds no row", where=self.source, hint='{"text": …, "label": …}, one a line')
            way = f" (choose with {word}=…)" if word else ""
            (first, *others) = self.columns
            if not others and name in first.split():
                raise DataError(f"has no column {name!r}, and only one: {first!r}", where=self.source, hint="add separator=space")
            if self.columns and all(self.wording.reading.number(known) is not None for known in self.columns):
                raise DataError(f"has no column {name!r}: its first line holds numbers", where=self.source,
                                hint=f"add a line above it that names the columns; or {nearest(name, self.columns)}{way}")
            raise DataError(f"has no column {name!r}", where=self.source, hint=f"{nearest(name, self.columns)}{way}")
        cells = self.columns[name]
        if isinstance(cells, list):
            self._refuse_halves(name, [cell if isinstance(cell, str) else "" for cell in cells])
        return cells

    def _refuse_halves(self, name: str, texts: Sequence[str]) -> None:
        """Raises DataError for half a character (a lone surrogate), as a cut through an emoji leaves it in JSON."""
        try:
            "".join(texts).encode()
        except UnicodeEncodeError:
            row = next(row for row, text in enumerate(texts) if any(is_half(character) for character in text))
            place = next(place for place, character in enumerate(texts[row]) if is_half(character))
            raise DataError(f"{name} of {self.row(row)} holds half a character, {texts[row][place]!a} at position {place + 1}",
                            where=self.source, hint="mend the text; a cut through an emoji leaves such a half") from None

    def typed(self, name: str) -> Column:
        """What a column is."""
        return typed(self.column(name), self.wording.reading)

    def ids(self, name: str, way_out: str) -> Array:
        """(n,) object of str: the column's cells as they stand in the file.

        way_out: the word that goes without. Raises DataError for an id that is missing or is not the only one.
        """
        import numpy as np

        cells = self.column(name)
        ids = [cell_text(cell).strip() for cell in (cells.tolist() if isinstance(cells, np.ndarray) else cells)]
        seen: dict[str, int] = {}
        for row, identity in enumerate(ids):
            if not identity:
                raise DataError(f"{name} of {self.row(row)} is missing", where=self.source,
                                hint=f"every example needs one; {way_out}")
            if identity in seen:
                raise DataError(f"{self.row(seen[identity])} and {self.row(row)} share the id {identity!r} ({name} occurs more "
                                "than once)", where=self.source, hint=f"an example may be in one part only, once; {way_out}")
            seen[identity] = row
        unique: Array = np.empty(len(ids), dtype=object)
        unique[:] = ids
        return unique

    def difficulty(self, name: str) -> Array:
        """(n,) float64: how hard each row is, larger is harder. Raises DataError for a row of which it is no finite number."""
        import numpy as np

        self.column(name, "difficulty")
        column = self.typed(name)
        numbers = column.values
        if column.kind == "text":
            numbers = np.array([self.wording.reading.number(cell) for cell in self.columns[name]], dtype=np.float64)
        if numbers.ndim != 1:
            raise DataError(f"the difficulty {name} is a matrix", where=self.source, hint="one number a row, larger is harder")
        bad = np.flatnonzero(~np.isfinite(numbers))
        if len(bad):
            cell = cell_text(self.columns[name][int(bad[0])])
            raise DataError(f"the difficulty {name} of {self.row(int(bad[0]))} is {cell!r}, no number", where=self.source,
                            hint="one number a row, larger is harder; leave rows without one out of the file")
        return numbers

    def parts(self, name: str, way_out: str) -> Array:
        """(n,) str objects: the part of each row, one of PARTS, as the column says it.

        way_out: the word that goes without. Raises DataError for a row that is in none of them.
        """
        import numpy as np

        found = np.array([cell_text(cell).strip().lower() for cell in self.column(name)], dtype=object)
        for row, part in enumerate(found):
            if part not in PARTS:
                raise DataError(f"{name} of {self.row(row)} is {cell_text(self.column(name)[row])!r}, not one of "
                                f"{', '.join(PARTS)}", where=self.source,
                                hint="weak models are fitted on supervise, students on transfer, and test scores them; or "
                                f"{way_out}: parts are drawn by the seed")
        return found


def is_half(character: str) -> bool:
    """Whether it is half a character, a surrogate: of two, JSON makes one."""
    return "\ud800" <= character <= "\udfff"


def table_files(path: str) -> tuple[Path, ...]:
    """The files that a path stands for: itself, or of a folder its .npy files or its tables, in the order of their names.

    Raises DataError where there is none.
    """
    place = Path(path).expanduser()
    if place.is_dir():
        arrays = tuple(sorted(place.glob("*.npy")))
        tables = tuple(sorted(file for file in place.iterdir() if _ending(file) in TABLES))
        if not arrays and not tables:
            raise DataError(f"the folder holds no .npy file and no table ({', '.join(TABLES)})", where=path,
                            hint="arrays x.npy and y.npy, or tables with the same columns")
        return arrays or tables
    if not place.exists():
        raise _missing(place, path)
    plain_file(place)
    if _ending(place) not in FORMATS:
        raise DataError(f"cannot read a {place.suffix or 'file without suffix'}", where=path,
                        hint=f"known: {', '.join(FORMATS)}, or a folder of .npy files or of tables")
    return (place,)


def table_digest(path: str) -> str:
    """SHA-256 of what `table_files` finds."""
    return file_digest(*table_files(path))


def read_table(path: str, wording: Wording | None = None, apart: Collection[str] | None = None) -> Table:
    """The table at a path. Raises DataError, with file and line, for what cannot be read, UsageError for a word that is none.

    apart: columns that are read whole, as all are where it is None; of the others, the numbers in large files of Parquet and of
    JSON lines are read by blocks of rows and mapped from a file.
    """
    wording = wording or Wording()
    files = table_files(path)
    if files[0].suffix == ".npy":
        return _of_arrays({file.stem: npy_array(file) for file in files}, path, wording)
    if _ending(files[0]) == ".npz":
        return _of_arrays(npz_arrays(files[0], path), path, wording)
    if apart is not None and all(_ending(file) == ".parquet" for file in files):
        numbers = parquet_numbers(files, apart)
        if numbers is not None:
            return _beside(numbers, [_read_parquet(file, wording, numbers) for file in files], path)
    if any(_ending(file).startswith(".jsonl") and is_long(file, wording.encoding) for file in files):
        return stacked([_read_long(file, wording, apart if len(files) == 1 else None)
                        if _ending(file).startswith(".jsonl") else _whole(file, wording) for file in files], path)
    return stacked([_whole(file, wording) for file in files], path)


def _whole(file: Path, wording: Wording) -> Table:
    return _READERS[_ending(file).removesuffix(".gz")](file, wording)


def _beside(numbers: Mapping[str, Array], others: Sequence[Table], path: str) -> Table:
    """Mapped columns beside the others of Parquet files, in the order of the first file."""
    rest = stacked(list(others), path)
    names = RowNames(tuple(len(table) for table in others), tuple(table.source for table in others) if len(others) > 1 else ())
    found = {**rest.columns, **numbers}
    import polars as pl

    with plain_file(table_files(path)[0]).open("rb") as stream:
        order = {name: at for at, name in enumerate(pl.read_parquet_schema(stream))}
    place = {name: next(order[top] for top in _tops(name) if top in order) for name in found}
    return Table({name: found[name] for name in sorted(found, key=lambda name: place[name])}, rest.source, names, rest.wording)


def _tops(name: str) -> Iterator[str]:
    """The names of columns that a column may have come from: its own, and what stands before a dot in it."""
    yield name
    for at in range(len(name) - 1, -1, -1):
        if name[at] == ".":
            yield name[:at]


def _read_long(file: Path, wording: Wording, apart: Collection[str] | None) -> Table:
    return table_of(records_in_blocks(file, wording.reading, apart), str(file), wording)


def stacked(tables: list[Table], source: str) -> Table:
    """Tables with the same columns, one under the other. Raises DataError where the columns differ."""
    first = tables[0]
    if len(tables) == 1:
        return first
    for table in tables[1:]:
        if set(table.columns) != set(first.columns):
            odd = ", ".join(sorted(set(table.columns) ^ set(first.columns)))
            raise DataError(f"its columns are not those of {first.source}: {odd}", where=table.source)
    columns = {name: [cell for table in tables for cell in table.columns[name]] for name in first.columns}
    rows = RowNames(tuple(map(len, tables)), tuple(table.source for table in tables))
    return Table(columns, source, rows, first.wording, first.unnamed)


def table_of(columns: Mapping[str, Cells], source: str, wording: Wording | None = None, unnamed: frozenset[str] = frozenset(),
             arrays: bool = False) -> Table:
    """A table whose rows are called row 1, row 2, …"""
    n = len(next(iter(columns.values()), []))
    return Table(columns, source, RowNames((n,)), wording or Wording(), unnamed, arrays)


def array_width(path: str, name: str) -> int:
    """Columns of one array of an npz or a folder; 1 for tables and wherever it cannot be known yet."""
    place = Path(path).expanduser()
    if place.is_dir() and (place / f"{name}.npy").is_file():
        array: Array | None = npy_array(place / f"{name}.npy")
    elif place.is_file() and _ending(place) == ".npz":
        array = npz_arrays(place, path, only=name).get(name)
    else:
        return 1
    return int(array.shape[1]) if array is not None and array.ndim == 2 else 1


def _ending(file: Path) -> str:
    name = file.name.lower()
    return next((ending for ending in FORMATS if name.endswith(ending)), file.suffix.lower())


def _missing(place: Path, path: str) -> DataError:
    if not place.parent.is_dir():
        return DataError("no such file, and no such folder either", where=path,
                         hint="a data set on the hub is read by its name and revision: text[path=NAME,revision=<commit>]")
    tables = [file.name for file in place.parent.iterdir() if _ending(file) in FORMATS]
    return DataError("no such file", where=path,
                     hint=nearest(place.name, tables) if tables else f"no {', '.join(FORMATS)} file lies in that folder")


def _read_delimited(file: Path, wording: Wording) -> Table:
    header, read = read_fields(file, separator=wording.separator, encoding=wording.encoding)
    rows = [row for row in read if len(row) == 1 or any(map(str.strip, row))]
    names, unnamed = [], set()
    for place, name in enumerate(header):
        if not name:
            name = f"column {place + 1}"
            if all(not row[place].strip() for row in rows) and len(header) > 1:
                names.append("")
                continue
            unnamed.add(name)
        if name in names:
            raise DataError(f"the header names {name!r} more than once", where=str(file), hint="rename one of them")
        names.append(name)
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names) if name}
    return table_of(columns, str(file), wording, frozenset(unnamed))


def _read_lines(file: Path, wording: Wording) -> Table:
    return _of_records(records_by_line(decoded_text(read_bytes(file), str(file), wording.encoding), str(file)), file, wording)


def _read_json(file: Path, wording: Wording) -> Table:
    return _of_records(records(decoded_text(read_bytes(file), str(file), wording.encoding), str(file)), file, wording)


def _of_records(records: Sequence[Mapping[str, object]], file: Path, wording: Wording) -> Table:
    names = dict.fromkeys(name for record in records for name in record)
    return table_of({name: [record.get(name) for record in records] for name in names}, str(file), wording)


def _read_parquet(file: Path, wording: Wording, without: Collection[str] = ()) -> Table:
    import polars as pl

    try:
        with plain_file(file).open("rb") as stream:  # a path would be read as a pattern
            wanted = [name for name in pl.read_parquet_schema(stream) if name not in without] if without else None
            stream.seek(0)
            frame = pl.read_parquet(stream, columns=wanted)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(f"not a readable Parquet file: {reason}", where=str(file),
                        hint="save it again as Parquet or CSV") from error
    series = [inside for name in frame.columns for inside in _unnested(frame[name])]
    if len({column.name for column in series}) < len(series):
        raise DataError("two columns have one name once objects within are taken apart", where=str(file),
                        hint="rename one of them")
    return table_of({column.name: _cells(column, str(file)) for column in series}, str(file), wording)


def _unnested(series: pl.Series) -> list[pl.Series]:
    """The fields of objects under names with dots, as `_flat` calls them; any other column as it is."""
    import polars as pl

    if not isinstance(series.dtype, pl.Struct):
        return [series]
    fields = series.struct.unnest()
    return [inside for name in fields.columns for inside in _unnested(fields[name].alias(f"{series.name}.{name}"))]


def _cells(series: pl.Series, where: str) -> Cells:
    import polars as pl

    if series.dtype == pl.Binary:
        return [utf8(cell, series.name, where) for cell in series.to_list()]
    if isinstance(series.dtype, pl.List) and series.dtype.inner.is_numeric():
        lengths = series.list.len().unique()
        if len(lengths) == 1 and lengths[0]:
            series = series.list.to_array(int(lengths[0]))
    if isinstance(series.dtype, pl.Array) and not series.has_nulls() and not series.explode().has_nulls():
        return series.to_numpy()
    return series.to_list()


def _of_arrays(arrays: Mapping[str, Array], path: str, wording: Wording) -> Table:
    return table_of(cells_of_arrays(arrays, path), path, wording, arrays=True)


_READERS = {".csv": _read_delimited, ".tsv": _read_delimited, ".jsonl": _read_lines, ".json": _read_json,
            ".parquet": _read_parquet}
