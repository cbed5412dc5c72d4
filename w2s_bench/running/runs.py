"""A plan, an executor and a journal become a finished run folder. Running the same command resumes."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from w2s_bench.compute.messages import OfferedComponents
from w2s_bench.contracts import Executor, PluginError, Policy, StoreError, W2SError
from w2s_bench.planning.plan import Cell, Plan
from w2s_bench.running.audience import Audience, Progress
from w2s_bench.running.costs import Costs
from w2s_bench.running.environment import Sitting
from w2s_bench.running.finished import finished, note_finished
from w2s_bench.running.folder import claim_folder, folder_made, locked, write_also, write_plan, write_tables, writing
from w2s_bench.running.held import Earlier
from w2s_bench.running.journal import Journal, resumed_journal
from w2s_bench.running.kept import Keep, keep
from w2s_bench.running.live import LiveFile
from w2s_bench.running.recorder import Recorder
from w2s_bench.running.schedule import Schedule
from w2s_bench.running.shards import Only, claim_shard, for_gpus
from w2s_bench.running.standing import note_standing
from w2s_bench.running.table_files import BOUND, ROW, table_of
from w2s_bench.running.terms import write_terms
from w2s_bench.running.uses import register
from w2s_bench.store.artifacts import DamagedArtifact, Store

if TYPE_CHECKING:
    import polars as pl

_PASSES = 8
"""How often what rested on a damaged artifact is computed again before the disk is given up."""

_AT_A_TIME = 512
"""Cells whose rows are made of records at a time."""


@dataclass(frozen=True)
class Result:
    """How a run ended. statuses: cells by status. executed: jobs computed now; interrupted: by the user.

    kept: bytes of predictions beside the tables. as_it_was: all was finished before, and nothing was written.
    """

    folder: Path
    statuses: Mapping[str, int]
    executed: int
    interrupted: bool
    kept: int = 0
    as_it_was: bool = False


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
        if key in present:
            pending.extend(pool for pool in (getattr(plan.jobs[key].recipe, "pool", None),) if pool)  # of which it is rows
            continue
        needed.add(key)
        pending.extend(plan.jobs[key].needs)
    return needed


@dataclass(frozen=True)
class Place:
    """Where a run is kept. folder: its tables and journal. store: root of the artifacts. keep: which predictions stay with
    the folder, for `rescore`. only: the jobs that are computed now: those that ask for a GPU and what they rest on, or all."""

    folder: Path
    store: str
    keep: Keep = "all"
    only: Only | None = None


def run(plan: Plan, place: Place, executor: Executor, policy: Policy, audience: Audience) -> Result:
    """Run what is not finished, and write the folder's tables.

    Raises UsageError where the folder cannot be had, W2SError where store or folder cannot be written or the sources change
    on the way; what is finished stays. Ctrl-C ends it cleanly: the cells that are left have status interrupted.
    """
    folder = place.folder
    folder_made(folder)
    with locked(folder):
        begun = (folder / "spec.toml").exists()
        claim_folder(folder, plan.spec)
        claim_shard(folder, plan, begun=begun)
        audience.observe("w2s_run_started", run=plan.run_id, cells=len(plan.cells), folder=folder)
        before = finished(folder, plan, place.keep)
        if before is not None:
            audience.observe("w2s_run_finished", run=plan.run_id, ok=before.cells, cells=before.cells, folder=folder)
            return Result(folder, {"ok": before.cells}, 0, False, before.kept, as_it_was=True)
        recorder = Recorder(plan, Store(place.store), audience)
        resumed = resumed_journal(folder / "journal.jsonl")
        if resumed.said:
            audience.warn(resumed.said)
        recorder.resume(resumed.records)
        write_plan(folder, plan)
        sitting = Sitting(folder, {"threads": str(policy.threads), "device": policy.device}, plan.inputs)
        if sitting.otherwise:
            audience.warn(sitting.otherwise)
        ended = _computed_and_written(recorder, place, executor, policy)
        with audience.ending.unbroken():
            sitting.end(recorder.executed)
        if ended.fault is not None:
            raise ended.fault
        ok = ended.statuses.get("ok", 0)
        if ok == len(plan.cells) and not ended.lacking:
            note_finished(folder, plan, place.keep, ended.kept)
        audience.observe("w2s_run_finished", run=plan.run_id, ok=ok, cells=len(plan.cells), folder=folder)
        return Result(folder, ended.statuses, recorder.executed, ended.interrupted, ended.kept)


class _Ended(NamedTuple):
    """How the cells of a run ended, and its computing: by the user, by a fault, or whole. kept: bytes of predictions; lacking:
    whether some are missing."""

    statuses: Mapping[str, int]
    kept: int
    lacking: bool
    interrupted: bool = False
    fault: W2SError | None = None


def _computed_and_written(recorder: Recorder, place: Place, executor: Executor, policy: Policy) -> _Ended:
    """Compute what remains and write the tables; once more where these met a score that was damaged meanwhile, or missed
    predictions that are to stay with the run."""
    ending, journal_path = recorder.audience.ending, place.folder / "journal.jsonl"
    fault: W2SError | None = None
    interrupted = False
    for _ in range(_PASSES):
        try:
            if fault is None and not interrupted:
                with Journal(journal_path) as journal, ending.interruptible():
                    _compute(recorder, journal, place.only, executor, policy)
        except KeyboardInterrupt:
            interrupted = True
        except W2SError as error:
            fault = error
        try:
            with ending.unbroken():
                statuses, size, lost = _written(recorder, place)
            if lost and not (interrupted or fault or place.only) and lost.keys() != recorder.missed:
                recorder.missed = set(lost)
                recorder.audience.warn(f"{next(iter(lost.values()))}: computed again")
                continue
            for text in dict.fromkeys(lost.values()):
                recorder.audience.warn(text)
            return _Ended(statuses, size, bool(lost), interrupted, fault)
        except DamagedArtifact as damaged:
            recorder.audience.warn(f"{damaged.what}; it is recomputed")
    raise _failing_disk(recorder.store)


def _written(recorder: Recorder, place: Place) -> tuple[Mapping[str, int], int, Mapping[str, str]]:
    """Write the folder's tables, and the predictions that stay with them: cells by status, bytes of the predictions, and what is
    missing there, by the keys of the jobs that left it, in words.

    A cell that was ok, and of which this sitting, broken off, says nothing, stays as the tables have it.
    Raises DamagedArtifact for a score that cannot be read any more, whose cell is not finished then.
    """
    plan, store, folder = recorder.plan, recorder.store, place.folder
    before = Earlier(folder, plan.run_id)
    stay = {cell.key for cell in plan.cells if cell.key not in recorder.records and cell.key in before.rows}
    ok = [cell for cell in plan.cells if cell.key in recorder.scores or cell.key in stay]
    recorder.stage("looking for test examples that seeds share")
    with writing(folder):
        terms = write_terms(folder, plan, store, ok)
    recorder.stage("writing the tables")
    rows, bounds = _tables(recorder, terms.shared, before, stay)
    write_tables(folder, rows, bounds)
    write_also(folder, [line if line["status"] != "interrupted" else before.rows.get(str(line["cell_key"]), line)
                        for line in recorder.also_rows()])
    recorder.stage("keeping predictions with the run")
    with writing(folder):
        size, lost = keep(folder, plan, store, recorder.scores, place.keep, ok)
    statuses = Counter(rows["status"].to_list())
    note_standing(folder, len(plan.cells), {status: count for status, count in statuses.items() if status != "interrupted"},
                  recorder.records.values())
    return statuses, size, {**terms.lost, **lost}


def _tables(recorder: Recorder, shared: Mapping[str, bool], before: Earlier, stay: Container[str]) -> tuple[
        pl.DataFrame, pl.DataFrame]:
    """Rows and bounds of all cells, a part of them at a time: as records they take ten times the memory."""
    import polars as pl

    def lines(cell: Cell) -> tuple[Mapping[str, object], Sequence[Mapping[str, object]]]:
        row: Mapping[str, object]
        bounds: Sequence[Mapping[str, object]]
        if cell.key in stay:
            row, bounds = before.rows[cell.key], before.bounds.get(cell.key, ())
        else:
            row, bounds = recorder.row(cell), recorder.bounds(cell)
        known = row if cell.key in shared else before.rows.get(cell.key, row)
        return {**row, "test_shared": shared.get(cell.key, known.get("test_shared"))}, bounds

    rows, bounds = [], []
    for start in range(0, max(1, len(recorder.plan.cells)), _AT_A_TIME):  # once, for an empty table, where there are none
        found = [lines(cell) for cell in recorder.plan.cells[start:start + _AT_A_TIME]]
        rows.append(table_of([row for row, _ in found], ROW))
        bounds.append(table_of([bound for _, of_cell in found for bound in of_cell], BOUND))
    return pl.concat(rows), pl.concat(bounds)


def _compute(recorder: Recorder, journal: Journal, only: Only | None, executor: Executor, policy: Policy) -> None:
    """Compute what remains, and once more what rested on an artifact that was found damaged, until none was."""
    register(recorder.store, journal.path.parent)
    for moved in recorder.store.put_in_order():
        recorder.audience.warn(moved)
    for _ in range(_PASSES):
        recorder.damaged = False
        remaining = todo(recorder.plan, recorder.store, set(recorder.records), recorder.missed)
        recorder.found_in_store(journal, remaining)
        try:
            _pass(recorder, journal, for_gpus(recorder.plan, remaining) if only else remaining, executor, policy)
        finally:
            recorder.failed(journal)
        if not recorder.damaged:
            return
    raise _failing_disk(recorder.store)


def _failing_disk(store: Store) -> StoreError:
    return StoreError(f"artifacts were found damaged in {_PASSES} passes", where=store.root,
                      hint="look at that disk, or choose another store with --store; finished cells are kept")


def _pass(recorder: Recorder, journal: Journal, remaining: set[str], executor: Executor, policy: Policy) -> None:
    """Have the executor compute what remains. Raises PluginError where it fails itself, or leaves jobs undone."""
    plan, show = recorder.plan, recorder.audience.show
    costs = Costs(plan, recorder.store, remaining)
    progress = recorder.progress = Progress(
        len(plan.cells), len(remaining), len(plan.jobs) - len(remaining), finished=recorder.counts, workers=policy.at_a_time(),
        left=costs.left, last=time.monotonic())
    live = LiveFile(journal.path.parent)

    def tell() -> None:
        show(progress)
        live.write(progress)

    schedule = Schedule(plan.jobs, remaining, plan.components, plan.gathering, costs.longest, tell)
    progress.steps = schedule.told_in_words
    tell()
    offered = OfferedComponents(plan.jobs, plan.components)
    try:
        with live.while_it_goes_on(), \
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
