"""A plan, an executor and a journal become a finished run folder. Running the same command resumes."""

from __future__ import annotations

import copy
import functools
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from w2s_bench.contracts import PREDICTORS
from w2s_bench.contracts.digests import digest
from w2s_bench.contracts.errors import StoreError, W2SError
from w2s_bench.planning.planner import Cell, Plan
from w2s_bench.planning.recipes import Outcome, Score
from w2s_bench.running.folder import claim_folder, folder_made, locked, write_plan, write_tables, writing
from w2s_bench.running.journal import Journal, read_journal
from w2s_bench.running.kept import Keep, keep
from w2s_bench.running.local import Policy, execute
from w2s_bench.store.artifacts import DamagedArtifact, Store

Warn = Callable[[str], None]


@dataclass
class Progress:
    """What a screen may show while a run goes on. Counts of jobs, and of cells by status."""

    cells: int
    jobs: int
    cached: int
    done: int = 0
    finished: dict[str, int] = field(default_factory=dict)
    current: str = ""


@dataclass(frozen=True)
class Result:
    """How a run ended. executed: jobs computed now; interrupted: by the user. kept: bytes of predictions beside the tables."""

    folder: Path
    statuses: Mapping[str, int]
    executed: int
    interrupted: bool
    planned: int
    kept: int = 0


def todo(plan: Plan, store: Store, finished: set[str], *, drop: Warn | None = None) -> set[str]:
    """Keys of the jobs that must be computed for the cells that are not finished.

    With `drop`, an artifact that something will read is verified: a damaged one is dropped, said, and recomputed.
    Without, presence counts and the store is left as it is.
    """
    present = store.keys()
    needed: set[str] = set()
    seen: set[str] = set()
    pending = [cell.key for cell in plan.cells if cell.key not in finished]
    while pending:
        key = pending.pop()
        if key in seen:
            continue
        seen.add(key)
        if key in present and (drop is None or _sound(store, key, drop)):
            continue
        needed.add(key)
        pending.extend(plan.jobs[key].needs)
    return needed


def _sound(store: Store, key: str, warn: Warn) -> bool:
    try:
        store.load(key)
    except DamagedArtifact as damaged:
        warn(f"{damaged.what}; it is recomputed")
        return False
    return True


def run(plan: Plan, folder: Path, store_root: str, policy: Policy, *, warn: Warn, show: Callable[[Progress], None],
        observers: Any = None, debug: bool = False, kept: Keep = "all") -> Result:
    """Run what is not finished, and write the folder's tables from its journal.

    Raises UsageError where the folder cannot be had, W2SError where store or folder cannot be written or the sources change
    on the way; what is finished stays. Ctrl-C ends it cleanly: the cells that are left have status interrupted.
    debug: warn with tracebacks. kept: which predictions stay with the folder, for `rescore`.
    """
    folder_made(folder)
    with locked(folder):
        claim_folder(folder, plan.spec)
        store = Store(store_root)
        wanted = {cell.key for cell in plan.cells}
        records = {key: record for key, record in read_journal(folder / "journal.jsonl").items()
                   if record.get("status") == "ok" and key in wanted}
        write_plan(folder, plan)
        recorder = _Recorder(plan, store, warn, functools.partial(_observe, observers, warn, folder=folder), records)
        _observe(observers, warn, "w2s_run_started", run=plan.run_id, cells=len(wanted), folder=folder)
        fault: W2SError | None = None
        interrupted = False
        executed = planned = 0
        try:
            with Journal(folder / "journal.jsonl") as journal:
                for _ in range(2):  # once more for what rested on an artifact that was found damaged on the way
                    remaining = todo(plan, store, recorder.finished, drop=warn)
                    planned += len(remaining)
                    for computed in _computing(recorder, journal, remaining, store_root, policy, show, debug):
                        executed += computed
                    if not recorder.damaged:
                        break
        except KeyboardInterrupt:
            interrupted = True
        except W2SError as error:
            fault = error
        rows = [recorder.row(cell) for cell in plan.cells]
        write_tables(folder, rows, [bound for cell in plan.cells for bound in recorder.bounds(cell)])
        with writing(folder):
            size, lost = keep(folder, plan, store, recorder.records, kept)
        for text in lost:
            warn(text)
        if fault is not None:
            raise fault
        statuses = Counter(row["status"] for row in rows)
        _observe(observers, warn, "w2s_run_finished", run=plan.run_id, ok=statuses["ok"], cells=len(rows),
                 folder=folder)
        return Result(folder, dict(statuses), executed, interrupted, planned, size)


def _computing(recorder: _Recorder, journal: Journal, remaining: set[str], store_root: str, policy: Policy,
               show: Callable[[Progress], None], debug: bool) -> Iterator[int]:
    """Compute what remains and record the cells; yields 1 for a job that was computed, 0 for one that fell."""
    plan = recorder.plan
    recorder.damaged = False
    recorder.failures.clear()
    recorder.found_in_store(journal, remaining)
    progress = Progress(len(plan.cells), len(remaining), len(plan.jobs) - len(remaining), finished=recorder.counts)
    show(progress)
    for outcome in execute(plan.jobs, remaining, plan.components, store_root, policy):
        if outcome.status == "store":
            raise StoreError(outcome.error)
        progress.done += 1
        progress.current = plan.jobs[outcome.key].stage
        recorder.take(journal, outcome)
        if debug and outcome.ran and outcome.trace and outcome.status != "ok":
            recorder.warn(outcome.trace)
        show(progress)
        yield int(outcome.ran)
    recorder.failed(journal, remaining)


class _Recorder:
    """Turns outcomes into journal records, and records into rows."""

    def __init__(self, plan: Plan, store: Store, warn: Warn, observe: Callable[..., None],
                 records: dict[str, dict[str, Any]]) -> None:
        self.plan, self.store, self.warn, self.observe, self.records = plan, store, warn, observe, records
        self.failures: dict[str, Outcome] = {}
        self.damaged = False
        self.counts: dict[str, int] = {"ok": len(records)}
        self._cells = {cell.key: cell for cell in plan.cells}
        self._spent: dict[str, tuple[float, float]] = {}

    @property
    def finished(self) -> set[str]:
        """Keys of the cells that are ok."""
        return {key for key, record in self.records.items() if record["status"] == "ok"}

    def found_in_store(self, journal: Journal, remaining: set[str]) -> None:
        """Record the cells whose score the store holds already."""
        finished = self.finished
        for cell in self.plan.cells:
            if cell.key not in finished and cell.key not in remaining:
                self._ok(journal, cell)

    def take(self, journal: Journal, outcome: Outcome) -> None:
        """Record a cell that is ok at once; a failure waits until all are known."""
        self.damaged |= outcome.status == "damaged"
        if outcome.status != "ok":
            if outcome.ran:
                self.failures[outcome.key] = outcome
        elif outcome.key in self._cells:
            self._ok(journal, self._cells[outcome.key])

    def failed(self, journal: Journal, remaining: set[str]) -> None:
        """Give each cell that is not ok the first failure among what it rests on, in the plan's order, whichever came first."""
        if self.damaged or not self.failures:
            return
        order = {key: index for index, key in enumerate(self.plan.jobs)}
        for cell in self.plan.cells:
            if cell.key in remaining and self.records.get(cell.key, {}).get("status") != "ok":
                guilty = min(self.plan.upstream(cell.key) & self.failures.keys(), key=order.__getitem__, default=None)
                if guilty is not None:
                    outcome = self.failures[guilty]
                    self._record(journal, cell, {"status": outcome.status, "error": outcome.error})

    def _ok(self, journal: Journal, cell: Cell) -> None:
        try:
            artifact, _ = self.store.load(cell.key)
        except DamagedArtifact:
            self.damaged = True
            return
        found = {"row": artifact.payload["row"], "bounds": artifact.payload["bounds"],
                 "facts": artifact.payload["facts"], "cost": self._cost(cell.key)}
        self._record(journal, cell, {"status": "ok", "error": "", **found})
        self.store.remember(cell_identity(cell), cell.key)

    def _record(self, journal: Journal, cell: Cell, found: dict[str, Any]) -> None:
        record = {"cell_key": cell.key, **found}
        journal.append(record)
        self.records[cell.key] = record
        self.counts[record["status"]] = self.counts.get(record["status"], 0) + 1
        self.observe("w2s_cell_finished", row=self.row(cell))

    def row(self, cell: Cell) -> dict[str, Any]:
        record = self.records.get(cell.key, {"status": "interrupted", "error": "the run ended before this cell"})
        recipe = self.plan.jobs[cell.key].recipe
        assert isinstance(recipe, Score)
        versions = {role: f"{c.name} {c.version} {c.source[:12]}" for role, c in
                    (("task", cell.task), ("weak", cell.weak), ("strong", cell.strong), ("strategy", cell.strategy),
                     ("supervisor", cell.supervisor))}
        return {
            "run_id": self.plan.run_id, "cell_key": cell.key, "status": record["status"], "error": record["error"] or None,
            "task": cell.task.label, "weak": cell.weak.label, "strong": cell.strong.label, "strategy": cell.strategy.label,
            "supervisor": cell.supervisor.label, "seed": cell.seed, "flags": [],
            "task_set": cell.task.pooled_label, "panels": list(self.plan.panels.get(cell.key, ())),
            "versions": json.dumps(versions, sort_keys=True),
            **{f"predictor_{role}": getattr(recipe, role) for role in PREDICTORS},
            **record.get("row", {}), **record.get("cost", {})}

    def bounds(self, cell: Cell) -> list[dict[str, Any]]:
        found = self.records.get(cell.key, {}).get("bounds", [])
        return [{"run_id": self.plan.run_id, "cell_key": cell.key, **bound} for bound in found]

    def _cost(self, key: str) -> dict[str, float]:
        cost: dict[str, float] = defaultdict(float)
        for upstream in self.plan.upstream(key):
            if upstream not in self._spent:
                about = self.store.about(upstream) or {"seconds": 0.0, "peak_memory": 0.0}
                self._spent[upstream] = about["seconds"], about["peak_memory"]
            seconds, memory = self._spent[upstream]
            cost[f"seconds_{self.plan.jobs[upstream].stage}"] += seconds
            cost["peak_memory"] = max(cost["peak_memory"], memory)
        return dict(cost)


def cell_identity(cell: Cell) -> str:
    """What a cell is by name, whatever the versions and the sources."""
    components = (cell.task, cell.weak, cell.strong, cell.strategy, cell.supervisor)
    return digest([*(component.identity for component in components), cell.seed])


def _observe(observers: Any, warn: Warn, hook: str, **facts: Any) -> None:
    """Tell the observers, each with a copy of its own; one that raises or exits is named and cannot end the run."""
    if observers is None:
        return
    for implementation in getattr(observers, hook).get_hookimpls():
        try:
            implementation.function(**{name: copy.deepcopy(facts[name]) for name in implementation.argnames})
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            warn(f"observer {implementation.plugin_name}: {type(error).__name__}: {error}")
