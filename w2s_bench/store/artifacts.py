"""Content-addressed artifacts in a folder or behind a URL, each whole or not at all, and verified when it is read."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Literal, TypeVar

from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.errors import StoreError
from w2s_bench.store.bucket import Bucket
from w2s_bench.store.disk import Disk, Misplaced
from w2s_bench.store.folders import BucketFolders, DiskFolders
from w2s_bench.store.pack_files import PACKS, BucketPacks, DiskPacks
from w2s_bench.store.packs import SMALL, Packs
from w2s_bench.store.records import ARTIFACT, COSTS, HEAD_BYTES, LATEST, RUNS
from w2s_bench.store.sealed import Artifact, Damage, Meta, OfAnotherKey, arrays_as_bytes, meta_of

__all__ = ["AbsentArtifact", "Artifact", "DamagedArtifact", "Shelf", "Store", "default_store"]

Shelf = Literal["latest", "costs", "runs"]
Found = TypeVar("Found")
_LOOKED_AGAIN, _REFRESHED = 0.3, 1.0
_NOTES: Mapping[Shelf, int] = {"latest": LATEST, "costs": COSTS, "runs": RUNS}


def default_store() -> str:
    """The store under the user's cache directory."""
    import platformdirs

    return os.path.join(platformdirs.user_cache_dir("w2s-bench"), "store")


class DamagedArtifact(StoreError):
    """An artifact that is not what was written under its key; it has been dropped or put aside, and is to be computed again."""


class AbsentArtifact(DamagedArtifact):
    """An artifact that is not in the store, any more or yet; nothing was dropped."""


class Store:
    """Artifacts under a root: a folder, or any fsspec URL. Raises StoreError when it cannot be read or written.

    shared: whether other processes see what is written. root: as it is named in errors. place, packs: where it lies.
    """

    def __init__(self, root: str) -> None:
        self.url = root
        self.place = place_of(root)
        self.root = self.place.root
        self.shared = self.place.shared if isinstance(self.place, Bucket) else True
        self._folders: DiskFolders | BucketFolders
        if isinstance(self.place, Bucket):
            self._folders, self.packs = BucketFolders(self.place), Packs(BucketPacks(self.place))
        else:
            self._folders, self.packs = DiskFolders(self.place), Packs(DiskPacks(self.place))
        self._together = 0
        self._refreshed = 0.0

    def keys(self) -> set[str]:
        """Keys of all artifacts present, from names alone."""
        with self._listing():
            return self._folders.keys() | self.packs.keys()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Save many in few pieces: on a disk each is written at once, among objects about each second or 1 MB, and at the end."""
        self._together += 1
        try:
            with self._writing("cannot write an artifact"), self.packs.together():
                yield
        finally:
            self._together -= 1

    def put_in_order(self) -> list[str]:
        """Put aside what lies in place of the store's own folders; what that was, a sentence each."""
        with self._writing("cannot write the store"):
            return [self._aside(other) for other in self._folders.misplaced()]

    def flush(self) -> None:
        """Write what waits within `together`. Raises StoreError where that fails; it is lost then."""
        with self._writing("cannot write an artifact"):
            self.packs.flush(give_up=True)

    @property
    def waits(self) -> bool:
        """Whether something was saved within `together` that others cannot read yet: never on a disk."""
        return self.packs.waits

    def save(self, key: str, artifact: Artifact, *, about: Mapping[str, Json]) -> None:
        """Write an artifact whole or not at all. about: what is recorded beside the payload (recipe, seconds, …)."""
        meta, arrays = meta_of(key, artifact, about), arrays_as_bytes(artifact.arrays)
        with self._writing("cannot write an artifact"):
            if isinstance(arrays, bytes) and len(arrays) <= SMALL and (self._together or isinstance(self.place, Disk)):
                if not self.packs.holds(key):
                    self.packs.save(key, meta, arrays)
                return
            try:
                self._folders.save(key, meta, arrays)
            except FileNotFoundError:  # the store was deleted at this very moment
                self._folders.save(key, meta, arrays)

    def load(self, key: str) -> Artifact:
        """The artifact; its arrays may be views that cannot be written. A damaged one is dropped, something else in its place is
        put aside, and both raise DamagedArtifact; one that is not there raises AbsentArtifact."""
        with self._reading(key):
            return self._there(key, self._sought(key, self.packs.load, self._folders.load))

    def payload(self, key: str) -> Mapping[str, Any]:
        """The payload of an artifact, without a look at its arrays. Raises as `load`."""
        with self._reading(key):
            meta = self._there(key, self._sought(key, self.packs.meta, self._folders.meta))
            payload: Mapping[str, Any] = meta["payload"]
            return payload

    def about(self, key: str) -> Mapping[str, Any] | None:
        """What is recorded about an artifact, or None where it is absent or damaged. Nothing is dropped."""
        meta = self._peeked(key)
        return None if meta is None else meta["about"]

    def peek(self, key: str) -> Mapping[str, Json] | None:
        """The payload of an artifact, or None where it is absent or damaged. Nothing is dropped."""
        meta = self._peeked(key)
        return None if meta is None else meta["payload"]

    def _peeked(self, key: str) -> Meta | None:
        try:
            return self._sought(key, self.packs.peek, self._folders.meta, again=False)
        except (OSError, Damage, Misplaced):
            return None

    def pieces(self, key: str) -> list[tuple[str, int, int]]:
        """Where the bytes of an artifact lie: a file by its path from the root, the first byte in it, and how many."""
        with self._listing():
            return self.packs.pieces(key) + self._folders.pieces(key)

    def weights(self) -> dict[str, tuple[int, float]]:
        """Bytes of each artifact, and when it was saved, in seconds since 1970."""
        with self._listing():
            found = self._folders.weights()
            for name in self.packs.sizes():
                for record, counts in self.packs.records_in(name):
                    if record.kind == ARTIFACT and counts:
                        found[record.key.hex()] = record.stored + HEAD_BYTES, record.moment / 1e9
            return found

    def check(self, key: str) -> None:
        """Read an artifact whole. Raises DamagedArtifact where it is not as it was written; nothing is dropped."""
        try:
            if self.packs.holds(key):
                return
            found = self._folders.load(key)
        except (Damage, Misplaced) as fault:
            raise DamagedArtifact(f"artifact {key[:12]} is damaged ({fault})", where=self.root) from None
        if found is None:
            raise DamagedArtifact(f"artifact {key[:12]} cannot be read", where=self.root)

    def drop(self, key: str) -> None:
        """Remove an artifact."""
        with self._writing("cannot write the store"):
            self.packs.drop(key)
            self._folders.drop(key)

    def rewrite(self, packs: Collection[str], without: Collection[str]) -> None:
        """Write what counts in some packs anew, without some artifacts."""
        with self._writing("cannot write the store"):
            self.packs.rewrite(packs, without)

    def remove(self, path: str) -> None:
        """Take a file or a folder away that is no artifact, by its path from the root."""
        with self._writing("cannot write the store"):
            self.place.remove(path)

    def remember(self, identity: str, key: str) -> None:
        """Note the latest key of something that has an identity, such as a cell whose plan may change."""
        self.write_note("latest", identity, key.encode())

    def latest(self, identity: str) -> str | None:
        """The key noted last for an identity."""
        note = self.note("latest", identity)
        try:
            return None if note is None else note.decode()
        except UnicodeDecodeError:
            return None

    def write_note(self, shelf: Shelf, name: str, data: bytes) -> None:
        """Write a few bytes beside the artifacts, in place of the last of that name. name: 64 digits in hex, as digests have."""
        with self._writing("cannot write the store"):
            if isinstance(self.place, Bucket):
                self.place.write(f"{shelf}/{name}", data)
            else:
                self.packs.write_note(_NOTES[shelf], bytes.fromhex(name), data)

    def note(self, shelf: Shelf, name: str) -> bytes | None:
        """The note of that name, None where there is none."""
        try:
            if isinstance(self.place, Bucket):
                return self.place.read(f"{shelf}/{name}")
            return self.packs.note(_NOTES[shelf], bytes.fromhex(name))
        except (OSError, Misplaced):
            return None

    def notes(self, shelf: Shelf) -> set[str]:
        """Names of all notes of a shelf."""
        with self._listing():
            if isinstance(self.place, Bucket):
                return {path.rpartition("/")[2] for path in self.place.names(shelf)}
            return self.packs.notes(_NOTES[shelf])

    @contextlib.contextmanager
    def _reading(self, key: str) -> Iterator[None]:
        """Reading an artifact: what is damaged is dropped, what is something else is put aside."""
        named, hint = f"artifact {key[:12]}", "run the same command again to recompute it"
        try:
            yield
        except Misplaced as other:
            with self._writing("cannot write the store"):
                said = self._aside(other)
            raise DamagedArtifact(f"{named} is not there: {said}", where=self.root, hint=hint) from None
        except OfAnotherKey as other:
            with self._writing("cannot write the store"):
                said = self._aside(Misplaced(f"{key[:2]}/{key}", str(other)))
            raise DamagedArtifact(f"{named} is not there: {said}", where=self.root, hint=hint) from None
        except Damage as error:
            self.drop(key)
            raise DamagedArtifact(f"{named} is damaged ({error}) and was dropped", where=self.root, hint=hint) from None
        except OSError as error:
            raise StoreError(f"cannot read an artifact: {error.strerror or error}", where=self.root) from error

    def _aside(self, other: Misplaced) -> str:
        if isinstance(self.place, Bucket):
            self._folders.drop(other.path.rpartition("/")[2])
            return f"{other.what} in its place, and was removed"
        to = self.place.put_aside(other.path)
        return f"{other.what} lay in place of {other.path} and was put aside as {to}" if to else f"{other.what} was in its place"

    def _sought(self, key: str, packed: Callable[[str], Found | None], foldered: Callable[[str], Found | None], *,
                again: bool = True) -> Found | None:
        """What is found under a key, among what others have packed meanwhile too. again: it ought to be there, and a bucket or a
        network disk may say no to what is."""
        found = packed(key)
        if found is None:
            found = foldered(key)
        if found is None:
            self.packs.look()
            found = packed(key)
        if found is None and again:
            if isinstance(self.place, Bucket):
                time.sleep(_LOOKED_AGAIN)
            elif time.monotonic() - self._refreshed > _REFRESHED:
                self.place.refresh("", key[:2], PACKS)
                self._refreshed = time.monotonic()
                self.packs.look()
            else:
                return None
            found = packed(key) or foldered(key)
        return found

    def _there(self, key: str, found: Found | None) -> Found:
        if found is None:
            raise AbsentArtifact(f"artifact {key[:12]} is not in the store any more", where=self.root,
                                 hint="run the same command again to recompute it")
        return found

    @contextlib.contextmanager
    def _writing(self, failed: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"{failed}: {error.strerror or error}", where=self.root,
                             hint="free some disk, or choose another store with --store") from error

    @contextlib.contextmanager
    def _listing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"cannot list the store: {error.strerror or error}", where=self.root,
                             hint="choose another store with --store") from None


def place_of(root: str) -> Disk | Bucket:
    """Where the store of a folder or a URL lies. Raises StoreError for a URL that is none, and for one that cannot be written."""
    scheme, colon, rest = root.partition(":")
    if colon and not rest.startswith("//") and re.fullmatch("[a-z][a-z0-9]+", scheme) and not os.path.exists(root):
        from fsspec import available_protocols

        if scheme in available_protocols():
            raise StoreError("this is no folder and no URL", where=root, hint=f"write {scheme}://{rest}")
    if "://" not in root or root.startswith(("file://", "local://")):
        path = root.partition("://")[2] if "://" in root else os.path.expanduser(root)
        return Disk(os.path.abspath(path))
    return Bucket(root)
