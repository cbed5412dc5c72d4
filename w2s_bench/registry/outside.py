"""Whether anybody but the project itself has installed plugins: known from entry points alone, before anything is imported."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint
from typing import NamedTuple

GROUP = "w2s_bench"
DISTRIBUTION = "w2s-bench"
"""The project's own distribution: the names of its plugins and of what they offer are its own."""


class Unreadable(NamedTuple):
    """A distribution whose entry points cannot be read, and why; they may be anybody's."""

    distribution: Distribution
    why: str


def entry_points() -> Iterator[EntryPoint | Unreadable]:
    """The entry points of the group, those of every distribution that can be read."""
    try:
        found = importlib.metadata.entry_points(group=GROUP)
    except Exception:  # of one of all that are installed: they are read one by one
        yield from _one_by_one()
    else:
        yield from found


def outside_plugins() -> bool:
    """Whether a distribution other than the project's own has an entry point in the group."""
    owners = {id(point.dist): point.dist for point in entry_points() if isinstance(point, EntryPoint)}
    return any(owner is None or owner.name != DISTRIBUTION for owner in owners.values())


def _one_by_one() -> Iterator[EntryPoint | Unreadable]:
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        try:
            name = str(distribution.metadata["Name"]).lower().replace("_", "-")
            if name not in seen:  # the first on the path is the one that is imported
                seen.add(name)
                yield from distribution.entry_points.select(group=GROUP)
        except Exception as error:
            yield Unreadable(distribution, f"{type(error).__name__}: {error}")
