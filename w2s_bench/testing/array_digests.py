"""One text for named arrays, equal where every byte is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from w2s_bench.contracts import Array


def digest_of(arrays: Mapping[str, Array]) -> str:
    """SHA-256 of the names, types, shapes and bytes of arrays; of texts and other objects what they read as."""
    whole = hashlib.sha256()
    for name, given in sorted(arrays.items()):
        array = np.ascontiguousarray(given)
        whole.update(f"{name}\0{array.dtype}\0{array.shape}\0".encode())
        whole.update("\0".join(map(repr, array.ravel())).encode() if array.dtype.hasobject else array.tobytes())
    return whole.hexdigest()
