"""Files of named columns: .npz, .csv, .parquet, a folder of .npy. Nothing that could run code is read."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from w2s_bench.contracts import Array, DataError, file_digest, nearest, read_csv

if TYPE_CHECKING:
    import polars

SUFFIXES = (".npz", ".csv", ".parquet")


def found(path: str) -> Path:
    """The file or folder at `path`. Raises DataError when it is missing or of an unknown kind."""
    file = Path(path).expanduser()
    if not file.exists():
        beside = [other.name for other in file.parent.iterdir()] if file.parent.is_dir() else []
        folder = f"the folder {str(file.parent)!r} is missing or empty"
        hint = nearest(file.name, beside) if beside else folder
        raise DataError("no such file", where=path, hint=hint)
    if file.is_dir():
        if not any(file.glob("*.npy")):
            raise DataError("the folder holds no .npy file", where=path, hint="it needs x.npy and y.npy")
    elif file.suffix.lower() not in SUFFIXES:
        raise DataError(f"cannot read a {file.suffix or 'file without suffix'!s}", where=path,
                        hint=f"known: {', '.join(SUFFIXES)}, or a folder of .npy files")
    return file


def table_digest(path: str) -> str:
    """SHA-256 of the file, or of a folder's .npy files and their names."""
    file = found(path)
    return file_digest(file) if file.is_file() else file_digest(*sorted(file.glob("*.npy")))


def read_columns(path: str) -> dict[str, Array]:
    """Columns by name, all with n entries: numbers (n,) or (n, d), text as object arrays of str.

    Missing values are NaN in a column of numbers and "" in a column of text.
    """
    file = found(path)
    if file.is_dir():
        columns = {part.stem: _npy(part) for part in sorted(file.glob("*.npy"))}
    elif file.suffix.lower() == ".npz":
        columns = _npz(file, path)
    elif file.suffix.lower() == ".csv":
        columns = {name: _from_texts(column, name) for name, column in read_csv(file, where=path).items()}
    else:
        columns = _parquet(file, path)
    columns = {name: _plain(column, name, path) for name, column in columns.items()}
    sizes = {name: len(column) for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        found_sizes = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise DataError(f"columns differ in length: {found_sizes}",
                        where=path, hint="every array needs one entry for each example")
    return columns


def holds_arrays(path: str) -> bool:
    """Whether it is an .npz or a folder of .npy, whose arrays have the names that their author gave them."""
    file = Path(path).expanduser()
    return file.is_dir() or file.suffix.lower() == ".npz"


IDS = ("id", "ids")
"""Columns that name the examples; kept as text, since a long number is no float."""


def label_width(path: str, label: str) -> int:
    """Columns of the label array in an .npz or a folder; 1 for tables and wherever it cannot be known yet."""
    file = Path(path).expanduser()
    if file.is_dir() and (file / f"{label}.npy").is_file():
        array = _npy(file / f"{label}.npy")
    elif file.is_file() and file.suffix.lower() == ".npz":
        array = _npz(file, path, only=label).get(label, np.zeros(0))
    else:
        return 1
    return int(array.shape[1]) if array.ndim == 2 else 1


def _npy(file: Path) -> Array:
    try:
        with file.open("rb") as stream:
            array: Array = np.load(stream, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise _unreadable(str(file), error) from error
    return array


def _npz(file: Path, path: str, only: str | None = None) -> dict[str, Array]:
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if only in (None, name)}
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: Exception) -> DataError:
    if "Object arrays" in str(error) or "pickle" in str(error):
        return DataError("holds Python objects, which can run code; it was not read", where=path,
                         hint="save numbers as float arrays and text as str arrays (dtype U)")
    return DataError(f"not a readable array file ({error})", where=path,
                     hint="save it again with numpy.savez")


def _parquet(file: Path, path: str) -> dict[str, Array]:
    import polars

    try:
        with file.open("rb") as stream:  # a path would be read as a pattern
            frame = polars.read_parquet(stream)
    except (polars.exceptions.PolarsError, OSError) as error:
        reason = str(error).strip().splitlines()
        raise DataError(f"not a readable table ({reason[0] if reason else type(error).__name__})", where=path,
                        hint="save it again as Parquet or CSV") from error
    return {name: _from_polars(frame[name], name, path) for name in frame.columns}


def _from_texts(texts: list[str], name: str) -> Array:
    """Numbers where each text is one or empty, and not all are empty; true and false are 1 and 0."""
    if name not in IDS and any(texts):
        words = {text.lower() for text in texts if text}
        if words <= {"true", "false"}:
            return np.array([float(text.lower() == "true") if text else np.nan for text in texts])
        try:
            return np.array([_number(text) if text else np.nan for text in texts])
        except ValueError:
            pass
    return np.array(texts, dtype=object)


def _number(text: str) -> float:
    """Raises ValueError for text that is no number. Python's own 1_000 is a word here."""
    return float("_" if "_" in text else text)


def _from_polars(series: polars.Series, name: str, path: str) -> Array:
    import polars

    if name in IDS:
        return np.array([_text(value) for value in series.to_list()], dtype=object)
    if series.dtype.is_numeric() or series.dtype == polars.Boolean:
        return np.asarray(series.cast(polars.Float64).fill_null(np.nan).to_numpy(), dtype=np.float64)
    if series.dtype.is_nested():
        try:
            return np.array(series.to_list(), dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"column {name!r} holds lists that are not rows of equally many numbers",
                            where=path,
                            hint="drop the column or pad its lists") from error
    return np.array([_text(value) for value in series.to_list()], dtype=object)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _plain(column: Array, name: str, path: str) -> Array:
    """Numbers as float64, text as an object array of str."""
    if column.ndim == 0 or column.ndim > 2:
        raise DataError(f"array {name!r} has shape {column.shape}", where=path,
                        hint="it needs shape (n,) or (n, d)")
    if name in IDS and column.ndim == 1:
        return np.array([str(value) for value in column.tolist()], dtype=object)
    if column.dtype.kind in "fiub":
        return column.astype(np.float64)
    if column.dtype.kind in "UO":
        return np.array([str(value) for value in column], dtype=object)
    raise DataError(f"array {name!r} holds {column.dtype}", where=path, hint="save numbers or text")
