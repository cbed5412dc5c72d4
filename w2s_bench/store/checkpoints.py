"""What a long fit or embedding keeps of itself in the store while it goes on; gone when its job has ended."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping

import numpy as np

from w2s_bench.contracts import Array
from w2s_bench.contracts.errors import StoreError
from w2s_bench.store.artifacts import Store
from w2s_bench.store.bucket import Bucket
from w2s_bench.store.disk import Misplaced
from w2s_bench.store.sealed import Damage, arrays_as_bytes, arrays_in

CHECKPOINTS = "checkpoints"
_DIGEST = 32


class StoredCheckpoints:
    """The checkpoints of one job: `<store>/checkpoints/<key>`, a SHA-256 and safetensors behind it."""

    def __init__(self, store: Store, key: str) -> None:
        self._place, self._path = store.place, f"{CHECKPOINTS}/{key}"

    def load(self) -> Mapping[str, Array] | None:
        """The arrays saved last; None where there are none, or where they are damaged and the fit begins anew."""
        with self._said("cannot read a checkpoint"):
            try:
                content = self._place.read(self._path)
                if content is None or hashlib.sha256(data := content[_DIGEST:]).digest() != content[:_DIGEST]:
                    return None
                return {name: np.array(array) for name, array in arrays_in(data).items()}
            except (Misplaced, Damage):  # the next one takes its place
                return None

    def save(self, arrays: Mapping[str, Array]) -> None:
        """Keep these arrays in place of the last ones, whole or not at all. Raises StoreError."""
        data = bytes(arrays_as_bytes(arrays))
        with self._said("cannot write a checkpoint", "free some disk, or choose another store with --store"):
            try:
                self._place.write(self._path, hashlib.sha256(data).digest() + data)
            except FileNotFoundError:  # another job with the same blocks ended at this very moment
                self._place.write(self._path, hashlib.sha256(data).digest() + data)

    def drop(self) -> None:
        """Forget them: the job has ended."""
        with self._said("cannot write the store"):
            self._place.remove(self._path)

    @contextlib.contextmanager
    def _said(self, failed: str, hint: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = f"{self._place.root}/{self._path}"
            raise StoreError(f"{failed}: {error.strerror or error}", where=where, hint=hint) from error


class StoredBlocks:
    """Named blocks of one job, `<store>/checkpoints/<key>/<name>`, each as `StoredCheckpoints` keeps it."""

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key = store, key

    def load(self, name: str) -> Mapping[str, Array] | None:
        """The arrays of a block; None where there are none or they are damaged."""
        return StoredCheckpoints(self._store, f"{self._key}/{name}").load()

    def save(self, name: str, arrays: Mapping[str, Array]) -> None:
        """Keep the arrays of a block. Raises StoreError."""
        StoredCheckpoints(self._store, f"{self._key}/{name}").save(arrays)

    def drop(self) -> None:
        """Forget them all: the job has ended."""
        if isinstance(self._store.place, Bucket):
            for path in self._store.place.names(f"{CHECKPOINTS}/{self._key}"):
                self._store.place.remove(path)
        else:
            StoredCheckpoints(self._store, self._key).drop()
