"""What is where in the packs of a store: in memory, and growing by what was appended since."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable

from w2s_bench.store import records
from w2s_bench.store.key_map import KeyMap
from w2s_bench.store.pack_files import BucketPacks, DiskPacks, Gone
from w2s_bench.store.records import ARTIFACT, DROPPED
from w2s_bench.store.sealed import Damage

_CHUNK = 4 << 20
_LAST = 1 << 62
_AT = 40
"""Bits of a place that say where in its pack a record is; the others are the number of the pack."""


class PackIndex:
    """Places of records. said: what the record at a place says. latest: nanoseconds since 1970, of the latest note."""

    def __init__(self, files: DiskPacks | BucketPacks, said: Callable[[int], bytes]) -> None:
        self._files, self._said = files, said
        self.latest, self.looked = 0, 0.0
        self.artifacts = KeyMap()
        self.notes = {kind: KeyMap() for kind in records.NOTES}
        self._moments = {kind: KeyMap() for kind in records.NOTES}
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._read_to: dict[str, int] = {}
        self._doubles: dict[bytes, list[int]] = {}
        self._dropped: set[tuple[str, int]] = set()

    def look(self) -> None:
        """Take in what was appended since. What is gone, or shorter than it was, is forgotten with all else, and read anew."""
        sizes = self._files.sizes()
        if any(sizes.get(name, -1) < size for name, size in self._read_to.items()):
            self.__init__(self._files, self._said)  # type: ignore[misc]
        for name, size in sizes.items():
            with contextlib.suppress(Gone):
                self._scan(name, size)
        for known in (self.artifacts, *self.notes.values(), *self._moments.values()):
            known.settle()
        self.looked = time.monotonic()

    def places(self, key: bytes) -> list[int]:
        """Where the records of an artifact are; the first is the one that is served."""
        first = self.artifacts.get(key)
        return [] if first is None else [first, *self._doubles.get(key, ())]

    def where(self, place: int) -> tuple[str, int]:
        """The pack of a record, and where its head is."""
        return self._names[place >> _AT], place & ((1 << _AT) - 1)

    def place(self, name: str, at: int) -> int:
        """The place of a record by its pack, which is known, and where its head is."""
        return self._numbers[name] << _AT | at

    def knows(self, name: str) -> bool:
        """Whether a pack is known."""
        return name in self._numbers

    def read_to(self, name: str) -> int:
        """How many bytes of a pack have been taken in."""
        return self._read_to.get(name, 0)

    def drop(self, key: bytes, name: str, at: int) -> None:
        """Forget a record of an artifact, also where it is met only later."""
        self._dropped.add((name, at))
        if name in self._numbers:
            left = [each for each in self.places(key) if each != self.place(name, at)]
            self._doubles.pop(key, None)
            if left:
                self.artifacts.put(key, left[0])
            elif self.artifacts.get(key) is not None:
                self.artifacts.remove(key)
            if left[1:]:
                self._doubles[key] = left[1:]

    def take_in(self, name: str, data: bytes, start: int, size: int) -> None:
        """Take in what a pack of so many bytes holds from byte `start` on."""
        if name not in self._numbers:
            self._numbers[name] = len(self._names)
            self._names.append(name)
        base, dropped = self._numbers[name] << _AT, self._dropped
        found, read_to = records.listed(data, start, size)
        self._read_to[name] = max(read_to, self._read_to.get(name, 0))
        for key, place in self.artifacts.put_new((key, base | at) for at, kind, key, _, _ in found if kind == ARTIFACT
                                                 and not (dropped and (name, at) in dropped)):
            self._doubles.setdefault(key, []).append(place)
        for at, kind, key, moment, _ in found:
            if kind in self.notes:
                if (self._moments[kind].get(key) or 0) <= moment < _LAST:
                    self.latest = max(self.latest, moment)
                    self._moments[kind].put(key, moment)
                    self.notes[kind].put(key, base | at)
            elif kind == DROPPED:
                with contextlib.suppress(Damage, Gone, ValueError, KeyError, TypeError):
                    gone = json.loads(self._said(base | at))
                    self.drop(key, str(gone["pack"]), int(gone["at"]))

    def _scan(self, name: str, size: int) -> None:
        length = _CHUNK
        while (start := self.read_to(name)) < size:
            data = self._files.read(name, start, length)
            self.take_in(name, data, start, size)
            if self.read_to(name) > start:
                length = _CHUNK
            elif start + len(data) >= size or len(data) < length:
                return
            else:
                length *= 2
