"""An artifact as bytes: a line of JSON that holds its own key and its checksums, and a safetensors file. Both are checked."""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict, cast

import msgspec
import numpy as np

from w2s_bench.contracts import Array, mapped
from w2s_bench.contracts.digests import Json, canonical_json

_KINDS: Mapping[str, str] = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U64": "<u8", "U32": "<u4",
    "U16": "<u2", "U8": "|u1", "BOOL": "|b1"}
"""Types of safetensors that NumPy knows, as it writes them."""


_PIECE = 1 << 22
"""Bytes that are written at a time."""


@dataclass(frozen=True)
class Artifact:
    """What a job leaves. arrays: named numeric arrays; those of a store may be views that cannot be written.
    payload: plain JSON values."""

    arrays: Mapping[str, Array] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)


class Meta(TypedDict):
    """What is written beside the arrays: whose it is, of which stage, the payload and what is recorded about it; where it is a
    file by itself, also the name and the checksum of that with the arrays."""

    key: str
    stage: str
    payload: Mapping[str, Any]
    about: Mapping[str, Any]
    arrays: NotRequired[str]
    arrays_sha256: NotRequired[str]


class Damage(ValueError):
    """What was read is not what was written."""


class OfAnotherKey(Damage):
    """An artifact that is sound, and not the one that was asked for."""


class _Entry(TypedDict):
    """What a safetensors file says of an array."""

    dtype: str
    shape: Sequence[int]
    data_offsets: tuple[int, int]


class _Place(msgspec.Struct):
    """Some of the same."""

    data_offsets: tuple[int, int]


def arrays_as_bytes(arrays: Mapping[str, Array]) -> bytes | memoryview:
    """Arrays as a safetensors file; large ones are written to a file without a name, of which this is a view, and never copied
    in memory."""
    from safetensors.numpy import save

    if sum(value.nbytes for value in arrays.values()) >= mapped.LARGE:
        return _on_disk(arrays)
    data: bytes = save({name: np.asarray(value, order="C") for name, value in arrays.items()})
    return data


def _on_disk(arrays: Mapping[str, Array]) -> memoryview:
    kinds = {np.dtype(kind): name for name, kind in _KINDS.items()}
    named: dict[str, Json] = {}
    at = 0
    ordered = sorted(arrays.items(), key=lambda item: (-item[1].dtype.itemsize, item[0]))
    for name, value in ordered:
        named[name] = {"dtype": kinds[value.dtype], "shape": list(value.shape), "data_offsets": [at, at + value.nbytes]}
        at += value.nbytes
    head = json.dumps(named, ensure_ascii=False, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    size = 8 + len(head) + at
    with mapped.unnamed_file(size) as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for _, value in ordered:
            for rows in np.array_split(np.atleast_1d(value), max(value.nbytes // _PIECE, 1)):
                file.write(np.ascontiguousarray(rows).tobytes())
        file.flush()
        return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))


def arrays_in(data: bytes | memoryview) -> dict[str, Array]:
    """The arrays of a safetensors file, as views of its bytes. Raises Damage for what is no such file."""
    whole = memoryview(data)
    try:
        (length,) = struct.unpack_from("<Q", whole)
        if length > len(whole) - 8:
            raise Damage("the arrays end before they begin")
        named = json.loads(bytes(whole[8:8 + length]))
        body = whole[8 + length:]
        return {name: _array(body, entry) for name, entry in named.items() if name != "__metadata__"}
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damage(f"no arrays can be read ({error})") from None


def places_in(data: bytes) -> list[tuple[int, int]]:
    """Where each array of a safetensors file begins and ends, as it says itself; nothing of what is no such file."""
    (length,) = struct.unpack_from("<Q", data) if len(data) >= 8 else (0,)
    try:
        named = msgspec.json.decode(data[8:8 + length], type=dict[str, _Place])
    except (msgspec.DecodeError, OverflowError):
        return []
    return [(8 + length + start, 8 + length + end) for start, end in (place.data_offsets for place in named.values())]


def _array(body: memoryview, entry: _Entry) -> Array:
    start, end = entry["data_offsets"]
    kind, shape = np.dtype(_KINDS[entry["dtype"]]), tuple(entry["shape"])
    if not 0 <= start <= end <= len(body) or math.prod(shape) * kind.itemsize != end - start:
        raise Damage("an array is not as long as its shape says")
    return np.ndarray(shape, dtype=kind, buffer=body[start:end])


def meta_of(key: str, artifact: Artifact, about: Mapping[str, Json]) -> Meta:
    """What is written beside the arrays of an artifact."""
    recipe = about.get("recipe")
    stage = str(recipe.get("stage", "")) if isinstance(recipe, Mapping) else ""
    return {"key": key, "stage": stage, "payload": dict(artifact.payload), "about": dict(about)}


def sealed(meta: Meta, arrays: bytes | memoryview) -> bytes:
    """meta.json: what `meta_of` says, the checksum of the arrays, and its own."""
    with_arrays: dict[str, Json] = {**cast(Mapping[str, Json], meta), "arrays_sha256": sha256(arrays)}
    return canonical_json({**with_arrays, "meta_sha256": sha256(canonical_json(with_arrays).encode())}).encode()


def unsealed(text: bytes, key: str) -> Meta:
    """What a meta.json says. Raises Damage where it is not as it was written, OfAnotherKey where it is another artifact's."""
    try:
        meta: dict[str, Any] = json.loads(text)
        claimed = meta.pop("meta_sha256")
        if sha256(canonical_json(meta).encode()) != claimed:
            raise Damage("checksum of meta.json")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damage(str(error) if isinstance(error, Damage) else "meta.json cannot be read") from None
    return of_key(meta, key)


def of_key(meta: object, key: str) -> Meta:
    """What is written beside the arrays, where it is that artifact's. Raises Damage, OfAnotherKey."""
    if not isinstance(meta, dict) or "key" not in meta:
        raise Damage("an older version wrote it, and not whose it is")
    if meta["key"] != key:
        raise OfAnotherKey(f"it is the artifact {str(meta['key'])[:12]}")
    return cast(Meta, meta)


def sha256(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()


def is_key(name: str) -> bool:
    """Whether a name is a SHA-256 in hex, as keys are."""
    return len(name) == 64 and not name.strip("0123456789abcdef")
