"""A cluster that is not there: the real plan and the real schedule, many workers in virtual time, costs drawn by a seed.

    .venv/bin/python benchmarks/simulated_cluster.py [CELLS] [WORKERS]

No process computes anything. A worker takes a batch as an executor does, has each of its jobs for as long as was drawn for it,
and holds the last artifacts that it read or made. Printed: the makespan beside its lower bounds (all work shared out evenly, and
the longest chain of jobs), what workers wait, what is asked of the store, and what the driver itself takes here: seconds of
planning and of scheduling, and memory.
"""

from __future__ import annotations

import heapq
import resource
import sys
import time
from collections import Counter, OrderedDict

import numpy as np

from w2s_bench.compute.messages import OfferedComponents
from w2s_bench.contracts import Outcome
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Job
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.schedule import Schedule

MEDIANS = {"load": 5.0, "prepare": 30.0, "embed": 1200.0, "compare": 2.0, "fit": 2.0, "predict": 0.5, "score": 0.5}
"""Median seconds of a job of a stage: a network reads the texts of a task in twenty minutes, a head takes two seconds."""

SPREAD = 0.5
"""Of the logarithm: one job in forty takes 2.7 times the median or more, and of a million one takes eleven times."""

HELD = 48
"""Artifacts that a worker holds."""

STRATEGIES, MODELS, SEEDS = 20, 5, 10


def plan_of(cells: int) -> Plan:
    """A spec of about so many cells: every pair of a weak and a strong model, twenty strategies, ten seeds, and tasks enough."""
    tasks = max(1, round(cells / (STRATEGIES * MODELS * MODELS * SEEDS)))
    weak, strong = (tuple(f"random-features[width={first + i}]" for i in range(MODELS)) for first in (8, 64))
    matrix = Matrix(tasks=tuple(f"mlp[task={i}]" for i in range(tasks)), weak=weak, strong=strong, seeds=tuple(range(SEEDS)),
                    strategies=tuple(f"ridge[penalty={i + 1}.0]" for i in range(STRATEGIES)), supervisors=("ridge",))
    return make_plan(RunSpec("simulated", (matrix,), references=(), representations=False), load_registry())


class Simulation:
    """Workers in virtual time. requests: of the store, reads and writes, by the minute. waited: when a worker first had nothing
    to do; nearly: when 99 of 100 jobs had ended."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self.plan, self.workers = plan, workers
        self.costs = _costs(plan)
        self.offered = OfferedComponents(plan.jobs, plan.components)
        self.schedule = Schedule(plan.jobs, plan.jobs, plan.components, plan.gathering)
        self.held: list[OrderedDict[str, None]] = [OrderedDict() for _ in range(workers)]
        self.requests: Counter[int] = Counter()
        self.reads = self.batches = self.sent = 0
        self.busy = self.nearly = self.waited = 0.0

    def run(self) -> float:
        """Seconds of virtual time until the last job has ended."""
        now, idle = 0.0, list(range(self.workers))
        batches: dict[int, list[str]] = {}
        events: list[tuple[float, int]] = []
        while self.schedule.open:
            while idle:
                worker = idle[-1]
                batch = self.schedule.take(len(idle), f"worker {worker}")
                if not batch:
                    break
                idle.pop()
                self.batches += 1
                self.sent += len(self.offered.message(batch)) if self.batches % 100 == 0 else 0
                batches[worker] = batch[::-1]
                heapq.heappush(events, (now + self._begin(worker, batch[0], now), worker))
            if idle and not self.waited:
                self.waited = now
            now, worker = heapq.heappop(events)
            key = batches[worker].pop()
            self._hold(worker, key)
            self.requests[int(now // 60)] += 1
            self.schedule.finish(Outcome(key, "ok", seconds=self.costs[key]))
            if not self.nearly and len(self.schedule.open) < len(self.plan.jobs) / 100:
                self.nearly = now
            if batches[worker]:
                heapq.heappush(events, (now + self._begin(worker, batches[worker][-1], now), worker))
            else:
                idle.append(worker)
        return now

    def _begin(self, worker: int, key: str, now: float) -> float:
        """What a job costs; what it reads and its worker does not hold is asked of the store."""
        missing = [need for need in self.plan.jobs[key].needs if need not in self.held[worker]]
        for need in missing:
            self._hold(worker, need)
        self.reads += len(missing)
        self.requests[int(now // 60)] += len(missing)
        self.busy += self.costs[key]
        return self.costs[key]

    def _hold(self, worker: int, key: str) -> None:
        held = self.held[worker]
        held[key] = None
        held.move_to_end(key)
        if len(held) > HELD:
            held.popitem(last=False)


def _costs(plan: Plan) -> dict[str, float]:
    drawn = np.exp(SPREAD * np.random.default_rng(0).standard_normal(len(plan.jobs)))
    return {key: MEDIANS[job.stage] * float(factor) for (key, job), factor in zip(plan.jobs.items(), drawn, strict=True)}


def longest_chain(jobs: dict[str, Job], costs: dict[str, float]) -> float:
    """Seconds of the jobs that have to wait for each other, at most."""
    ends: dict[str, float] = {}
    for key, job in jobs.items():
        ends[key] = costs[key] + max((ends[need] for need in job.needs), default=0.0)
    return max(ends.values())


def main() -> None:
    """Print what this module says."""
    cells, workers = (int(sys.argv[i + 1]) if len(sys.argv) > i + 1 else standard for i, standard in enumerate((100_000, 1000)))
    started = time.perf_counter()
    plan = plan_of(cells)
    planned = time.perf_counter() - started
    print(f"{len(plan.cells):,} cells, {len(plan.jobs):,} jobs, {workers:,} workers; planned in {planned:.0f} s, {_gib()}")
    simulation = Simulation(plan, workers)
    started = time.perf_counter()
    makespan = simulation.run()
    took = time.perf_counter() - started
    work, chain = simulation.busy / workers, longest_chain(plan.jobs, simulation.costs)
    bound = max(work, chain)
    print(f"makespan {makespan / 3600:.2f} h; work shared out evenly {work / 3600:.2f} h, longest chain {chain / 3600:.2f} h; "
          f"makespan / bound {makespan / bound:.3f}; workers wait {1 - work / makespan:.1%} of the time, "
          f"the first after {simulation.waited / 3600:.2f} h; 99 % of the jobs had ended after {simulation.nearly / 3600:.2f} h")
    peak = max(simulation.requests.values()) / 60
    print(f"{simulation.batches:,} batches of {len(plan.jobs) / simulation.batches:.1f} jobs; jobs ended a second: "
          f"{len(plan.jobs) / makespan:.0f}; requests of the store a second: {simulation.requests.total() / makespan:.0f}, "
          f"{peak:.0f} in the busiest minute; reads a job {simulation.reads / len(plan.jobs):.2f}; "
          f"a message of a batch {simulation.sent / max(1, simulation.batches // 100) / 1024:.1f} KiB")
    print(f"the driver: {took / len(plan.jobs) * 1e6:.0f} µs a job in schedule and simulation, {_gib()} at most")


def _gib() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"


if __name__ == "__main__":
    main()
