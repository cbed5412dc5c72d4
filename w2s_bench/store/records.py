"""Small artifacts and notes as records of a pack: segments, each a table of heads of one width and their bodies behind it.

A body is compressed with what another record of its kind says, its anchor, as the dictionary: the long texts about components are
alike. Whatever ends early or is not as it was written is stepped over; the next segment begins with the same eight bytes.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from w2s_bench.store.array_coding import Like, coded, packed, unpacked
from w2s_bench.store.sealed import Damage

MAGIC = b"W2SPACK1"
ARTIFACT, DROPPED, LATEST, COSTS, RUNS = 1, 2, 3, 4, 5
NOTES = (LATEST, COSTS, RUNS)
MOST = 1 << 26
"""Bytes that no part of a record has."""

_FARTHEST = 1 << 63
"""A byte that no file has, and that no system call takes."""

_SEGMENT = struct.Struct("<8sII")
_HEAD = struct.Struct("<BBHIIIQQQ32s16s")
_LISTED = struct.Struct("<B3xI8xQ8xQ32s16x")
HEAD_BYTES = _HEAD.size


class Head(NamedTuple):
    """What stands before a body. stored, meta, arrays: bytes in the pack, and of the two parts unpacked. body: where it begins in
    the pack. anchor: where the head of its anchor is, 0 for none. moment: nanoseconds since 1970, more for what came later.
    """

    kind: int
    coding: int
    spare: int
    stored: int
    meta: int
    arrays: int
    body: int
    anchor: int
    moment: int
    key: bytes
    digest: bytes


class Record(NamedTuple):
    """What is to be written. meta, arrays: as bytes; anchor: the place of a head in the same pack and what its record says; like:
    a record whose arrays these repeat."""

    kind: int
    key: bytes
    meta: bytes
    arrays: bytes = b""
    moment: int = 0
    anchor: tuple[int, bytes] = (0, b"")
    like: Like = Like()


def segment(records: Sequence[Record], start: int) -> bytes:
    """Records as they are written from byte `start` of a pack on."""
    table, bodies = [], []
    body_at = start + _SEGMENT.size + len(records) * HEAD_BYTES
    for record in records:
        coding, arrays = coded(record.arrays, record.like) if record.arrays else (0, b"")
        body = packed(record.meta, record.anchor[1], 6) + arrays
        head = Head(record.kind, coding, 0, len(body), len(record.meta), len(record.arrays), body_at, record.anchor[0],
                    record.moment, record.key, b"")
        table.append(_HEAD.pack(*head._replace(digest=_digest(head, body))))
        bodies.append(body)
        body_at += len(body)
    heads = b"".join(table)
    return _SEGMENT.pack(MAGIC, len(records), zlib.crc32(heads)) + heads + b"".join(bodies)


def place_of_head(start: int, index: int) -> int:
    """Where the head of a record stands, by its number in a segment that begins at `start`."""
    return start + _SEGMENT.size + index * HEAD_BYTES


class Listed(NamedTuple):
    """Where the head of a record stands, and some of what it says."""

    at: int
    kind: int
    key: bytes
    moment: int
    stored: int


def listed(data: bytes, start: int, size: int) -> tuple[list[tuple[int, int, bytes, int, int]], int]:
    """The records in a part of a pack, as fields of `Listed`, and up to where all has been read.

    data: what the pack holds from byte `start` on. size: of the whole pack; a segment that ends behind it is still being
    written, or never will be.
    """
    found: list[tuple[int, int, bytes, int, int]] = []
    at = read_to = 0
    while True:
        if not data.startswith(MAGIC, at):
            at = data.find(MAGIC, at)
        first = at + _SEGMENT.size
        if at < 0 or first > len(data):
            return found, start + read_to
        _, count, check = _SEGMENT.unpack_from(data, at)
        end = first + count * HEAD_BYTES
        if count and end <= len(data) and zlib.crc32(data[first:end]) == check:
            last, stored, body, its_moment, its_key = _LISTED.unpack_from(data, end - HEAD_BYTES)
            if start + end <= body and body + stored <= size:  # a copy of a segment elsewhere would lead back
                for place in range(first, end - HEAD_BYTES, HEAD_BYTES):
                    kind, stored_here, _, moment, key = _LISTED.unpack_from(data, place)
                    found.append((start + place, kind, key, moment, stored_here))
                found.append((start + end - HEAD_BYTES, last, its_key, its_moment, stored))
                at = read_to = body + stored - start
                continue
        at += 1


def head_at(data: bytes) -> Head:
    """The head that these bytes begin with. Raises Damage where they end, and where they name a place that no file has."""
    if len(data) < HEAD_BYTES:
        raise Damage("the pack ends early")
    head = Head._make(_HEAD.unpack_from(data))
    if max(head.body, head.anchor) >= _FARTHEST:
        raise Damage("a record names a place that no file has")
    return head


def meta_in(head: Head, body: bytes, dictionary: bytes) -> tuple[bytes, bytes]:
    """The first part of a body, unpacked, and what follows it. Raises Damage where head or body are not as they were written."""
    if _digest(head, body) != head.digest or head.meta > MOST or head.arrays > MOST:
        raise Damage("checksum of a record")
    return unpacked(body, dictionary, head.meta)


def dictionary_in(head: Head, body: bytes) -> bytes:
    """What an anchor says. Only this part of it need be sound: what was packed with it knows its checksum. Raises Damage."""
    if head.anchor or head.meta > MOST:
        raise Damage("an anchor that is none")
    return unpacked(body, b"", head.meta)[0]


def _digest(head: Head, body: bytes) -> bytes:
    known = _HEAD.pack(*head._replace(digest=b""))
    return hashlib.blake2b(known + body, digest_size=16).digest()
