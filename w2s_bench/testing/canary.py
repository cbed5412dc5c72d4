"""The label canary: a student is fitted under two truths that differ while all that it may read is the same.

Whatever is not the same in what it leaves has been told the truth. Both runs have the truth where real ones have it: in a store
on disk, in the task's file, in the process of a fit that may read it, and in scikit-learn's own data.
"""

from __future__ import annotations

from pathlib import Path

from w2s_bench.registry.catalogue import Registered, Registry
from w2s_bench.registry.component import Component
from w2s_bench.testing.peekable_run import PeekableRun


def told_by(registry: Registry, entry: Registered, component: Component, folder: Path) -> tuple[str, ...]:
    """The places that hold something of the truth of transfer and test, in words; () where the strategy knows nothing of it.

    A place that is not the same twice under one truth says nothing, and is left out. folder: for the two runs. Raises PluginError
    where a fit fails.
    """
    run = PeekableRun(registry, entry, component, folder)
    one, other = run.observed(other=False), run.observed(other=True)
    apart = _apart(one, other)
    if not apart:
        return ()
    again = _apart(one, run.observed(other=False))
    return tuple(place for place in apart if place not in again)


def _apart(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return [place for place in {**one, **other} if one.get(place) != other.get(place)]
