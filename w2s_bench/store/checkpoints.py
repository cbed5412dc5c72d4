"""What a long fit keeps of itself in the store while it goes on; gone when its job has ended."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Mapping

import numpy as np

from w2s_bench.contracts import Array
from w2s_bench.contracts.errors import StoreError
from w2s_bench.store.artifacts import Store

_DIGEST = 32


class StoredCheckpoints:
    """The checkpoints of one job: `<store>/checkpoints/<key>`, a SHA-256 and safetensors behind it."""

    def __init__(self, store: Store, key: str) -> None:
        self._filesystem, self._folder, self._path = store.filesystem, f"{store.root}/checkpoints", \
            f"{store.root}/checkpoints/{key}"

    def load(self) -> Mapping[str, Array] | None:
        """The arrays saved last; None where there are none, or where they are damaged and the fit begins anew."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            with self._filesystem.open(self._path, "rb") as file:
                content = file.read()
            data = content[_DIGEST:]
            return dict(load(data)) if hashlib.sha256(data).digest() == content[:_DIGEST] else None
        except (FileNotFoundError, SafetensorError):
            return None
        except OSError as error:
            raise StoreError(f"cannot read a checkpoint: {error.strerror or error}", where=self._path) from error

    def save(self, arrays: Mapping[str, Array]) -> None:
        """Keep these arrays in place of the last ones: written beside and moved. Raises StoreError."""
        from safetensors.numpy import save

        data = save({name: np.asarray(value, order="C") for name, value in arrays.items()})
        beside = f"{self._path}-{uuid.uuid4().hex[:8]}"
        try:
            self._filesystem.makedirs(self._folder, exist_ok=True)
            with self._filesystem.open(beside, "wb") as file:
                file.write(hashlib.sha256(data).digest() + data)
            if "file" in self._filesystem.protocol:
                os.replace(beside, self._path)
            else:
                self._filesystem.mv(beside, self._path)
        except OSError as error:
            raise StoreError(f"cannot write a checkpoint: {error.strerror or error}", where=self._path,
                             hint="free some disk, or choose another store with --store") from error

    def drop(self) -> None:
        """Forget them: the job has ended."""
        try:
            if self._filesystem.exists(self._path):
                self._filesystem.rm(self._path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"cannot write the store: {error}", where=self._path) from error
