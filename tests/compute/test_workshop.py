"""A workshop stores each result as it comes, reads each artifact once, and keeps no more than it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from w2s_bench.compute.batches import answers, at_most, by_what_they_read
from w2s_bench.compute.kept import Kept, heap_bytes
from w2s_bench.compute.workshop import Workshop
from w2s_bench.contracts.errors import PluginError
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Job
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.schedule import Schedule
from w2s_bench.store.artifacts import Artifact, Store

ENOUGH = 1_000_000
"""Bytes for one task and model of the plan below with all that is fitted on them, and not for all of them."""


class CountedStore(Store):
    """A store that counts how often each artifact is read."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.read: Counter[str] = Counter()

    def load(self, key: str) -> Artifact:
        self.read[key] += 1
        return super().load(key)


def _plan(strategies: Sequence[str] = ("ridge",), seeds: Sequence[int] = (0, 1, 2)) -> Plan:
    matrix = Matrix(tasks=("diabetes",), models=("random-features[width=[8,16,32]]",), strategies=tuple(strategies),
                    supervisors=("ridge",), seeds=tuple(seeds))
    return make_plan(RunSpec("few", (matrix,)), load_registry())


def _computed(plan: Plan, store: Store, memory: int) -> None:
    workshop, schedule = Workshop(store, plan.components, memory), Schedule(plan.jobs, plan.jobs, plan.components, plan.gathering)
    while batch := schedule.take():
        for outcome in workshop.run([plan.jobs[key] for key in batch]):
            assert outcome.status == "ok", outcome.trace
            schedule.finish(outcome)


def test_every_artifact_is_read_once_by_a_worker_that_can_hold_one_task_and_model(tmp_path: Path) -> None:
    plan, store = _plan(("ridge", "least-squares")), CountedStore(str(tmp_path / "store"))
    _computed(plan, store, ENOUGH)
    read = {key for key, job in plan.jobs.items() if job.stage in ("load", "prepare", "embed", "fit", "compare")}
    assert read <= store.read.keys()
    assert {key: times for key, times in store.read.items() if times > 1 and plan.jobs[key].stage != "predict"} == {}


def test_fits_of_a_batch_are_stored_one_by_one(tmp_path: Path) -> None:
    plan, store = _plan(seeds=(0,)), Store(str(tmp_path / "store"))
    schedule, workshop = Schedule(plan.jobs, plan.jobs, plan.components), Workshop(store, plan.components)
    while len(batch := schedule.take()) < 3 or plan.jobs[batch[0]].stage != "fit":
        for outcome in workshop.run([plan.jobs[key] for key in batch]):
            schedule.finish(outcome)
    outcomes = workshop.run([plan.jobs[key] for key in batch])
    assert next(outcomes).status == "ok"
    outcomes.close()  # type: ignore[attr-defined]  # as Ctrl-C does
    present = store.keys()
    assert [key in present for key in batch] == [True, *(False for _ in batch[1:])]


def test_jobs_of_a_batch_that_read_the_same_are_side_by_side() -> None:
    plan = _plan()
    fits = [job for job in plan.jobs.values() if job.stage == "fit"]
    groups = by_what_they_read(fits)
    assert sorted(job.key for group in groups for job in group) == sorted(job.key for job in fits)
    read = [{(job.recipe.load, job.recipe.part, job.recipe.embeds) for job in group} for group in groups]  # type: ignore[union-attr]
    assert all(len(each) == 1 for each in read) and len({next(iter(each)) for each in read}) == len(groups) == 18


def test_runs_of_jobs_are_no_larger_than_the_limit() -> None:
    jobs = [job for job in _plan().jobs.values() if job.stage == "fit"][:5]
    sizes = dict(zip([job.key for job in jobs], [3, 3, 9, 1, 1], strict=True))

    def size(job: Job) -> int:
        return sizes[job.key]

    assert [[sizes[job.key] for job in run] for run in at_most(jobs, size, 6)] == [[3, 3], [9], [1, 1]]


@pytest.mark.parametrize("given", [[1], iter([1]), [1, 2, 3]])
def test_another_number_of_answers_than_questions_is_an_error(given: Sequence[int]) -> None:
    with pytest.raises(PluginError, match="not as many answers"):
        list(answers(["a", "b"], lambda questions: given, lambda answer: Artifact()))


def test_what_could_not_be_asked_keeps_its_place() -> None:
    fault = ValueError("no labels")
    found = list(answers(["a", fault, None, "b"], lambda questions: (each.upper() for each in questions),
                         lambda answer: Artifact({}, {"said": answer})))
    assert [each.payload["said"] if isinstance(each, Artifact) else each for each in found] == ["A", fault, None, "B"]


def test_no_more_than_the_limit_is_kept_and_what_was_asked_for_last_stays() -> None:
    made: list[int] = []

    def make(size: int) -> np.ndarray:
        made.append(size)
        return np.zeros(size, np.uint8)

    kept = Kept(100)
    ask = kept.of("zeros", make)
    for size in (40, 50, 40, 30, 40, 50):
        assert len(ask(size)) == size and kept.bytes <= 100
    assert made == [40, 50, 30, 50]
    assert len(ask(500)) == 500 and kept.bytes == 500


def test_a_mapped_array_takes_nothing_of_the_heap(tmp_path: Path) -> None:
    np.save(tmp_path / "large.npy", np.zeros(1000))
    mapped = np.load(tmp_path / "large.npy", mmap_mode="r")
    assert heap_bytes(mapped) == heap_bytes(mapped[10:]) == 0
    assert heap_bytes(np.zeros(10)) == 80
    assert heap_bytes(Artifact({"a": np.zeros(10), "b": mapped})) == 80
