"""The schedule goes depth first by what is loaded, gathers what gains by it, and shares places out among workers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from made_components import OWNER, made_registry
from msgspec.structs import replace as replaced

from w2s_bench.contracts import Demand, Outcome, StrategyEntry, declared
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Fit, Load
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.catalogue import Plugin, Registered
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


def test_jobs_are_given_to_whoever_has_the_gpus_that_their_component_asks_for() -> None:
    registry = made_registry()
    strategies = (*registry.offered["strategies"], Registered(OWNER, StrategyEntry("on-gpu", "misbehaving_components:OnGpu")))
    registry = replace(registry, offered={**registry.offered, "strategies": strategies})
    plan = make_plan(RunSpec("one", (replaced(MATRIX, tasks=("words",), strategies=("lines", "on-gpu")),)), registry)
    schedule, mine = Schedule(plan.jobs, plan.jobs, plan.components, plan.gathering), list[str]()
    while batch := schedule.take(1, "without", Demand(gpus=0.5)):
        mine += batch
        for key in batch:
            schedule.finish(Outcome(key, "ok"))
    asking = {key for key, job in plan.jobs.items() if isinstance(job.recipe, Fit) and schedule.demand(key) == Demand(gpus=1.0)}
    assert len(asking) >= 27 and not asking & set(mine) and {schedule.demand(key).gpus for key in mine} == {0.0}
    schedule.put_back_alone(schedule.take(1, "without", Demand(gpus=0.5)))
    first = schedule.take(1, "with", Demand(gpus=1.0))
    assert set(first) <= asking
    schedule.put_back_alone(first[:1])
    assert schedule.take(1, "without", Demand(gpus=0.5)) == [] and schedule.take(1, "with", Demand(gpus=1.0)) == first[:1]


def test_bundled_strategies_that_train_a_network_ask_for_a_gpu_and_their_wrappers_too() -> None:
    registry = load_registry()
    asked = {name: declared(registry.make("strategies", name), "demand", Demand()).gpus
             for name in ("finetune", "generative[student=finetune]", "mix[student=finetune]", "mix[student=logistic]", "ridge")}
    assert list(asked.values()) == [1.0, 1.0, 1.0, 0.0, 0.0]


def test_jobs_of_two_owners_and_those_that_know_more_of_the_truth_are_never_one_batch() -> None:
    registry = made_registry()
    of_another = Registered(Plugin("others", "others-dist", "1"), StrategyEntry("theirs", "made_components:Lines"))
    registry = replace(registry, offered={**registry.offered, "strategies": (*registry.offered["strategies"], of_another)})
    plan = make_plan(RunSpec("one", (replaced(MATRIX, tasks=("words",), strategies=("lines", "theirs")),)), registry)
    schedule = Schedule(plan.jobs, plan.jobs, plan.components, plan.gathering)
    groups = {schedule.group(key) for key in plan.jobs}
    assert groups == {"", "made", "made with the truth", "made, others-dist with the truth", "others-dist",
                      "others-dist with the truth"}
    assert not schedule.take(group="others-dist") and not schedule.take(group="made")
    while batch := schedule.take():
        assert len({schedule.group(key) for key in batch}) == 1
        for key in batch:
            schedule.finish(Outcome(key, "ok"))
    assert not schedule.open
    together = Schedule(plan.jobs, plan.jobs, plan.components, replace(plan.gathering, apart=False))
    assert {together.group(key) for key in plan.jobs} == {""}
