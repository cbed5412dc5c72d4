"""Arrays as NumPy saves them, and their cells. Nothing that could run code is read."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from w2s_bench.contracts.cells import Cells
from w2s_bench.contracts.data import Array
from w2s_bench.contracts.errors import DataError
from w2s_bench.contracts.files import plain_file


def utf8(cell: bytes | None, name: str, where: str) -> str | None:
    """Bytes as text. Raises DataError where they are none in UTF-8."""
    try:
        return None if cell is None else cell.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"column {name!r} holds bytes that are no text in UTF-8", where=where,
                        hint="save it as text, or leave the column out") from error


def cells_of_arrays(arrays: Mapping[str, Array], path: str) -> dict[str, Cells]:
    """Their cells by name, n of each. Raises DataError for other shapes than (n,) and (n, d) and for what is neither numbers nor
    text.
    """
    sizes = {name: array.shape[0] if array.ndim else 0 for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.ndim not in (1, 2):
            raise DataError(f"array {name!r} has shape {array.shape}", where=path, hint="it needs shape (n,) or (n, d)")
        if array.dtype.kind not in "fiubUSM":
            raise DataError(f"array {name!r} holds {array.dtype}", where=path, hint="save numbers or text")
    if len(set(sizes.values())) > 1:
        raise DataError(f"columns differ in length: {', '.join(f'{name} {size}' for name, size in sizes.items())}", where=path,
                        hint="every array needs one entry for each example")
    return {name: _listed(array, name, path) for name, array in arrays.items()}


def _listed(array: Array, name: str, path: str) -> Cells:
    if array.dtype.kind in "fiub":
        return array if array.dtype.kind != "b" else array.tolist() if array.ndim == 1 else array.astype("u1")
    if array.ndim != 1:
        raise DataError(f"array {name!r} holds text of shape {array.shape}", where=path, hint="text needs shape (n,)")
    if array.dtype.kind == "M":
        array = array.astype("U")
    cells: list[object] = array.tolist()
    return [utf8(cell, name, path) for cell in array.tolist()] if array.dtype.kind == "S" else cells


def npy_array(file: Path) -> Array:
    """The array of a .npy file. Raises DataError for one that cannot be read."""
    import numpy as np

    try:
        with plain_file(file).open("rb") as stream:
            check_room(_said_size(stream, file.stat().st_size), str(file))
            stream.seek(0)
            array: Array = np.load(stream, allow_pickle=False)
            return array
    except (ValueError, EOFError, OSError) as error:
        raise _unreadable(str(file), error) from error


def npz_arrays(file: Path, path: str, only: str | None = None) -> dict[str, Array]:
    """The arrays of an .npz file, or the one that is asked for. Raises DataError for one that cannot be read."""
    import numpy as np

    try:
        check_archive(plain_file(file), path, only)
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if only in (None, name)}
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise _unreadable(path, error) from error


def check_archive(file: Path, path: str, only: str | None = None) -> None:
    """Look at what an .npz file says of itself before it is unpacked. Raises DataError where its arrays, or the one that is asked
    for, do not fit into the memory that is free; ValueError or BadZipFile where they are not as large as they say.
    """
    with zipfile.ZipFile(file) as archive:
        members = [each for each in archive.infolist() if only in (None, each.filename.removesuffix(".npy"))]
        for each in members:
            if each.filename.endswith(".npy"):
                with archive.open(each) as stream:
                    _said_size(stream, each.file_size)
        check_room(sum(each.file_size for each in members), path)


def check_room(size: int, path: str) -> None:
    """Raises DataError for a file that takes more bytes, read, than there are."""
    import psutil

    free = psutil.virtual_memory().available
    if size > free:
        raise DataError(f"this takes {size / 1e9:,.1f} GB, read, and {free / 1e9:,.1f} GB of memory are free", where=path)


def _said_size(stream: IO[bytes], size: int) -> int:
    """The bytes of the array that a .npy file of `size` bytes says it holds. Raises ValueError where it holds fewer."""
    from numpy.lib import format as npy

    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, kind = read(stream)
    if kind.hasobject:
        raise ValueError("Object arrays cannot be loaded when allow_pickle=False")
    said = math.prod(shape) * kind.itemsize
    if said > size - stream.tell():
        raise ValueError(f"it says that it holds {said:,} bytes, and has {size - stream.tell():,}")
    return said


def _unreadable(path: str, error: Exception) -> DataError:
    if "Object arrays" in str(error) or "pickle" in str(error):
        return DataError("holds Python objects, which can run code; it was not read", where=path,
                         hint="save numbers as float arrays and text as str arrays (dtype U)")
    return DataError(f"not a readable array file ({error})", where=path, hint="save it again with numpy.savez")
