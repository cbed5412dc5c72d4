"""Columns of inputs and ids as numeric arrays and back: texts are their bytes, and where each ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from w2s_bench.contracts import Array, is_mapped
from w2s_bench.contracts.errors import DataError

UNPAIRED: Final = "surrogatepass"
"""JSON may hold half a surrogate pair; such a text is stored as it is."""


def pack_column(arrays: dict[str, Array], name: str, given: Array) -> None:
    """Add a column (n, …) to the arrays: under its name, or of texts `name\\0utf8` and `name\\0ends`. Raises DataError for a text
    that is missing."""
    column = given if is_mapped(given) else np.asarray(given)
    if column.dtype.kind in "OUS":
        missing = [row for row, text in enumerate(column) if text is None or text != text]
        if missing:
            raise DataError(f"the text of row {missing[0]} is missing", where=name,
                            hint=f"{len(missing)} rows have none; leave them out, or write an empty text")
        encoded = [str(text).encode("utf-8", UNPAIRED) for text in column]
        arrays[f"{name}\0utf8"] = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        arrays[f"{name}\0ends"] = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    else:
        arrays[name] = column if is_mapped(column) else np.ascontiguousarray(column)


def texts(ids: Array) -> Array:
    """Ids as (n,) object of str: in an array of texts of one width the longest would take its memory in every row."""
    given = np.asarray(ids)
    found = np.empty(len(given), dtype=object)
    found[:] = [str(name) for name in (given.astype(str) if given.dtype.kind == "S" else given)]
    return found


def unpack_column(arrays: Mapping[str, Array], name: str) -> Array:
    """The inverse of `pack_column`; texts as (n,) object of str."""
    if name in arrays:
        return arrays[name]
    buffer, ends = arrays[f"{name}\0utf8"].tobytes(), arrays[f"{name}\0ends"]
    column = np.empty(len(ends), dtype=object)
    start = 0
    for index, end in enumerate(ends.tolist()):
        column[index] = buffer[start:end].decode("utf-8", UNPAIRED)
        start = end
    return column


def unpack_columns(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """All columns that were packed under a prefix, by what follows it."""
    names = {key[len(prefix):].partition("\0")[0] for key in arrays if key.startswith(prefix)}
    return {name: unpack_column(arrays, prefix + name) for name in sorted(names)}
