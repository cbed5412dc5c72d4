"""The files that packs are: appended to by one writer each on a disk, written whole among objects. No lock, for stores lie on
network disks where many machines write."""

from __future__ import annotations

import contextlib
import os

from w2s_bench.store.bucket import Bucket
from w2s_bench.store.disk import Disk, Misplaced

PACKS = "packs"
_SUFFIX = ".pack"
_KEPT = 64 << 20
"""Bytes of packs that were read among objects and are kept in memory."""


class Gone(Exception):
    """A pack is not there, or is not as its one writer left it."""


class DiskPacks:
    """Packs on a disk."""

    appends = True

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def sizes(self) -> dict[str, int]:
        """The packs that are there, with their sizes in bytes."""
        found: dict[str, int] = {}
        with contextlib.suppress(Misplaced):  # put aside by whoever writes next
            for entry in self._disk.entries(PACKS):
                if entry.name.endswith(_SUFFIX) and entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(FileNotFoundError):
                        found[entry.name] = os.stat(entry.path, follow_symlinks=False).st_size
        return found

    def read(self, name: str, start: int, length: int) -> bytes:
        """Bytes of a pack, fewer where it ends. Raises Gone."""
        try:
            descriptor = self._disk.opened(f"{PACKS}/{name}")
        except (Misplaced, NotADirectoryError):
            raise Gone(name) from None
        if descriptor is None:
            raise Gone(name)
        try:
            return os.pread(descriptor, length, start)
        finally:
            os.close(descriptor)

    def append(self, name: str, start: int, data: bytes) -> None:
        """Write at the end of a pack, which is at byte `start`, and close it: a network disk shows others what was closed.

        Raises Gone where it is elsewhere: the pack is to be given up.
        """
        path = f"{self._disk.folder(PACKS)}/{name}"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            if os.fstat(descriptor).st_size != start:
                raise Gone(name)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(descriptor, rest):]
            except OSError:
                os.ftruncate(descriptor, start)
                raise
        finally:
            os.close(descriptor)

    def forget(self, name: str) -> None:
        """Nothing of a pack is kept in memory."""

    def remove(self, name: str) -> None:
        """Take a pack away."""
        self._disk.remove(f"{PACKS}/{name}")


class BucketPacks:
    """Packs among objects: each is written whole, and read whole when a record of it is wanted."""

    appends = False
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._read: dict[str, bytes] = {}

    def sizes(self) -> dict[str, int]:
        """The packs that are there, with their sizes in bytes."""
        found = self._bucket.names(PACKS)
        return {path.rpartition("/")[2]: size for path, size in found.items() if path.endswith(_SUFFIX)}

    def read(self, name: str, start: int, length: int) -> bytes:
        """Bytes of a pack, fewer where it ends. Raises Gone."""
        if name not in self._read:
            data = self._bucket.read(f"{PACKS}/{name}", there=True)
            if data is None:
                raise Gone(name)
            while self._read and sum(map(len, self._read.values())) + len(data) > _KEPT:
                self._read.pop(next(iter(self._read)))
            self._read[name] = data
        return self._read[name][start:start + length]

    def forget(self, name: str) -> None:
        """Read a pack anew when it is wanted next: what came was damaged."""
        self._read.pop(name, None)

    def append(self, name: str, start: int, data: bytes) -> None:
        """Write a pack, which begins at byte 0."""
        if start:
            raise Gone(name)
        self._bucket.write(f"{PACKS}/{name}", data)

    def remove(self, name: str) -> None:
        """Take a pack away."""
        self._bucket.remove(f"{PACKS}/{name}")
