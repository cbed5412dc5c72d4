"""Arrays of a record as they lie in a pack: byte planes, and what another record of the pack holds already.

The high bytes of float64 numbers that are near each other are alike, and are packed; the low ones are noise, and lie as they are.
What is fitted on the same features repeats their scale and their directions: such a record names another by its place, whose
arrays are the dictionary of its own.
"""

from __future__ import annotations

import struct
import zlib
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from w2s_bench.store.sealed import Damage, places_in

PLAIN, SHUFFLED, ALIKE, PLANES = 0, 1, 2, 3
"""How the arrays of a record are coded. SHUFFLED is read, and not written any more."""

LONGEST = 31 << 10
"""Bytes of the arrays that may be a dictionary: DEFLATE looks back over 32 kB."""

_PLACE = struct.Struct("<I")
_SAMPLE, _FEW = 256, 1 << 13
_REPEATED = 64
"""Bytes from which on it is told that an array is repeated."""


class Like(NamedTuple):
    """Another record of the pack: where its head is (0: there is none), and its arrays as they were."""

    place: int = 0
    arrays: bytes = b""


def coded(arrays: bytes, like: Like) -> tuple[int, bytes]:
    """The coding, and the arrays in it."""
    if like.place:
        return ALIKE, _PLACE.pack(like.place) + packed(arrays, like.arrays, 1)
    planes = _in_planes(arrays)
    if planes is not None and len(arrays) <= _FEW:
        return PLANES, planes
    plain = packed(arrays, b"", 1)
    return (PLAIN, plain) if planes is None or len(plain) <= len(planes) else (PLANES, planes)


def place_of_like(coding: int, stored: bytes) -> int:
    """Where the head of the record is whose arrays are wanted to decode these, 0 for none. Raises Damage."""
    if coding != ALIKE:
        return 0
    if len(stored) < _PLACE.size:
        raise Damage("a record ends early")
    place: int = _PLACE.unpack_from(stored)[0]
    return place


def decoded(coding: int, stored: bytes, length: int, dictionary: bytes = b"") -> bytes:
    """The arrays, `length` bytes. dictionary: the arrays of the record that `place_of_like` names. Raises Damage."""
    if coding == PLANES:
        return _from_planes(stored, length)
    if coding == ALIKE:
        return unpacked(stored[_PLACE.size:], dictionary, length)[0]
    data, _ = unpacked(stored, b"", length)
    if coding == SHUFFLED:
        even = length // 8 * 8
        return np.frombuffer(data[:even], np.uint8).reshape(8, -1).T.tobytes() + data[even:]
    if coding != PLAIN:
        raise Damage("a newer version wrote it")
    return data


def packed(data: bytes, dictionary: bytes, level: int) -> bytes:
    """Compressed, with what is alike."""
    pack = zlib.compressobj(level, zdict=dictionary) if dictionary else zlib.compressobj(level)
    return pack.compress(data) + pack.flush()


def unpacked(data: bytes, dictionary: bytes, length: int) -> tuple[bytes, bytes]:
    """`length` bytes, and what follows them. Raises Damage where there are more or fewer."""
    try:
        unpack = zlib.decompressobj(zdict=dictionary) if dictionary else zlib.decompressobj()
        found = unpack.decompress(data, length + 1)
        if len(found) != length or not unpack.eof:
            raise Damage("a record is not as long as it says")
        return found, unpack.unused_data
    except zlib.error as error:
        raise Damage(f"a record cannot be unpacked ({error})") from None


def _body(data: bytes, length: int) -> tuple[int, int]:
    """Where the numbers of a safetensors file begin, and where the last whole eight bytes of them end."""
    start = min(8 + int.from_bytes(data[:8], "little"), length)
    return start, start + (length - start) // 8 * 8


def _in_planes(arrays: bytes) -> bytes | None:
    """A byte that says which planes are noise, the head and the other planes packed, and the noise; None where most is none."""
    if b'"F64"' not in arrays[:512]:
        return None
    start, end = _body(arrays, len(arrays))
    count = (end - start) // 8
    shuffled = np.frombuffer(arrays, np.uint8, 8 * count, start).reshape(-1, 8).T.tobytes()
    planes = [shuffled[at:at + count] for at in range(0, 8 * count, count or 1)]
    noise = [len(set(plane[:_SAMPLE])) * 2 >= min(count, _SAMPLE) for plane in planes]
    if sum(noise) < 4:
        return None
    mask = sum(1 << number for number, is_noise in enumerate(noise) if is_noise)
    kept = b"".join(plane for plane, is_noise in zip(planes, noise, strict=True) if not is_noise)
    raw = b"".join(plane for plane, is_noise in zip(planes, noise, strict=True) if is_noise)
    return bytes([mask]) + packed(arrays[:start] + kept + arrays[end:], b"", 1) + raw


def _from_planes(stored: bytes, length: int) -> bytes:
    if not stored:
        raise Damage("a record ends early")
    noise = [bool(stored[0] >> number & 1) for number in range(8)]
    try:
        unpack = zlib.decompressobj()
        packed_part = unpack.decompress(stored[1:], length + 1)
        raw = unpack.unused_data
    except zlib.error as error:
        raise Damage(f"a record cannot be unpacked ({error})") from None
    start, end = _body(packed_part, length)
    count = (end - start) // 8
    if not unpack.eof or len(packed_part) != length - count * sum(noise) or len(raw) != count * sum(noise):
        raise Damage("a record is not as long as it says")
    planes = np.empty((8, count), np.uint8)
    planes[noise] = np.frombuffer(raw, np.uint8).reshape(-1, count)
    after = start + count * (8 - sum(noise))
    planes[[not each for each in noise]] = np.frombuffer(packed_part[start:after], np.uint8).reshape(-1, count)
    return packed_part[:start] + planes.T.tobytes() + packed_part[after:]


class Repeated:
    """What the last records of a pack hold, by their arrays: which of them a new one repeats most of."""

    def __init__(self, most: int, followers: int) -> None:
        self._most, self._followers = most, followers
        self._known: OrderedDict[int, tuple[bytes, list[int]]] = OrderedDict()
        self._by_content: dict[int, int] = {}
        self._followed: dict[int, int] = {}

    def like(self, arrays: bytes, place: int) -> Like:
        """The record that these arrays, written at `place`, repeat a quarter of; if there is none, later ones may repeat it."""
        if len(arrays) > LONGEST:
            return Like()
        contents = {hash(arrays[start:end]): end - start for start, end in places_in(arrays) if end - start >= _REPEATED}
        repeats: dict[int, int] = {}
        for content, size in contents.items():
            other = self._by_content.get(content)
            if other is not None and self._followed[other] < self._followers:
                repeats[other] = repeats.get(other, 0) + size
        best = max(repeats, key=repeats.__getitem__, default=0)
        if best and 4 * repeats[best] >= len(arrays):
            self._known.move_to_end(best)
            self._followed[best] += 1
            return Like(best, self._known[best][0])
        if contents:
            self._known[place] = arrays, list(contents)
            self._followed[place] = 0
            self._by_content.update(dict.fromkeys(contents, place))
            if len(self._known) > self._most:
                self._forget(*self._known.popitem(last=False))
        return Like()

    def _forget(self, place: int, known: tuple[bytes, list[int]]) -> None:
        del self._followed[place]
        for content in known[1]:
            if self._by_content.get(content) == place:
                del self._by_content[content]
