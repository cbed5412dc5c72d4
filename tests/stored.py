"""What lies in a store, for tests that look into one or damage it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from w2s_bench.store.artifacts import Store


def abouts(root: Path) -> dict[str, dict[str, Any]]:
    """What is recorded about each artifact, by key."""
    store = Store(str(root))
    return {key: dict(store.about(key) or {}) for key in sorted(store.keys())}


def arrays_as_bytes(root: Path) -> dict[str, dict[str, bytes]]:
    """The arrays of each artifact, by key and name."""
    store = Store(str(root))
    return {key: {name: array.tobytes() for name, array in store.load(key).arrays.items()} for key in sorted(store.keys())}


def damage(root: Path, key: str) -> None:
    """Turn a bit in the bytes of an artifact, wherever they lie."""
    store = Store(str(root))
    assert key in store.keys()  # noqa: SIM118
    pieces = [piece for piece in store.pieces(key) if not piece[0].endswith("meta.json")]
    assert pieces
    for path, start, length in pieces:
        with open(root / path, "r+b") as file:
            file.seek(start + length - 1)
            last = file.read(1)[0]
            file.seek(start + length - 1)
            file.write(bytes([last ^ 1]))
