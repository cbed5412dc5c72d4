"""Integers by keys of 32 bytes, in 40 bytes each, not a dictionary's 200: a store of a million cells has eight million keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

_RECENT = 1 << 12
_GONE = -1


class KeyMap:
    """A mapping to integers from 0 on: what came lately in a dictionary, the rest in sorted arrays."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        self._recent: dict[bytes, int] = {}
        self._keys = np.empty(0, dtype="S32")
        self._values = np.empty(0, dtype=np.int64)

    def get(self, key: bytes) -> int | None:
        """The integer of a key, None where there is none."""
        value = self._recent.get(key)
        if value is None and len(self._keys):
            at = int(np.searchsorted(self._keys, np.array(key, dtype="S32")))
            if at < len(self._keys) and self._keys[at:at + 1].tobytes() == key:
                value = int(self._values[at])
        return None if value is None or value == _GONE else value

    def put(self, key: bytes, value: int) -> None:
        """Set the integer of a key."""
        self._recent[key] = value

    def put_new(self, pairs: Iterable[tuple[bytes, int]]) -> list[tuple[bytes, int]]:
        """Set the integers of keys that have none; the pairs whose key had another one."""
        recent, other = self._recent, []
        for key, value in pairs:
            if len(self._keys) and key not in recent and (known := self.get(key)) is not None:
                if known != value:
                    other.append((key, value))
            elif recent.setdefault(key, value) != value:
                if recent[key] == _GONE:
                    recent[key] = value
                else:
                    other.append((key, value))
        return other

    def remove(self, key: bytes) -> None:
        """Forget a key."""
        self._recent[key] = _GONE

    def names(self) -> Iterator[bytes]:
        """The keys."""
        packed = self._keys.tobytes()
        for at in np.flatnonzero(self._values != _GONE).tolist():
            key = packed[32 * at:32 * at + 32]
            if key not in self._recent:
                yield key
        yield from (key for key, value in self._recent.items() if value != _GONE)

    def settle(self) -> None:
        """Bring into the arrays what came lately, where that is much."""
        if len(self._recent) <= _RECENT + len(self._keys) // 8:
            return
        recent = np.frombuffer(b"".join(self._recent), dtype="S32")
        keys = np.concatenate([recent, self._keys])
        values = np.concatenate([np.fromiter(self._recent.values(), np.int64, len(self._recent)), self._values])
        keys, first = np.unique(keys, return_index=True)  # of equal keys the first, which came last
        kept = values[first] != _GONE
        self._keys, self._values, self._recent = keys[kept], values[first][kept], {}
