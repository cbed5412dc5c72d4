"""The schedule takes no answer for a job that was not handed out."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from w2s_bench.compute.messages import OfferedComponents
from w2s_bench.contracts import Policy
from w2s_bench.contracts.errors import W2SError
from w2s_bench.planning.planner import make_plan
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
