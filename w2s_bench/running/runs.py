"""A plan, an executor and a journal become a finished run folder. Running the same command resumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from w2s_bench.contracts import Executor, Policy, W2SError
from w2s_bench.planning.plan import Plan
from w2s_bench.running.audience import Audience
from w2s_bench.running.canary import left_to_try, listen
from w2s_bench.running.environment import Sitting
from w2s_bench.running.finished import finished, note_finished
from w2s_bench.running.folder import claim_folder, folder_made, locked, write_plan
from w2s_bench.running.held import Earlier
from w2s_bench.running.journal import Journal, resumed_journal
from w2s_bench.running.kept import Keep
from w2s_bench.running.passes import PASSES, compute, failing_disk
from w2s_bench.running.recorder import Recorder
from w2s_bench.running.run_tables import write_all
from w2s_bench.running.shards import Only, claim_shard
from w2s_bench.store.artifacts import DamagedArtifact, Store


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


@dataclass(frozen=True)
class Place:
    """Where a run is kept. folder: its tables and journal. store: root of the artifacts. keep: which predictions stay with
    the folder, for `rescore`. only: the jobs that are computed now: those that ask for a GPU and what they rest on, or all.
    canary: how many student fits the label canary tries; 0 for none."""

    folder: Path
    store: str
    keep: Keep = "all"
    only: Only | None = None
    canary: int = 0


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
        if before is not None and not _lacks_canaries(plan, place):
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


def _lacks_canaries(plan: Plan, place: Place) -> bool:
    """Whether the canary is asked about a student of a finished run of which it has said nothing."""
    every = {cell.key for cell in plan.cells}
    return bool(place.canary and left_to_try(plan, every, place.canary, Earlier(place.folder, plan.run_id).canaries))


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
    for _ in range(PASSES):
        try:
            if fault is None and not interrupted:
                with Journal(journal_path) as journal, ending.interruptible():
                    compute(recorder, journal, place.only, executor, policy)
                    if place.canary and not place.only:
                        listen(recorder, place.canary, policy, {*Earlier(place.folder, recorder.plan.run_id).canaries,
                                                                *recorder.canaries})
        except KeyboardInterrupt:
            interrupted = True
        except W2SError as error:
            fault = error
        try:
            with ending.unbroken():
                statuses, size, lost = write_all(recorder, place.folder, place.keep)
            if lost and not (interrupted or fault or place.only) and lost.keys() != recorder.missed:
                recorder.missed = set(lost)
                recorder.audience.warn(f"{next(iter(lost.values()))}: computed again")
                continue
            for text in dict.fromkeys(lost.values()):
                recorder.audience.warn(text)
            return _Ended(statuses, size, bool(lost), interrupted, fault)
        except DamagedArtifact as damaged:
            recorder.audience.warn(f"{damaged.what}; it is recomputed")
    raise failing_disk(recorder.store)
