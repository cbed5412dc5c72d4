"""What a trivial job costs beside what it computes: in this process, with one worker, and with two, each with a store of its own.

    .venv/bin/python benchmarks/job_overhead.py [SEEDS]

A trivial job is a load, embedding, fit, prediction or score of 442 patients with ten columns and a least-squares head. Seconds
are of the whole run, tables and all; of the executor alone, from its first outcome to its last; and of the jobs themselves, as
their outcomes have them.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from w2s_bench.contracts import Components, Executor, Outcome, Policy, Schedule
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.audience import Audience
from w2s_bench.running.runs import Place, run


@dataclass
class Timed:
    """An executor, and when its outcomes came. waited: seconds in which it was asked for nothing."""

    inner: Executor
    moments: list[float] = field(default_factory=list)
    computed: float = 0.0
    waited: float = 0.0

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]:
        for outcome in self.inner.run(schedule, components, store, policy):
            self.moments.append(time.perf_counter())
            self.computed += outcome.seconds
            yield outcome
            self.waited += time.perf_counter() - self.moments[-1]


def main() -> None:
    """Print milliseconds a job, and how many times those of the first line they are."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    registry = load_registry()
    matrix = Matrix(tasks=("diabetes",), models=("raw", "random-features[width=8]"), strategies=("least-squares",),
                    supervisors=("least-squares",), seeds=tuple(range(seeds)))
    plan = make_plan(RunSpec("trivial", (matrix,)), registry)
    first = None
    for name, workers in (("here", 1), ("local", 1), ("local", 2)):
        timed = Timed(registry.make("executors", name))
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            done = run(plan, Place(Path(folder) / "r", f"{folder}/s", "none"), timed, Policy(workers=workers), Audience(print))
            whole = time.perf_counter() - started
        assert done.statuses == {"ok": len(plan.cells)}
        jobs = len(timed.moments)
        busy = timed.moments[-1] - timed.moments[0]
        first = first or busy
        of_run, executor, recorded, own = (1000 * seconds / jobs for seconds in (whole, busy, timed.waited, timed.computed))
        print(f"{name} -j {workers}: {jobs} jobs; ms a job: run {of_run:.2f}, executor {executor:.2f} ({busy / first:.2f} x here)"
              f", recording {recorded:.2f} of these; the jobs {own:.2f}")


if __name__ == "__main__":
    main()
