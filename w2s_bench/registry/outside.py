"""Whether anybody but the project itself has installed plugins: known from entry points alone, before anything is imported."""

from __future__ import annotations

import importlib.metadata

GROUP = "w2s_bench"
DISTRIBUTION = "w2s-bench"
"""The project's own distribution: the names of its plugins and of what they offer are its own."""


def outside_plugins() -> bool:
    """Whether a distribution other than the project's own has an entry point in the group."""
    owners = {id(point.dist): point.dist for point in importlib.metadata.entry_points(group=GROUP)}
    return any(owner is None or owner.name != DISTRIBUTION for owner in owners.values())
