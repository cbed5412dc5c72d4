"""Content-addressed artifacts on any file system: `<root>/<kk>/<key>/` holds arrays.safetensors and meta.json.

An artifact is written beside its place and renamed (object stores: meta.json last), and verified on every read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import posixpath
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from w2s_bench.contracts import Array
from w2s_bench.contracts.digests import Json, canonical_json
from w2s_bench.contracts.errors import StoreError


def default_store() -> str:
    """The store under the user's cache directory."""
    import platformdirs

    return os.path.join(platformdirs.user_cache_dir("w2s-bench"), "store")


@dataclass(frozen=True)
class Artifact:
    """What a job leaves. arrays: named numeric arrays. payload: plain JSON values."""

    arrays: Mapping[str, Array] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)


Shelf = Literal["latest", "costs"]
_NO_SHELF = ("tmp", "latest", "checkpoints", "costs")


class DamagedArtifact(StoreError):
    """An artifact whose checksums do not match; it has been dropped."""


class Store:
    """Artifacts under a root: a folder, or any fsspec URL. Raises StoreError when it cannot be read or written."""

    def __init__(self, root: str) -> None:
        import fsspec

        self.url = root
        try:
            self.filesystem, self.root = fsspec.core.url_to_fs(os.path.expanduser(root))
        except (ValueError, ImportError) as error:
            raise StoreError(str(error), where=root, hint="a folder, or a URL that fsspec reads") from None
        self._local = "file" in (self.filesystem.protocol if isinstance(self.filesystem.protocol, tuple)
                                 else (self.filesystem.protocol,))

    def keys(self) -> set[str]:
        """Keys of all artifacts present, from their folder names alone."""
        try:
            return {posixpath.basename(folder.rstrip("/")) for shelf in self._list(self.root)
                    for folder in self._list(shelf)}
        except OSError as error:
            raise StoreError(f"cannot list the store: {error}", where=self.root) from None

    def save(self, key: str, artifact: Artifact, *, about: Mapping[str, Json]) -> None:
        """Write an artifact whole or not at all. about: what is recorded beside the payload (recipe, seconds, …)."""
        from safetensors.numpy import save

        arrays = save({name: np.asarray(value, order="C") for name, value in artifact.arrays.items()})
        meta: dict[str, Json] = {"payload": dict(artifact.payload), "about": dict(about), "arrays_sha256": _sha256(arrays)}
        meta["meta_sha256"] = _sha256(canonical_json(meta).encode())
        text = canonical_json(meta).encode()
        folder = self._folder(key)
        place = f"{self.root}/tmp/{key}-{uuid.uuid4().hex[:8]}" if self._local else folder
        try:
            self.filesystem.makedirs(place, exist_ok=True)
            self._write(f"{place}/arrays.safetensors", arrays)
            self._write(f"{place}/meta.json", text)
            if self._local:
                self._move_into_place(place, folder)
        except OSError as error:
            self._discard(place)
            raise StoreError(f"cannot write an artifact: {error.strerror or error}", where=self.root,
                             hint="free some disk, or choose another store with --store") from error

    def load(self, key: str) -> Artifact:
        """The artifact. A damaged one is dropped and raises DamagedArtifact."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        with self._read(key, SafetensorError):
            meta = self._checked_meta(key)
            with self.filesystem.open(f"{self._folder(key)}/arrays.safetensors", "rb") as file:
                data = file.read()
            if _sha256(data) != meta["arrays_sha256"]:
                raise ValueError("checksum of the arrays")
            return Artifact(load(data), meta["payload"])

    def payload(self, key: str) -> Mapping[str, Any]:
        """The payload of an artifact, without a look at its arrays. A damaged one is dropped and raises DamagedArtifact."""
        with self._read(key):
            payload: Mapping[str, Any] = self._checked_meta(key)["payload"]
            return payload

    def about(self, key: str) -> Mapping[str, Any] | None:
        """What is recorded about an artifact, or None where it is absent or its meta.json is damaged."""
        try:
            about: Mapping[str, Any] = self._checked_meta(key)["about"]
            return about
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def drop(self, key: str) -> None:
        """Remove an artifact."""
        self._discard(self._folder(key))

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
        """Write a small file beside the artifacts, in place of the last of that name."""
        try:
            self.filesystem.makedirs(f"{self.root}/{shelf}", exist_ok=True)
            self._write(f"{self.root}/{shelf}/{name}", data)
        except OSError as error:
            raise StoreError(f"cannot write the store: {error.strerror or error}", where=self.root,
                             hint="free some disk, or choose another store with --store") from error

    def note(self, shelf: Shelf, name: str) -> bytes | None:
        """The note of that name, None where there is none."""
        try:
            with self.filesystem.open(f"{self.root}/{shelf}/{name}", "rb") as file:
                return bytes(file.read())
        except OSError:
            return None

    def notes(self, shelf: Shelf) -> set[str]:
        """Names of all notes of a shelf."""
        try:
            return {posixpath.basename(path.rstrip("/")) for path in self._list(f"{self.root}/{shelf}")}
        except OSError as error:
            raise StoreError(f"cannot list the store: {error}", where=self.root) from None

    @contextlib.contextmanager
    def _read(self, key: str, *damage: type[Exception]) -> Iterator[None]:
        """Reading an artifact: what tells of damage drops it."""
        telling: tuple[type[Exception], ...] = (ValueError, KeyError, TypeError, FileNotFoundError, *damage)
        try:
            yield
        except telling as error:
            self.drop(key)
            raise DamagedArtifact(f"artifact {key[:12]} is damaged ({error}) and was dropped", where=self.root,
                                  hint="run the same command again to recompute it") from None
        except OSError as error:
            raise StoreError(f"cannot read an artifact: {error.strerror or error}", where=self.root) from error

    def _checked_meta(self, key: str) -> dict[str, Any]:
        with self.filesystem.open(f"{self._folder(key)}/meta.json", "rb") as file:
            meta: dict[str, Any] = json.loads(file.read())
        claimed = meta.pop("meta_sha256")
        if _sha256(canonical_json(meta).encode()) != claimed:
            raise ValueError("checksum of meta.json")
        return meta

    def _folder(self, key: str) -> str:
        return f"{self.root}/{key[:2]}/{key}"

    def _list(self, folder: str) -> list[str]:
        if not self.filesystem.exists(folder):
            return []
        found = (str(path) for path in self.filesystem.ls(folder, detail=False))
        return [path for path in found if posixpath.basename(path) not in _NO_SHELF]

    def _write(self, path: str, data: bytes) -> None:
        with self.filesystem.open(path, "wb") as file:
            file.write(data)

    def _move_into_place(self, place: str, folder: str) -> None:
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        try:
            os.rename(place, folder)
        except OSError:
            if not os.path.exists(f"{folder}/meta.json"):
                self._discard(folder)
                os.rename(place, folder)
            else:
                self._discard(place)

    def _discard(self, folder: str) -> None:
        """Take a folder away; another process may be doing the same."""
        try:
            if self._local and os.path.isdir(folder):
                away = f"{self.root}/tmp/{uuid.uuid4().hex}"
                os.makedirs(f"{self.root}/tmp", exist_ok=True)
                os.rename(folder, away)
                folder = away
            if self.filesystem.exists(folder):
                self.filesystem.rm(folder, recursive=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"cannot write the store: {error.strerror or error}", where=self.root) from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
