"""The schedule takes no answer for a job that was not handed out, and hands them out in one order."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from made_components import made_registry

from w2s_bench.compute.messages import OfferedComponents
from w2s_bench.contracts import Outcome, Policy
from w2s_bench.contracts.errors import W2SError
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Fit
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.schedule import Schedule


@pytest.mark.parametrize("name", ["local", "here"])
def test_a_worker_that_derives_other_keys_ends_the_run_with_its_reason(tmp_path: Path, name: str) -> None:
    registry = load_registry()
    plan = make_plan(RunSpec("one", (Matrix(tasks=("diabetes",), weak=("raw",), strong=("raw",)),)), registry)
    load = next(job for job in plan.jobs.values() if job.stage == "load")
    jobs = {"0" * 64: msgspec.structs.replace(load, key="0" * 64)}  # as planned before an edit
    schedule, components = Schedule(jobs, jobs, plan.components), OfferedComponents(jobs, plan.components)
    if name == "here":
        jobs["0" * 64] = load
    with pytest.raises(W2SError, match="sources of w2s-bench changed"):
        list(registry.make("executors", name).run(schedule, components, str(tmp_path / "store"), Policy()))


def test_jobs_that_become_ready_together_are_handed_out_in_the_order_of_the_plan() -> None:
    matrix = Matrix(("words",), weak=("letters",), strong=("letters[degree=2]",), strategies=("lines",), supervisors=("lines",),
                    seeds=tuple(range(10)))
    plan = make_plan(RunSpec("one", (matrix,)), made_registry())
    schedule, taken = Schedule(plan.jobs, plan.jobs, plan.components), list[str]()
    while batch := schedule.take():
        taken += batch
        for key in batch:
            schedule.finish(Outcome(key, "ok"))

    def by_supervisors(keys: list[str]) -> list[str]:
        weak = plan.jobs[plan.cells[0].key].recipe.weak_embed  # type: ignore[union-attr]
        return [key for key in keys if isinstance(recipe := plan.jobs[key].recipe, Fit) and recipe.embeds == (weak,)]

    assert len(taken) == len(plan.jobs) and len(by_supervisors(taken)) == 10
    assert by_supervisors(taken) == by_supervisors(list(plan.jobs))
