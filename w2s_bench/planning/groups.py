"""Whose code a job runs, and whether it may know the truth: jobs that differ in it share no process.

The project's own code is one group, and knows what it knows. Code of others is apart from all other code, and what of it has
read the truth from what has not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from w2s_bench.planning.recipes import Also, Fit, Load, Recipe, Score, component_keys
from w2s_bench.registry.component import Component

OWN = ""
"""The group of the project's own code."""


def owners_of(recipe: Recipe, components: Mapping[str, Component]) -> frozenset[str]:
    """The distributions whose code a job runs beside the project's own."""
    return frozenset().union(*(components[key].owners for key in component_keys(recipe)))


def group_of(recipe: Recipe, components: Mapping[str, Component], truth_share: Callable[[str], float]) -> str:
    """The group of a job, in words. truth_share: of the strategy of a key, the part of its labels that are the truth."""
    owners = owners_of(recipe, components)
    if not owners:
        return OWN
    return f"{', '.join(sorted(owners))}{' with the truth' if reads_truth(recipe, truth_share) else ''}"


def reads_truth(recipe: Recipe, truth_share: Callable[[str], float]) -> bool:
    """Whether a job is given true labels: who loads them, who is fitted on them, and who measures."""
    match recipe:
        case Load() | Score() | Also():
            return True
        case Fit(strategy=strategy, weak=weak, source=source):
            return source != "none" and (weak is None or truth_share(strategy) > 0)
    return False
