"""Which shards of a plan have work left, and which of them work for a GPU."""

from __future__ import annotations

import math
from typing import NamedTuple

from w2s_bench.planning.plan import Plan
from w2s_bench.running.passes import todo
from w2s_bench.running.schedule import Schedule
from w2s_bench.running.shards import cells_of, keys_of, rested_on
from w2s_bench.store.artifacts import Store


class Arrays(NamedTuple):
    """all: the numbers of the shards with work left, of so many. gpu: of those with jobs that ask for a GPU; gpus: the most that
    one asks for. cells: how many are left, of how many planned ones."""

    all: tuple[int, ...]
    gpu: tuple[int, ...]
    gpus: int
    cells: int
    planned: int
    of: int


def arrays_of(plan: Plan, store: Store, of: int) -> Arrays:
    """What is left to compute of each of so many shards; the store is only listed."""
    missing = todo(plan, store, set())
    schedule = Schedule(plan.jobs, missing, plan.components)
    left: list[int] = []
    gpu: list[int] = []
    most = 0.0
    for number, cells in enumerate(cells_of(plan, of), start=1):
        jobs = missing & rested_on(plan, keys_of(plan, cells))
        asked = max((schedule.demand(key).gpus for key in jobs), default=0.0)
        most = max(most, asked)
        left += [number] if jobs else []
        gpu += [number] if asked else []
    return Arrays(tuple(left), tuple(gpu), max(1, math.ceil(most)), sum(cell.key in missing for cell in plan.cells),
                  len(plan.cells), of)
