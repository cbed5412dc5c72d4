"""Artifacts each in a folder of its own: `<kk>/<key>/` holds arrays.safetensors and meta.json.

On a disk an artifact is written beside its place and renamed. Among objects meta.json comes last, names the object that holds its
arrays, and is what tells that an artifact is there.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import time
from collections import OrderedDict

from w2s_bench.store.bucket import Bucket
from w2s_bench.store.disk import Disk, Misplaced
from w2s_bench.store.pack_files import PACKS
from w2s_bench.store.sealed import Artifact, Damage, Meta, OfAnotherKey, arrays_in, is_key, sealed, sha256, unsealed

_FOLDERS = frozenset({"tmp", "packs", "latest", "costs", "checkpoints", "aside"})
_META, _ARRAYS = "meta.json", "arrays.safetensors"
_MAPPED = 16 << 20
"""From how many bytes on arrays are mapped, not read: what is small costs more pages than it saves."""
_MOST_VERIFIED = 1 << 14


class DiskFolders:
    """Artifacts on a disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._verified: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    def keys(self) -> set[str]:
        """Keys of all artifacts, from names alone: whatever lies in the place of one is looked at when it is read."""
        found: set[str] = set()
        for shelf in self._disk.entries(""):
            if len(shelf.name) == 2 and shelf.is_dir(follow_symlinks=False):
                found |= {entry.name for entry in self._disk.entries(shelf.name)
                          if is_key(entry.name) and entry.name[:2] == shelf.name}
        return found

    def misplaced(self) -> list[Misplaced]:
        """What lies in place of the folders of a store."""
        found = []
        for entry in self._disk.entries(""):
            if re.fullmatch("[0-9a-f]{2}", entry.name) or entry.name in _FOLDERS:
                try:
                    self._disk.is_folder(entry.name)
                except Misplaced as other:
                    found.append(other)
        with contextlib.suppress(Misplaced):
            found += [Misplaced(f"{PACKS}/{entry.name}", "something that is no file") for entry in self._disk.entries(PACKS)
                      if not entry.is_file(follow_symlinks=False)]
        return found

    def save(self, key: str, meta: Meta, arrays: bytes | memoryview) -> None:
        """Write an artifact beside its place and move it there; a sound one that is there stays."""
        beside = self._disk.temporary()
        try:
            os.mkdir(beside)
            for name, data in ((_ARRAYS, arrays), (_META, sealed(meta, arrays))):
                with open(f"{beside}/{name}", "xb") as file:
                    file.write(data)
            self._moved(beside, key)
        finally:
            self._disk.forget(beside)

    def _moved(self, beside: str, key: str) -> None:
        """Move an artifact into its place, unless a sound one has come there; what else lies there makes room."""
        for last in (False, False, True):
            self._disk.folder(key[:2])
            try:
                os.rename(beside, self._disk.at(_place(key)))
                return
            except OSError:
                if last or not os.path.lexists(self._disk.at(_place(key))):
                    raise
            try:
                if self._meta(key) is not None and self._arrays_are_there(key):
                    return
                self._disk.remove(_place(key))
            except OfAnotherKey:
                self._disk.put_aside(_place(key))
            except Damage:
                self._disk.remove(_place(key))
            except Misplaced as other:
                self._disk.put_aside(other.path)

    def load(self, key: str) -> Artifact | None:
        """The artifact, None where there is none. Its checksum is looked at once in the life of a process, unless it changed.

        Raises Damage and Misplaced.
        """
        meta = self._meta(key)
        if meta is None:
            return None
        descriptor = self._disk.opened(f"{_place(key)}/{_ARRAYS}")
        if descriptor is None:
            raise Damage("its arrays are gone")
        with open(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            if found.st_size < _MAPPED:
                data = memoryview(file.read())
            else:
                data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        is_now = (found.st_ino, found.st_size, found.st_mtime_ns)
        if self._verified.get(key) != is_now:
            if sha256(data) != meta["arrays_sha256"]:
                raise Damage("checksum of the arrays")
            self._remember(key, is_now)
        return Artifact(arrays_in(data), meta["payload"])

    def meta(self, key: str) -> Meta | None:
        """What meta.json says, None where there is none. Raises Damage and Misplaced."""
        return self._meta(key)

    def drop(self, key: str) -> None:
        """Remove an artifact; what lies in its place and is none is put aside."""
        try:
            inside = {entry.name: entry.is_file(follow_symlinks=False) for entry in self._disk.entries(_place(key))}
            ours = self._disk.is_folder(key[:2]) and inside.keys() <= {_META, _ARRAYS} and all(inside.values())
        except Misplaced:
            ours = False
        if ours:
            self._disk.remove(_place(key))
        elif os.path.lexists(self._disk.at(_place(key))):
            self._disk.put_aside(_place(key))

    def pieces(self, key: str) -> list[tuple[str, int, int]]:
        """The files of an artifact: path from the root, 0, and how many bytes."""
        try:
            return [(f"{_place(key)}/{entry.name}", 0, entry.stat(follow_symlinks=False).st_size)
                    for entry in self._disk.entries(_place(key))]
        except Misplaced:
            return []

    def weights(self) -> dict[str, tuple[int, float]]:
        """Bytes of each artifact, and when it was saved, in seconds since 1970."""
        return {key: (sum(size for _, _, size in self.pieces(key)), os.lstat(self._disk.at(_place(key))).st_mtime)
                for key in self.keys()}

    def _meta(self, key: str) -> Meta | None:
        for folder in (key[:2], _place(key)):
            if not self._disk.is_folder(folder):
                return None
        try:
            text = self._disk.read(f"{_place(key)}/{_META}")
        except Misplaced as other:
            raise Misplaced(_place(key), f"{other.what} in place of {_META}") from None
        return None if text is None else unsealed(text, key)

    def _arrays_are_there(self, key: str) -> bool:
        entries = {entry.name: entry for entry in self._disk.entries(_place(key))}
        return _ARRAYS in entries and entries[_ARRAYS].is_file(follow_symlinks=False)

    def _remember(self, key: str, is_now: tuple[int, int, int]) -> None:
        self._verified[key] = is_now
        if len(self._verified) > _MOST_VERIFIED:
            self._verified.popitem(last=False)


class BucketFolders:
    """Artifacts among objects."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def keys(self) -> set[str]:
        """Keys of all artifacts whose meta.json is there."""
        paths = (path.split("/") for path in self._bucket.names())
        return {path[1] for path in paths if len(path) == 3 and path[2] == _META and is_key(path[1]) and path[1][:2] == path[0]}

    def save(self, key: str, meta: Meta, arrays: bytes | memoryview) -> None:
        """Write the arrays under a name of their contents, so that writers of one key cannot mix theirs, and then meta.json."""
        name = f"{sha256(arrays)[:16]}.{_ARRAYS}"
        self._bucket.write(f"{_place(key)}/{name}", bytes(arrays))
        self._bucket.write(f"{_place(key)}/{_META}", sealed({**meta, "arrays": name}, arrays))

    def load(self, key: str) -> Artifact | None:
        """The artifact, None where there is none. What comes damaged is asked for again first. Raises Damage."""
        for wait in (0.1, 0.5, None):
            try:
                return self._loaded(key)
            except Damage:
                if wait is None:
                    raise
                time.sleep(wait)
        return None

    def _loaded(self, key: str) -> Artifact | None:
        text = self._bucket.read(f"{_place(key)}/{_META}")
        if text is None:
            return None
        meta = unsealed(text, key)
        data = self._bucket.read(f"{_place(key)}/{os.path.basename(str(meta['arrays']))}", there=True)
        if data is None or sha256(data) != meta["arrays_sha256"]:
            raise Damage("its arrays are gone" if data is None else "checksum of the arrays")
        return Artifact(arrays_in(data), meta["payload"])

    def meta(self, key: str) -> Meta | None:
        """What meta.json says, None where there is none. Raises Damage."""
        for wait in (0.1, 0.5, None):
            text = self._bucket.read(f"{_place(key)}/{_META}")
            try:
                return None if text is None else unsealed(text, key)
            except Damage:
                if wait is None:
                    raise
                time.sleep(wait)
        return None

    def pieces(self, key: str) -> list[tuple[str, int, int]]:
        """The objects of an artifact: path from the root, 0, and how many bytes."""
        return [(path, 0, size) for path, size in self._bucket.names(_place(key)).items()]

    def weights(self) -> dict[str, tuple[int, float]]:
        """Bytes of each artifact, and when it was saved, in seconds since 1970."""
        found: dict[str, tuple[int, float]] = {}
        entries = self._bucket.listed()
        for key in self.keys():
            meta = entries.get(f"{_place(key)}/{_META}", (0, 0.0))
            found[key] = meta[0], meta[1]
        for path, (size, _) in entries.items():
            parts = path.split("/")
            if len(parts) == 3 and parts[1] in found and parts[2] != _META:
                found[parts[1]] = found[parts[1]][0] + size, found[parts[1]][1]
        return found

    def misplaced(self) -> list[Misplaced]:
        """Among objects nothing lies in the place of a folder."""
        return []

    def drop(self, key: str) -> None:
        """Remove an artifact: meta.json first, without which it counts as absent."""
        self._bucket.remove(f"{_place(key)}/{_META}")
        for path in self._bucket.names(_place(key)):
            if not path.endswith(_META):
                self._bucket.remove(path)


def _place(key: str) -> str:
    return f"{key[:2]}/{key}"
