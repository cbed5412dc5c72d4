"""What a store holds: each artifact with its stage, size and age, and what it rests on, as far as the store holds that."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from w2s_bench.store.artifacts import DamagedArtifact, Store
from w2s_bench.store.bucket import Bucket
from w2s_bench.store.checkpoints import CHECKPOINTS
from w2s_bench.store.disk import ASIDE

_BESIDE = (CHECKPOINTS, "tmp", ASIDE)


class Held(NamedTuple):
    """An artifact. what: the components that made it, in words. size: bytes on the disk. saved: seconds since 1970.
    upstream: keys of the artifacts that its recipe names, and of loaded splits the key of their truth."""

    key: str
    stage: str
    what: str
    size: int
    saved: float
    upstream: tuple[str, ...]


def inventory(store: Store) -> dict[str, Held]:
    """All artifacts by key, in no order. One that is damaged has the stage "" and rests on nothing."""
    weights = store.weights()
    keys = set(weights)
    found: dict[str, Held] = {}
    for key, (size, saved) in weights.items():  # pack by pack
        about = store.about(key) or {}
        recipe: Mapping[str, Any] = about.get("recipe") or {}
        stage = "truth" if "truth_of" in about else str(recipe.get("stage", ""))
        named = (*recipe.values(), about.get("truth"))
        found[key] = Held(key, stage, _made_by(about), size, saved, tuple(_named(named, keys)))
    return found


def rests_on(held: Mapping[str, Held], keys: Iterable[str]) -> set[str]:
    """These artifacts and all that they rest on, as far as they are held."""
    found: set[str] = set()
    pending = [key for key in keys if key in held]
    while pending:
        key = pending.pop()
        if key not in found:
            found.add(key)
            pending += held[key].upstream
    return found


def faults(store: Store) -> Iterator[tuple[str, str]]:
    """The artifacts that are not as they were written, each with what is wrong. Everything is read; nothing is dropped."""
    for key in sorted(store.keys()):
        try:
            store.check(key)
        except DamagedArtifact as fault:
            yield key, fault.what


def beside(store: Store) -> dict[str, int]:
    """Bytes of what lies beside the artifacts, by folder."""
    if isinstance(store.place, Bucket):
        names = store.place.names()
        found = {folder: sum(size for path, size in names.items() if path.startswith(f"{folder}/")) for folder in _BESIDE}
    else:
        found = {folder: store.place.size(folder) for folder in _BESIDE if os.path.isdir(store.place.at(folder))}
    return {folder: size for folder, size in found.items() if size}


def _named(values: Iterable[object], keys: set[str]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str) and value in keys:
            yield value
        elif isinstance(value, list):
            yield from _named(value, keys)


def _made_by(about: Mapping[str, object]) -> str:
    components = about.get("components")
    named = components.values() if isinstance(components, Mapping) else ()
    names = (str(component.get("name", "")) for component in named if isinstance(component, Mapping))
    return " ".join(name.rpartition("/")[2] for name in names)
