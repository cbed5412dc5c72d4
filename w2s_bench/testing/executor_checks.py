"""Checks of executors: the same bytes as one job after another, whatever happens to the processes that compute."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import psutil

from w2s_bench.compute.messages import OfferedComponents
from w2s_bench.contracts import Executor, Outcome, Policy
from w2s_bench.contracts.entries import Parameter, StrategyEntry
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Fit
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.catalogue import Registered
from w2s_bench.running.schedule import Schedule
from w2s_bench.store.artifacts import Store
from w2s_bench.testing import misbehaving_strategy
from w2s_bench.testing.checks import Broken, Subject, check
from w2s_bench.testing.own_entries import KIT, usual_divergence, with_own
from w2s_bench.testing.peekable_models import bytes_of
from w2s_bench.testing.peekable_task import inputs_and_labels, write_task

_PATIENCE = 20.0
"""Seconds that the processes of an executor may take to end."""


@dataclass(frozen=True)
class _Ran:
    """What an executor gave for a plan, and where the artifacts lie."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    left: tuple[str, ...]
    store: Store

    def statuses(self) -> dict[str, str]:
        return {outcome.key: outcome.status for outcome in self.outcomes}


def _plan(subject: Subject, folder: Path, fault: str) -> Plan:
    """Two seeds of a small task, students of a sound strategy and of one that has a fault."""
    folder.mkdir(parents=True, exist_ok=True)
    write_task(folder / "task.csv", *inputs_and_labels("regression"))
    parameters = (Parameter("fault", str, "none", "what goes wrong"), Parameter("spared", int, 0, "the process that lives"))
    entry = StrategyEntry("misbehaving", f"{misbehaving_strategy.__name__}:Misbehaving", parameters=parameters)
    strategies = ("kit/weak-lines", *((f"kit/misbehaving[fault={fault},spared={os.getpid()}]",) if fault else ()))
    task = f"path={folder / 'task.csv'},reading=regression,divergence={usual_divergence(subject.registry, 'regression').name}"
    matrix = Matrix((f"kit/peekable[{task}]",), weak=("kit/columns[width=2]",),
                    strong=("kit/columns[width=4]",), strategies=strategies, supervisors=("kit/weak-lines",), seeds=(0, 1))
    offered = with_own(subject.registry, Registered(KIT, entry))
    return make_plan(RunSpec("executor", (matrix,), references=(), representations=False), offered)


def _run(subject: Subject, name: str, fault: str = "") -> _Ran:
    plan = _plan(subject, subject.folder / name, fault)
    store = str(subject.folder / name / "store")
    schedule = Schedule(plan.jobs, plan.jobs, plan.components, plan.gathering)
    with contextlib.closing(_begun(subject.made, schedule, plan, store)) as going_on:
        outcomes = tuple(going_on)
    return _Ran(plan, outcomes, tuple(schedule.open), Store(store))


def _begun(executor: Executor, schedule: Schedule, plan: Plan, store: str) -> Generator[Outcome, None, None]:
    return executor.run(schedule, OfferedComponents(plan.jobs, plan.components), store, Policy())


@check("executors", says="it leaves the same bytes as one job after another in one process, and answers for each job once")
def same_bytes(subject: Subject) -> None:
    """Every array of every artifact."""
    ran = _run(subject, "one")
    keys = [outcome.key for outcome in ran.outcomes]
    if ran.left or sorted(keys) != sorted(ran.plan.jobs):
        raise Broken(f"it gave {len(keys)} outcomes for {len(ran.plan.jobs)} jobs, {len(ran.left)} of which it left open")
    if failed := [outcome for outcome in ran.outcomes if outcome.status != "ok"]:
        raise Broken(f"{len(failed)} jobs that can be computed end as {failed[0].status}: {failed[0].error}")
    plan = _plan(subject, subject.folder / "one", "")
    store = str(subject.folder / "plain")
    bench = OfferedComponents(plan.jobs, plan.components).workbench(store)
    for key in plan.jobs:
        list(bench.run([key]))
    for key, job in plan.jobs.items():
        if bytes_of(ran.store.load(key).arrays) != bytes_of(Store(store).load(key).arrays):
            raise Broken(f"a job of the stage {job.stage} leaves other bytes")


@check("executors", says="a job that raises costs what rests on it, and nothing else")
def a_failure_costs_itself(subject: Subject) -> None:
    """It ends as failed, with its words."""
    _judge(_run(subject, "raises", "raise"), ("failed",), "raises")


@check("executors", says="a job that ends its process is lost, or fails, and costs nothing else")
def a_death_costs_itself(subject: Subject) -> None:
    """In the process of the run it raises instead: nobody survives the death of that."""
    _judge(_run(subject, "dies", "die"), ("lost", "failed"), "ends its process")


def _judge(ran: _Ran, expected: tuple[str, ...], words: str) -> None:
    if ran.left:
        raise Broken(f"{len(ran.left)} jobs were left open after a job that {words}")
    guilty = {key for key, job in ran.plan.jobs.items() if isinstance(job.recipe, Fit) and "misbehaving" in
              ran.plan.components[job.recipe.strategy].name}
    touched = {key for key in ran.plan.jobs if ran.plan.upstream(key) & guilty}
    for key, status in ran.statuses().items():
        if (key in touched) == (status == "ok") or (key in guilty and status not in expected):
            raise Broken(f"beside a job that {words}, one of the stage {ran.plan.jobs[key].stage} ends as {status}")


@check("executors", says="closed early, it leaves no process behind")
def ends_early(subject: Subject) -> None:
    """A run that is broken off closes the generator."""
    plan = _plan(subject, subject.folder / "early", "")
    schedule = Schedule(plan.jobs, plan.jobs, plan.components, plan.gathering)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    going_on = _begun(subject.made, schedule, plan, str(subject.folder / "early" / "store"))
    next(going_on)
    going_on.close()
    started = time.monotonic()
    while left := [child for child in psutil.Process().children(recursive=True)
                   if child.pid not in before and child.is_running() and child.status() != psutil.STATUS_ZOMBIE]:
        if time.monotonic() - started > _PATIENCE:
            raise Broken(f"{len(left)} processes still run {_PATIENCE:.0f} s after it was closed")
        time.sleep(0.1)
