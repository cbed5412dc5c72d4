"""Arrays too large for memory lie in a file without a name, which is gone when nothing reads it any more; rows of them are taken
when they are asked for."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING

from w2s_bench.contracts.errors import StoreError

if TYPE_CHECKING:
    import numpy.typing as npt

    from w2s_bench.contracts.data import Array, Columns

LARGE = 1 << 26
"""Bytes from which arrays lie in such a file."""

ROWS = 4096
"""Rows that are looked at together."""

_PIECE = 1 << 25


def roomy(shape: tuple[int, ...], dtype: npt.DTypeLike, least: int | None = None) -> Array:
    """An array to be filled: in memory, or from `least` bytes on (LARGE) mapped from a file in the folder for temporary files.

    Raises StoreError as `unnamed_file`.
    """
    import numpy as np

    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size < (LARGE if least is None else least) or not size:
        return np.empty(shape, dtype=dtype)
    with unnamed_file(size) as file:
        return np.memmap(file, dtype=dtype, mode="r+", shape=shape)


def unnamed_file(size: int) -> IO[bytes]:
    """A file of that many bytes in the folder for temporary files. Raises StoreError where the disk has no room for it, rather
    than when it is written."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        file.close()
        raise _no_room(f"{size / 2**30:.1f} GiB of arrays", error) from error
    return file


def _no_room(what: str, error: OSError) -> StoreError:
    return StoreError(f"no room for {what}: {error.strerror}", where=tempfile.gettempdir(),
                      hint="free some disk, or point TMPDIR to a folder with room")


def gathered(array: Array, rows: Array, least: int | None = None) -> Array:
    """array[rows], in a file where it is large, as of `roomy`."""
    import numpy as np

    if array.dtype.hasobject:
        return np.asarray(array[rows])
    found = roomy((len(rows), *array.shape[1:]), array.dtype, least)
    if not isinstance(found, np.memmap):
        return np.asarray(array[rows])
    for piece in pieces(found):
        found[piece] = array[rows[piece]]
    return found


def unwritable(array: Array) -> Array:
    """A view of an array that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view


def row_slices(n: int, step: int | None = None) -> Iterator[slice]:
    """Slices of `step` rows (ROWS) that cover range(n) in order."""
    step = step or ROWS
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def pieces(array: Array) -> Iterator[slice]:
    """Slices of rows of some 32 MiB that cover an array in order."""
    return row_slices(len(array), max(_PIECE // max(array[:1].nbytes, 1), 1))


def is_mapped(array: Array) -> bool:
    """Whether an array lies in a file that `roomy` made."""
    import numpy as np

    return isinstance(array, np.memmap)


def column_in(column: Array, matrix: Array) -> int | None:
    """Which column of a matrix (n, d) the memory of a column (n,) is, None where it is none."""
    if column.ndim != 1 or matrix.ndim != 2 or column.dtype != matrix.dtype or len(column) != len(matrix) or not matrix.size:
        return None
    if column.strides[0] != matrix.strides[0]:
        return None
    apart = int(column.__array_interface__["data"][0]) - int(matrix.__array_interface__["data"][0])
    at, rest = divmod(apart, matrix.strides[1])
    return at if not rest and 0 <= at < matrix.shape[1] else None


class RowsOf(Mapping[str, "Array"]):
    """Columns at some rows, each taken when it is asked for; what is large is then kept in a file.

    columns: (n,) or (n, d) each; rows: (m,), their numbers.
    """

    def __init__(self, columns: Columns, rows: Array) -> None:
        self._columns: Columns = columns._columns if isinstance(columns, RowsOf) else columns
        self._rows: Array = columns._rows[rows] if isinstance(columns, RowsOf) else rows
        self._taken: dict[str, Array] = {}
        self._homes: dict[str, tuple[str, int | None]] | None = None

    def __getitem__(self, name: str) -> Array:
        if name in self._taken:
            return self._taken[name]
        found = gathered(self._columns[name], self._rows)
        if is_mapped(found):
            self._taken[name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def afresh(self) -> RowsOf:
        """The same, of which nothing has been taken yet."""
        return RowsOf(self._columns, self._rows)

    def taken(self) -> dict[str, Array]:
        """All columns, in files where they are large together; those that lie in a matrix among them do so again."""
        homes = self._in_matrices()
        found = {}
        for name in self:
            if name not in homes:
                column = self._columns[name]
                found[name] = gathered(column, self._rows, 1 if is_mapped(column) else None)
        found |= {name: found[home] if at is None else found[home][:, at] for name, (home, at) in homes.items()}
        return {name: found[name] for name in self}

    def followed_by(self, other: RowsOf) -> RowsOf:
        """These rows and then others of the same columns."""
        import numpy as np

        return RowsOf(self._columns, np.concatenate([self._rows, other._rows]))

    def kind(self, name: str) -> tuple[str, tuple[int, ...], bool]:
        """Type and shape of a column, and whether it lies in a file that `roomy` made."""
        column = self._columns[name]
        return str(column.dtype), (self.height, *column.shape[1:]), is_mapped(column)

    def at(self, where: slice, names: Sequence[str]) -> dict[str, Array]:
        """Some of the columns at some of the rows; those that lie side by side in one matrix are read from it together."""
        import numpy as np

        rows, homes = self._rows[where], self._in_matrices()
        found: dict[str, Array] = {}
        wanted: dict[str, list[tuple[str, int]]] = {}
        for name in names:
            home, at = homes.get(name, (name, None))
            if at is not None:
                wanted.setdefault(home, []).append((name, at))
            else:
                if home not in found:
                    found[home] = np.asarray(self._columns[home][rows])
                found[name] = found[home]
        for home, columns in wanted.items():
            block = found[home][:, np.array([at for _, at in columns])] if home in found else (
                self._columns[home][rows[:, None], np.array([at for _, at in columns])])
            found |= {name: block[:, at] for at, (name, _) in enumerate(columns)}
        return {name: found[name] for name in names}

    def _in_matrices(self) -> dict[str, tuple[str, int | None]]:
        if self._homes is None:
            self._homes = homes_of(self._columns)
        return self._homes


def homes_of(columns: Columns) -> dict[str, tuple[str, int | None]]:
    """The columns that are a matrix among them or a column of one, in its memory: the name of that, and which column."""
    matrices: dict[str, Array] = {}
    found: dict[str, tuple[str, int | None]] = {}
    for name, column in columns.items():
        if column.ndim == 2:
            first = next((other for other, matrix in matrices.items() if _are_one(column, matrix)), None)
            if first is None:
                matrices[name] = column
            else:
                found[name] = first, None
    for name, column in columns.items():
        for home, matrix in matrices.items() if column.ndim == 1 and column.strides[0] != column.itemsize else ():
            if (at := column_in(column, matrix)) is not None:
                found[name] = home, at
                break
    return found


def _are_one(one: Array, other: Array) -> bool:
    return one.size > 0 and (one.dtype, one.shape, one.strides) == (other.dtype, other.shape, other.strides) and (
        one.__array_interface__["data"][0] == other.__array_interface__["data"][0])


def columns_at(columns: Columns, rows: Array) -> Columns:
    """Every column at these rows: copies, or where that would fill the memory, taken when they are asked for."""
    if isinstance(columns, RowsOf):
        return RowsOf(columns, rows)
    size = sum(math.prod(column.shape[1:]) * column.itemsize for column in columns.values()) * len(rows)
    if size >= LARGE or any(map(is_mapped, columns.values())):
        return RowsOf(columns, rows)
    return {name: column[rows] for name, column in columns.items()}


def height_of(columns: Columns) -> int:
    """How many rows columns have."""
    return columns.height if isinstance(columns, RowsOf) else len(next(iter(columns.values())))


def at_slice(columns: Columns, where: slice, names: Sequence[str]) -> dict[str, Array]:
    """Some columns at a slice of their rows."""
    import numpy as np

    if isinstance(columns, RowsOf):
        return columns.at(where, names)
    return {name: np.asarray(columns[name])[where] for name in names}


def side_by_side(columns: Sequence[Array]) -> Array:
    """Columns (n,) and matrices (n, d) as one matrix (n, Σd): a view where they lie so, else a copy, in a file where they do."""
    import numpy as np

    flat = [column.reshape(len(column), -1) if column.ndim == 1 else column for column in columns]
    if not any(map(is_mapped, columns)):
        return np.concatenate(flat, axis=1)
    if len(flat) == 1:
        return flat[0]
    if (whole := _together(flat)) is not None:
        return whole
    width = sum(part.shape[1] for part in flat)
    found = roomy((len(flat[0]), width), np.result_type(*flat), least=1)
    for rows in row_slices(len(found)):
        np.concatenate([part[rows] for part in flat], axis=1, out=found[rows])
    return found


def _together(columns: Sequence[Array]) -> Array | None:
    """Matrices that lie beside each other in the rows of one matrix, as a view of that."""
    import numpy as np

    first = columns[0]
    width, expected = 0, int(first.__array_interface__["data"][0])
    for column in columns:
        at = int(column.__array_interface__["data"][0])
        if at != expected or column.dtype != first.dtype or column.strides[0] != first.strides[0] \
                or (column.shape[1] > 1 and column.strides[1] != column.itemsize):
            return None
        expected += column.shape[1] * column.itemsize
        width += column.shape[1]
    if width * first.itemsize > first.strides[0] or not isinstance(first.base, np.ndarray):
        return None
    start = first.base
    while isinstance(start.base, np.ndarray) and start.ndim != 2:
        start = start.base
    offset = column_in(first[:, 0], start)
    return None if offset is None else start[:, offset:offset + width]


class Growing:
    """Rows (b, width) that are appended to a file without a name; `whole` is all of them, mapped."""

    def __init__(self, width: int, dtype: npt.DTypeLike) -> None:
        self._file, self._width, self._dtype, self._rows = tempfile.TemporaryFile(), width, dtype, 0  # noqa: SIM115

    def append(self, block: Array) -> None:
        """Raises StoreError where the disk has no room for them."""
        import numpy as np

        try:
            self._file.write(np.ascontiguousarray(block, dtype=self._dtype).data)
        except OSError as error:
            raise _no_room("arrays", error) from error
        self._rows += len(block)

    def close(self) -> None:
        """Give the file up, unless it was mapped."""
        self._file.close()

    def whole(self) -> Array:
        """All rows (n, width)."""
        import numpy as np

        with self._file as file:
            file.flush()
            return np.memmap(file, dtype=self._dtype, mode="r+", shape=(self._rows, self._width))
