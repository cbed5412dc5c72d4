"""What remains of a plan is computed: in passes, because what rested on a damaged artifact is computed again."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterable

from w2s_bench.compute.messages import OfferedComponents
from w2s_bench.contracts import Executor, PluginError, Policy, StoreError, W2SError
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.recipes import leaves
from w2s_bench.running.audience import Progress
from w2s_bench.running.costs import Costs
from w2s_bench.running.journal import Journal
from w2s_bench.running.recorder import Recorder
from w2s_bench.running.schedule import Schedule
from w2s_bench.running.shards import Only, for_gpus
from w2s_bench.running.standing import RunningNote
from w2s_bench.running.uses import register
from w2s_bench.store.artifacts import Store

PASSES = 8
"""How often what rested on a damaged artifact is computed again before the disk is given up."""


def todo(plan: Plan, store: Store, settled: set[str], missed: Iterable[str] = ()) -> set[str]:
    """Keys of the jobs that must be computed for the cells that are not settled, for second tasks, and where others are missed.

    Presence counts: an artifact is verified by who reads it, and a damaged one is computed again then.
    """
    present = store.keys()
    needed: set[str] = set()
    seen: set[str] = set()
    pending = [cell.key for cell in plan.cells if cell.key not in settled]
    pending += [second.key for others in plan.also.values() for second in others]
    pending += missed
    while pending:
        key = pending.pop()
        if key in seen:
            continue
        seen.add(key)
        if present.issuperset(leaves(plan.jobs[key])):
            pending.extend(pool for pool in (getattr(plan.jobs[key].recipe, "pool", None),) if pool)  # of which it is rows
            continue
        needed.add(key)
        pending.extend(plan.jobs[key].needs)
    return needed


def compute(recorder: Recorder, journal: Journal, only: Only | None, executor: Executor, policy: Policy) -> None:
    """Compute what remains, and once more what rested on an artifact that was found damaged, until none was."""
    register(recorder.store, journal.path.parent)
    for moved in recorder.store.put_in_order():
        recorder.audience.warn(moved)
    for _ in range(PASSES):
        recorder.damaged = False
        remaining = todo(recorder.plan, recorder.store, set(recorder.records), recorder.missed)
        recorder.found_in_store(journal, remaining)
        try:
            _pass(recorder, journal, for_gpus(recorder.plan, remaining) if only else remaining, executor, policy)
        finally:
            recorder.failed(journal)
        if not recorder.damaged:
            return
    raise failing_disk(recorder.store)


def failing_disk(store: Store) -> StoreError:
    """For who has seen artifacts damaged in pass after pass."""
    return StoreError(f"artifacts were found damaged in {PASSES} passes", where=store.root,
                      hint="look at that disk, or choose another store with --store; finished cells are kept")


def _pass(recorder: Recorder, journal: Journal, remaining: set[str], executor: Executor, policy: Policy) -> None:
    """Have the executor compute what remains. Raises PluginError where it fails itself, or leaves jobs undone."""
    plan, show = recorder.plan, recorder.audience.show
    costs = Costs(plan, recorder.store, remaining)
    progress = recorder.progress = Progress(
        len(plan.cells), len(remaining), len(plan.jobs) - len(remaining), finished=recorder.counts, workers=policy.at_a_time(),
        left=costs.left, last=time.monotonic())
    note = RunningNote(journal.path.parent)

    def tell() -> None:
        show(progress)
        note.write(progress)

    gathering = dataclasses.replace(plan.gathering, apart=policy.isolate != "never")
    schedule = Schedule(plan.jobs, remaining, plan.components, gathering, costs.longest, tell)
    progress.steps = schedule.told_in_words
    tell()
    offered = OfferedComponents(plan.jobs, plan.components)
    try:
        with note.while_it_goes_on(progress), \
                contextlib.closing(executor.run(schedule, offered, recorder.store.url, policy)) as outcomes:
            for outcome in outcomes:
                progress.done += 1
                progress.current, progress.last = plan.jobs[outcome.key].stage, time.monotonic()
                recorder.take(journal, outcome)
                costs.ended(outcome.key, outcome.seconds if outcome.status == "ok" and outcome.ran else None, outcome.peak_memory)
                tell()
    except W2SError:
        raise
    except Exception as error:
        raise PluginError(f"the executor {type(executor).__name__} failed: {type(error).__name__}: {error}",
                          hint="finished cells are kept; --debug shows the traceback") from error
    if schedule.open:
        raise PluginError(f"the executor {type(executor).__name__} ended before {len(schedule.open)} jobs were computed",
                          hint="finished cells are kept")
