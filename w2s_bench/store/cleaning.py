"""What may go from a store: artifacts that nothing needs, what killed processes left, and the holes in packs."""

from __future__ import annotations

import os
import time
from collections.abc import Container
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from w2s_bench.store.artifacts import Store
from w2s_bench.store.bucket import Bucket
from w2s_bench.store.checkpoints import CHECKPOINTS
from w2s_bench.store.disk import Disk, Misplaced
from w2s_bench.store.inventory import Held, inventory
from w2s_bench.store.records import HEAD_BYTES
from w2s_bench.store.sealed import is_key
from w2s_bench.store.writers import is_gone

_SMALL_PACK = 1 << 20
_SETTLED = 600.0
"""Seconds after which what a process that is no more has left may go."""


class Leftover(NamedTuple):
    """A file or folder that nobody needs: its path from the root, bytes, and what it is."""

    path: str
    size: int
    what: str


class Waste(NamedTuple):
    """What may go. packs: those that are to be written anew without their holes; holes: bytes of these."""

    artifacts: list[Held]
    leftovers: list[Leftover]
    packs: list[str]
    holes: int

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(each.size for each in self.artifacts) + sum(each.size for each in self.leftovers) + self.holes


def waste(store: Store, needed: AbstractSet[str], older: float) -> Waste:
    """What may go: of artifacts and checkpoints those that are not among `needed` and older than so many seconds."""
    now = time.time()
    held = inventory(store)
    unneeded = [each for each in held.values() if each.key not in needed and now - each.saved > older]
    left = (_left_among_objects(store.place, held, needed, now - older) if isinstance(store.place, Bucket)
            else _left_on_disk(store.place, needed, now, older))
    going = {bytes.fromhex(each.key) for each in unneeded}
    packs, small, holes = [], [], 0
    for name, size in store.packs.sizes().items():
        found = list(store.packs.records_in(name))
        if not is_gone(name) and now - max((record.moment / 1e9 for record, _ in found), default=0.0) < older:
            continue  # its writer may go on with it
        hole = size - sum(record.stored + HEAD_BYTES + 16 for record, counts in found if counts)
        if hole > 0 or any(counts and record.key in going for record, counts in found):
            packs.append(name)
            holes += max(hole, 0)
        elif size < _SMALL_PACK:
            small.append(name)
    return Waste(unneeded, left, packs + (small if len(small) > 1 else []), holes)


def clean(store: Store, found: Waste) -> None:
    """Take away what was found. What others save or drop meanwhile is left alone."""
    store.rewrite(found.packs, {each.key for each in found.artifacts})
    with store.together():
        for each in found.artifacts:
            store.drop(each.key)
    for left in found.leftovers:
        store.remove(left.path)


def _left_on_disk(disk: Disk, needed: AbstractSet[str], now: float, older: float) -> list[Leftover]:
    found = [Leftover(folder, disk.size(folder), "notes of an older version") for folder in ("latest", "costs")
             if os.path.isdir(disk.at(folder))]
    for folder, what in (("tmp", "left by a process that ended early"), (CHECKPOINTS, "a checkpoint that no run needs")):
        try:
            for entry in disk.entries(folder):
                age = now - entry.stat(follow_symlinks=False).st_mtime
                gone = folder == "tmp" and is_gone(entry.name) and age > _SETTLED
                if gone or (age > older and entry.name not in needed):
                    found.append(Leftover(f"{folder}/{entry.name}", disk.size(f"{folder}/{entry.name}"), what))
        except (Misplaced, FileNotFoundError):
            continue
    return found


def _left_among_objects(bucket: Bucket, held: Container[str], needed: Container[str], before: float) -> list[Leftover]:
    found = []
    for path, (size, saved) in bucket.listed().items():
        parts = path.split("/")
        if not 0.0 < saved < before:
            continue
        if parts[0] == CHECKPOINTS and parts[1] not in needed:
            found.append(Leftover(path, size, "a checkpoint that no run needs"))
        elif len(parts) == 3 and is_key(parts[1]) and parts[1] not in held:
            found.append(Leftover(path, size, "half an artifact"))
    return found
