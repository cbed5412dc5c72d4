"""The schedule goes depth first by what is loaded, gathers what gains by it, and shares places out among workers."""

from __future__ import annotations

from collections import Counter

import pytest
from made_components import made_registry

from w2s_bench.contracts import Outcome
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Fit, Load
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.schedule import Schedule, place_of

MATRIX = Matrix(("words", "words[reading=classes]"), models=("letters[degree=1..3]",), strategies=("lines",),
                supervisors=("lines",), seeds=(0, 1, 2))


def _plan(matrix: Matrix = MATRIX) -> Plan:
    return make_plan(RunSpec("one", (matrix,)), made_registry())


def _read(plan: Plan, batches: list[list[str]]) -> list[str]:
    """The tasks of a seed that batches read, one after the other, without what stays the same."""
    seeded = {key for key, job in plan.jobs.items() if isinstance(recipe := job.recipe, Load) and recipe.seed is not None}
    found = [load for batch in batches if (load := place_of(plan.jobs[batch[0]]).load) in seeded]
    return [load for index, load in enumerate(found) if not index or load != found[index - 1]]


def _drained(schedule: Schedule, workers: int = 1) -> dict[str, list[list[str]]]:
    """The batches that each worker gets, all of them busy for the same time."""
    found: dict[str, list[list[str]]] = {f"w{number}": [] for number in range(workers)}
    while schedule.open:
        handed = {name: schedule.take(workers - number, name) for number, name in enumerate(found)}
        assert any(handed.values())
        for name, batch in handed.items():
            if batch:
                found[name].append(batch)
            for key in batch:
                schedule.finish(Outcome(key, "ok"))
    return found


def test_one_worker_finishes_a_task_and_seed_before_it_reads_another() -> None:
    plan = _plan()
    batches = _drained(Schedule(plan.jobs, plan.jobs, plan.components, plan.gathering))["w0"]
    assert sorted(key for batch in batches for key in batch) == sorted(plan.jobs)
    read = _read(plan, batches)
    assert len(read) == len(set(read)) == 6


def test_each_of_two_workers_has_tasks_of_its_own() -> None:
    plan = _plan()
    found = _drained(Schedule(plan.jobs, plan.jobs, plan.components, plan.gathering), workers=2)
    read = Counter(load for batches in found.values() for load in _read(plan, batches))
    assert max(read.values()) <= 2 and sum(read.values()) <= 8  # at the end both are at the last one
    assert all(len(batches) > 5 for batches in found.values())


def test_fits_on_one_feature_matrix_are_one_batch() -> None:
    plan = _plan()
    batches = _drained(Schedule(plan.jobs, plan.jobs, plan.components, plan.gathering))["w0"]
    for batch in batches:
        assert len({place_of(plan.jobs[key]) for key in batch}) == 1
    fits = [batch for batch in batches if plan.jobs[batch[0]].stage == "fit"]
    assert max(map(len, fits)) >= 3


@pytest.mark.parametrize(("strategy", "spread"), [("adamw-head", 3), ("ridge", 1)])
def test_only_a_strategy_that_gains_by_it_is_gathered_across_seeds(strategy: str, spread: int) -> None:
    matrix = Matrix(("diabetes",), weak=("random-features[width=8]",), strong=("random-features[width=16]",),
                    strategies=(strategy,), supervisors=(strategy,), seeds=(0, 1, 2))
    plan = make_plan(RunSpec("one", (matrix,)), load_registry())
    batches = _drained(Schedule(plan.jobs, plan.jobs, plan.components, plan.gathering))["w0"]
    loads = [len({recipe.load for key in batch if isinstance(recipe := plan.jobs[key].recipe, Fit)}) for batch in batches]
    assert max(loads) == spread


def test_layers_of_one_network_are_one_batch() -> None:
    matrix = Matrix(("words",), weak=("letters",), strong=("degrees[degree=1..4]",), strategies=("lines",),
                    supervisors=("lines",))
    plan = make_plan(RunSpec("one", (matrix,)), made_registry())
    batches = _drained(Schedule(plan.jobs, plan.jobs, plan.components, plan.gathering), workers=2)
    embeds = [batch for found in batches.values() for batch in found if plan.jobs[batch[0]].stage == "embed"]
    assert [len(batch) for batch in embeds] == [1, 4]
