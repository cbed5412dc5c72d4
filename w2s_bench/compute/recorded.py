"""What is recorded beside what a job leaves."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from w2s_bench.contracts.devices import described, threads
from w2s_bench.planning.recipes import Job, foundation
from w2s_bench.registry.component import Component


def about(job: Job, components: Mapping[str, Component], seconds: float, batch: int, devices: set[str]) -> dict[str, Any]:
    """The recipe, what its key is made from, and how long it took. components: of the plan, by key. batch: jobs that were
    computed together, whose time is shared out.
    """
    keys = {role: getattr(job.recipe, role, None) for role in ("task", "model", "strategy")}
    return {"recipe": msgspec.to_builtins(job.recipe),
            "components": {role: components[key].rests_on() for role, key in keys.items() if key is not None},
            "foundation": foundation(job.stage), "seconds": seconds, "batch": batch, "peak_memory": peak_memory(),
            "device": described(devices), "threads": threads()}


def peak_memory() -> float:
    """Largest resident size of this process so far, in MiB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1024 * 1024 if sys.platform == "darwin" else 1024)
