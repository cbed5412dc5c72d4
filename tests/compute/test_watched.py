"""What a job changes in its process is seen at its end, named, and put back where the process goes on."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from made_components import made_registry
from msgspec.structs import replace

from w2s_bench.compute.watched import Guarded, Watch
from w2s_bench.contracts import Outcome
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Compare, Job, Prepare
from w2s_bench.planning.spec import Matrix, RunSpec

PLAN = make_plan(RunSpec("one", (Matrix(("words",), weak=("letters",), strong=("letters[degree=2]",), strategies=("lines",),
                                        supervisors=("lines",)),)), made_registry())
FOREIGN = [job for job in PLAN.jobs.values() if not isinstance(job.recipe, Compare | Prepare)][:3]
COMPONENTS = {key: replace(component, owner="") for key, component in PLAN.components.items()}


def _each(jobs: Sequence[Job], does: dict[int, object]) -> Iterator[Outcome]:
    for number, job in enumerate(jobs):
        what = does.get(number)
        if callable(what):
            what()
        yield Outcome(job.key, "ok")


def test_the_job_that_changed_something_is_the_last_and_of_the_projects_own_code_the_last_of_its_batch(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W2S_TEST_CHANGED", "no")
    change = {1: lambda: os.environ.update(W2S_TEST_CHANGED="yes")}
    seen = list(Watch(PLAN.components).over(FOREIGN, _each(FOREIGN, change)))
    assert [bool(outcome.retires) for outcome in seen] == [False, True]
    assert seen[1].retires.endswith(
        "(made) changed its process: the environment variable W2S_TEST_CHANGED; no other job is computed in it")
    monkeypatch.setenv("W2S_TEST_CHANGED", "no")
    seen = list(Watch(COMPONENTS).over(FOREIGN, _each(FOREIGN, change)))
    assert [bool(outcome.retires) for outcome in seen] == [False, False, True]


def test_threads_that_jobs_of_a_batch_share_are_nothing_that_is_left() -> None:
    ended = threading.Event()

    def together() -> Iterator[Outcome]:
        thread = threading.Thread(target=ended.wait)
        thread.start()
        yield from _each(FOREIGN, {})
        ended.set()
        thread.join()

    assert not any(outcome.retires for outcome in Watch(PLAN.components).over(FOREIGN, together()))


def test_in_a_process_that_goes_on_it_is_put_back_or_code_of_other_owners_is_not_computed_any_more(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    guarded, before = Guarded(PLAN.components), np.random.get_state(legacy=False)["state"]["pos"]

    def seed() -> None:
        np.random.seed(0)
        os.chdir("/")

    seen = list(guarded.over(FOREIGN, lambda jobs: _each(jobs, {1: seed})))
    assert [outcome.retires.rpartition("; ")[2] for outcome in seen] == ["", "it is put back", ""]
    assert np.random.get_state(legacy=False)["state"]["pos"] == before and Path.cwd() == tmp_path
    monkeypatch.setattr(np, "dot", np.dot)
    seen = list(guarded.over(FOREIGN, lambda jobs: _each(jobs, {0: lambda: monkeypatch.setattr(np, "dot", max)})))
    assert [outcome.retires.rpartition("; ")[2] for outcome in seen] == [
        "code of other owners is not computed in it any more", "", ""]
    compare = [job for job in PLAN.jobs.values() if isinstance(job.recipe, Compare)]
    refused = list(guarded.over(compare, lambda jobs: _each(jobs, {})))
    assert refused[0].status == "failed" and "numpy.dot was replaced" in refused[0].error
    assert [outcome.status for outcome in guarded.over(FOREIGN, lambda jobs: _each(jobs, {}))] == ["ok"] * 3
