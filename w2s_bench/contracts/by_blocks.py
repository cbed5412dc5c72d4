"""Parquet files and JSON lines with more numbers than memory holds, read by blocks of rows: the numbers go into mapped files."""

from __future__ import annotations

import gzip
import math
import os
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from w2s_bench.contracts.cells import Cells, Reading, cell_text, is_rounded, matrix_of
from w2s_bench.contracts.data import Array
from w2s_bench.contracts.errors import DataError, setting
from w2s_bench.contracts.files import plain_file
from w2s_bench.contracts.json_records import record_of
from w2s_bench.contracts.mapped import ROWS, Growing, roomy

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MANY = 1 << 22
"""Numbers in Parquet files from which they are read so."""

LONG = 1 << 25
"""Bytes of a file of JSON lines from which it is."""

_SMALL_FILE = 1 << 16
"""Bytes up to which nobody asks how many numbers a Parquet file holds."""

_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")


class _Kind(Protocol):
    """A column of a Parquet file: what pyarrow calls it."""

    name: str
    type: pa.DataType


def parquet_numbers(files: Sequence[Path], apart: Collection[str]) -> dict[str, Array] | None:
    """The columns of numbers, and of as many numbers in each row, of Parquet files under each other: (n,) and (n, d), mapped from
    a file. None where they are few. apart: columns that are left out whatever they hold, and so are those of whole numbers that
    float64 does not hold. Raises DataError for rows of unlike length and for what cannot be read.
    """
    if sum(plain_file(file).stat().st_size for file in files) < _SMALL_FILE:
        return None
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # others reserve a gigabyte, which a limit counts
    import pyarrow as pa
    import pyarrow.parquet as pq

    opened: list[pq.ParquetFile] = []
    try:
        for file in files:
            opened.append(pq.ParquetFile(str(file), buffer_size=1 << 16, pre_buffer=False))
        kinds = _numbers(opened, apart)
        if sum(kinds.values()) < MANY:
            return None
        return _read(opened, [str(file) for file in files], list(kinds))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"not a readable Parquet file: {(str(error).strip() or type(error).__name__).splitlines()[0]}",
                        where=str(files[len(opened) - 1]), hint="save it again as Parquet or CSV") from error
    finally:
        for one in opened:
            one.close()


def _numbers(opened: Sequence[pq.ParquetFile], apart: Collection[str]) -> dict[str, int]:
    """The columns that hold numbers in all files, and how many each holds."""
    counts: list[dict[str, int]] = []
    for file in opened:
        names = [one.name for one in file.schema_arrow]
        leaves: dict[str, int] = {}
        for group in range(file.metadata.num_row_groups):
            for at in range(file.metadata.num_columns):
                leaf = file.metadata.row_group(group).column(at)
                top = leaf.path_in_schema if leaf.path_in_schema in names else leaf.path_in_schema.split(".")[0]
                leaves[top] = leaves.get(top, 0) + leaf.num_values
        counts.append({one.name: leaves.get(one.name, 0) for one in file.schema_arrow
                       if one.name not in apart and names.count(one.name) == 1 and _holds_numbers(one, file)})
    return {name: sum(found[name] for found in counts) for name in counts[0] if all(name in found for found in counts)}


def _holds_numbers(column: _Kind, file: pq.ParquetFile) -> bool:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        inner = kind.value_type
        return bool(pa.types.is_floating(inner) or pa.types.is_integer(inner))
    if pa.types.is_integer(kind) and kind.bit_width == 64:
        return _are_held(column.name, file)
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind))


def _are_held(name: str, file: pq.ParquetFile) -> bool:
    """Whether the file says of a column of whole numbers that float64 holds them all."""
    at = next(at for at in range(file.metadata.num_columns) if file.schema.column(at).path == name)
    for group in range(file.metadata.num_row_groups):
        about = file.metadata.row_group(group).column(at).statistics
        if about is None or not about.has_min_max or max(abs(about.min), abs(about.max)) > 2**53:
            return False
    return True


def _read(opened: Sequence[pq.ParquetFile], sources: Sequence[str], names: Sequence[str]) -> dict[str, Array]:
    import pyarrow as pa

    n = sum(file.metadata.num_rows for file in opened)
    nested = [name for name in names if pa.types.is_nested(opened[0].schema_arrow.field(name).type)]
    plain = [name for name in names if name not in nested]
    together = roomy((n, len(plain)), _narrowest(opened, plain), least=1)
    matrices: dict[str, Array] = {}
    start = 0
    for file, source in zip(opened, sources, strict=True):
        first = start
        for batch in file.iter_batches(batch_size=ROWS, columns=list(names), use_threads=False):
            rows = slice(start, start + len(batch))
            for at, name in enumerate(plain):
                together[rows, at] = _values(batch.column(name))
            for name in nested:
                lists = batch.column(name)
                if name not in matrices:
                    matrices[name] = roomy((n, len(lists[0]) if lists[0].is_valid else 0), _narrowest(opened, [name]), least=1)
                matrices[name][rows] = _equally_many(lists, matrices[name].shape[1], f"{name!r}", start - first, source)
            start += len(batch)
    return {name: matrices[name] if name in matrices else together[:, plain.index(name)] for name in names}


def _narrowest(opened: Sequence[pq.ParquetFile], names: Sequence[str]) -> str:
    """float32 where it holds every number of these columns, else float64."""
    import pyarrow as pa

    kinds = [file.schema_arrow.field(name).type for file in opened for name in names]
    kinds = [kind.value_type if pa.types.is_nested(kind) else kind for kind in kinds]
    held = all(pa.types.is_boolean(kind) or kind.bit_width <= (32 if pa.types.is_floating(kind) else 16) for kind in kinds)
    return "float32" if held else "float64"


def _values(numbers: pa.Array) -> Array:
    """(n,), NaN in a gap."""
    import pyarrow as pa

    if pa.types.is_boolean(numbers.type):
        numbers = numbers.cast(pa.uint8())
    values: Array = numbers.to_numpy(zero_copy_only=False)
    return values


def _equally_many(lists: pa.Array, width: int, name: str, before: int, source: str) -> Array:
    """(n, width) of as many numbers each. Raises DataError for the first row that has not so many."""
    import numpy as np
    import pyarrow.compute as pc

    lengths = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    odd = np.flatnonzero((lengths != width) | (lengths == 0))
    if len(odd):
        raise DataError(f"column {name} holds {width or 'no'} numbers a row, but {lengths[odd[0]] or 'none'} in row "
                        f"{before + int(odd[0]) + 1}", where=source, hint="leave the row out of the file, or the column")
    return _values(lists.flatten()).reshape(-1, width)


def is_long(file: Path, encoding: str) -> bool:
    """Whether JSON lines are to be read by blocks: there are many bytes of them, in UTF-8."""
    packed = file.suffix.lower() == ".gz"
    if plain_file(file).stat().st_size < (LONG // 4 if packed else LONG):
        return False
    with _opened(file) as stream:
        head = stream.read(4)
    marked = head.startswith(_OTHER_MARKS) or b"\0" in head
    return not marked and encoding.lower().replace("_", "-") in ("auto", "utf-8", "utf8")


def _opened(file: Path) -> BinaryIO:
    return gzip.open(file, "rb") if file.suffix.lower() == ".gz" else file.open("rb")  # type: ignore[return-value]


def records_in_blocks(file: Path, reading: Reading, apart: Collection[str] | None) -> dict[str, Cells]:
    """The columns of a file of JSON lines, without the records ever being in memory together. Columns of numbers, and of as many
    numbers in each row, by what the first rows hold, are mapped from a file, but for those apart; None: all are apart.

    Raises DataError for a line that is none, with its number, and for a cell of a mapped column that is no number.
    """
    records = _records(file)
    columns: _Columns | None = None
    try:
        while block := list(islice(records, ROWS)):
            if columns is None:
                columns = _Columns(str(file), reading, frozenset() if apart is None else frozenset(apart), apart is not None)
                columns.sort_out(block)
            columns.append(block)
        return {} if columns is None else columns.whole()
    except (OSError, EOFError) as error:
        raise DataError(f"cannot be read: {error}", where=str(file)) from error
    finally:
        records.close()
        if columns is not None:
            columns.close()


def _records(file: Path) -> Generator[dict[str, object], None, None]:
    number = 0
    with _opened(plain_file(file)) as stream:
        for stretch in stream:
            for line in stretch.removeprefix(_MARK if not number else b"").removesuffix(b"\n").removesuffix(b"\r").split(b"\r"):
                number += 1
                where = f"{file}, line {number}"
                try:
                    text = line.decode()
                except UnicodeDecodeError as error:
                    raise DataError(f"line {number} is not UTF-8 (byte 0x{line[error.start]:02x})", where=str(file),
                                    hint="save the file as UTF-8: iconv -f cp1252 -t utf-8") from error
                if text.strip():
                    yield record_of(text, where)


@dataclass
class _Columns:
    """What is read of a file so far. mapped: whether columns of numbers are mapped, but for those apart."""

    source: str
    reading: Reading
    apart: frozenset[str]
    mapped: bool
    n: int = 0
    order: dict[str, None] = field(default_factory=dict)
    cells: dict[str, list[object]] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)
    together: Growing | None = None
    matrices: dict[str, tuple[Growing, int]] = field(default_factory=dict)

    def sort_out(self, block: Sequence[Mapping[str, object]]) -> None:
        """Which columns are mapped, by the first rows."""
        self.order = dict.fromkeys(name for record in block for name in record)
        for name in self.order if self.mapped else ():
            found = [record.get(name) for record in block]
            if name in self.apart:
                continue
            if all(cell is None or _is_number(cell) for cell in found) and any(cell is not None for cell in found):
                self.numbers.append(name)
            elif all(isinstance(cell, list) for cell in found) and (matrix := matrix_of(found)) is not None and matrix.shape[1]:
                self.matrices[name] = Growing(matrix.shape[1], "float64"), matrix.shape[1]
        self.together = Growing(len(self.numbers), "float64") if self.numbers else None
        self.cells = {name: [] for name in self.order if name not in self.numbers and name not in self.matrices}

    def append(self, block: Sequence[Mapping[str, object]]) -> None:
        """Take in the next rows."""
        import numpy as np

        for name in dict.fromkeys(name for record in block for name in record):
            if name not in self.order:
                self.order[name] = None
                self.cells[name] = [None] * self.n
        for name, cells in self.cells.items():
            cells += [record.get(name) for record in block]
        if self.together is not None:
            self.together.append(np.array([[self._number(name, record.get(name), row) for name in self.numbers]
                                           for row, record in enumerate(block, start=self.n + 1)], dtype=np.float64))
        for name, (grown, width) in self.matrices.items():
            found = [record.get(name) for record in block]
            matrix = matrix_of(found) if all(isinstance(cell, list) for cell in found) else None
            if matrix is None or matrix.shape[1] != width:
                raise self._odd_row(name, width, found)
            grown.append(matrix)
        self.n += len(block)

    def whole(self) -> dict[str, Cells]:
        """All columns in the order in which they were met."""
        together = None if self.together is None else self.together.whole()
        found: dict[str, Cells] = dict(self.cells)
        found |= {name: grown.whole() for name, (grown, _) in self.matrices.items()}
        if together is not None:
            found |= {name: together[:, at] for at, name in enumerate(self.numbers)}
        return {name: found[name] for name in self.order}

    def close(self) -> None:
        """Give up the files that are not mapped."""
        for grown in ([] if self.together is None else [self.together]) + [grown for grown, _ in self.matrices.values()]:
            grown.close()

    def _number(self, name: str, cell: object, row: int) -> float:
        if isinstance(cell, float):
            return cell
        number = math.nan if self.reading.is_gap(cell) else self.reading.number(cell)
        out = f"{setting('exclude', name)} leaves the column out of x"
        if number is None:
            raise DataError(f"column {name!r} holds numbers, but {cell_text(cell)!r} in row {row}", where=self.source,
                            hint=f"mend it, or leave the row out of the file; or {out}")
        if is_rounded(cell):
            raise DataError(f"column {name!r} holds {cell} in row {row}, more digits than a number here holds (float64)",
                            where=self.source, hint=out)
        return number

    def _odd_row(self, name: str, width: int, cells: Sequence[object]) -> DataError:
        at = next((at for at, cell in enumerate(cells) if not isinstance(cell, list) or len(cell) != width
                   or matrix_of([cell]) is None), 0)
        text = cell_text(cells[at])
        return DataError(f"column {name!r} holds {width} numbers a row, but {text if len(text) <= 60 else f'{text[:59]}…'!r} in "
                         f"row {self.n + at + 1}", where=self.source,
                         hint=f"leave the row out of the file; or {setting('exclude', name)} leaves the column out of x")


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)
