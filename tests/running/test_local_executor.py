"""The executor takes no answer for a job that it did not hand out."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from w2s_bench.contracts.errors import W2SError
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.local import Policy, execute


def test_a_worker_that_derives_other_keys_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    plan = make_plan(RunSpec("one", (Matrix(tasks=("diabetes",), weak=("raw",), strong=("raw",)),)), load_registry())
    load = next(job for job in plan.jobs.values() if job.stage == "load")
    planned_before_an_edit = msgspec.structs.replace(load, key="0" * 64)
    with pytest.raises(W2SError, match="sources of w2s-bench changed"):
        list(execute({planned_before_an_edit.key: planned_before_an_edit}, {planned_before_an_edit.key}, plan.components,
                     str(tmp_path / "store"), Policy()))
