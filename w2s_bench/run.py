"""A plan, an executor and a journal become a finished run folder. Running the same command resumes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from w2s_bench.canonical import digest
from w2s_bench.columns import PREDICTORS
from w2s_bench.executor import Policy, execute
from w2s_bench.folder import claim_folder, locked, write_plan, write_predictions, write_tables, written_run
from w2s_bench.jobs import Score
from w2s_bench.journal import Journal, read_journal
from w2s_bench.plan import Cell, Plan
from w2s_bench.splits_io import unpack_splits
from w2s_bench.stages import Outcome
from w2s_bench.store import DamagedArtifact, Store

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
    """How a run ended. executed: jobs computed now; interrupted: by the user."""

    folder: Path
    statuses: Mapping[str, int]
    executed: int
    interrupted: bool
    planned: int


def todo(plan: Plan, store: Store, finished: set[str], warn: Warn) -> set[str]:
    """Keys of the jobs that must be computed for the cells that are not finished.

    An artifact that is present is verified when something will read it; a damaged one is dropped and recomputed.
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
        if key in present:
            try:
                store.load(key)
                continue
            except DamagedArtifact as damaged:
                warn(f"{damaged.what}; it is recomputed")
        needed.add(key)
        pending.extend(plan.jobs[key].needs)
    return needed


def run(plan: Plan, folder: Path, store_root: str, policy: Policy, *, warn: Warn,
        show: Callable[[Progress], None], observers: Any = None) -> Result:
    """Run what is not finished. Raises UsageError, StoreError; Ctrl-C ends it cleanly with status interrupted."""
    claim_folder(folder, plan.spec)
    with locked(folder):
        store = Store(store_root)
        records = {key: r for key, r in read_journal(folder / "journal.jsonl").items() if r.get("status") == "ok"}
        wanted = {cell.key: cell for cell in plan.cells}
        records = {key: record for key, record in records.items() if key in wanted}
        if len(records) == len(wanted) and written_run(folder) == plan.run_id:
            return Result(folder, {"ok": len(wanted)}, 0, False, 0)
        write_plan(folder, plan)
        remaining = todo(plan, store, set(records), warn)
        progress = Progress(len(wanted), len(remaining), len(plan.jobs) - len(remaining))
        _observe(observers, warn, "w2s_run_started", run=plan.run_id, cells=len(wanted))
        recorder = _Recorder(plan, store, progress, warn, observers, records)
        interrupted = False
        with Journal(folder / "journal.jsonl") as journal:
            try:
                recorder.cached(journal, set(wanted) - set(records) - remaining)
                show(progress)
                for outcome in execute(plan.jobs, remaining, plan.components, store_root, policy):
                    progress.done += 1
                    progress.current = plan.jobs[outcome.key].stage
                    if outcome.key in wanted:
                        recorder.record(journal, outcome)
                    show(progress)
            except KeyboardInterrupt:
                interrupted = True
        rows = [recorder.row(cell) for cell in plan.cells]
        write_tables(folder, rows, [bound for cell in plan.cells for bound in recorder.bounds(cell)])
        _write_predictions(folder, plan, store, recorder.records, warn)
        statuses: dict[str, int] = defaultdict(int)
        for row in rows:
            statuses[row["status"]] += 1
        _observe(observers, warn, "w2s_run_finished", run=plan.run_id, ok=statuses["ok"], cells=len(rows))
        return Result(folder, dict(statuses), progress.done, interrupted, len(remaining))


class _Recorder:
    """Turns outcomes into journal records, and records into rows."""

    def __init__(self, plan: Plan, store: Store, progress: Progress, warn: Warn, observers: Any,
                 records: dict[str, dict[str, Any]]) -> None:
        self.plan, self.store, self.progress, self.warn = plan, store, progress, warn
        self.observers, self.records = observers, records
        self._cells = {cell.key: cell for cell in plan.cells}
        for record in records.values():
            self._count(record["status"])

    def cached(self, journal: Journal, keys: set[str]) -> None:
        for cell in self.plan.cells:
            if cell.key in keys:
                self.record(journal, Outcome(cell.key, "ok"))

    def record(self, journal: Journal, outcome: Outcome) -> None:
        record: dict[str, Any] = {"cell_key": outcome.key, "status": outcome.status, "error": outcome.error}
        if outcome.status == "ok":
            artifact, _ = self.store.load(outcome.key)
            record |= {"row": artifact.payload["row"], "bounds": artifact.payload["bounds"], "cost": self._cost(outcome.key)}
            self.store.remember_cell(cell_identity(self._cells[outcome.key]), outcome.key)
        journal.append(record)
        self.records[outcome.key] = record
        self._count(outcome.status)
        _observe(self.observers, self.warn, "w2s_cell_finished", row=self.row(self._cells[outcome.key]))

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
            "versions": json.dumps(versions, sort_keys=True),
            **{f"predictor_{role}": getattr(recipe, role) for role in PREDICTORS},
            **record.get("row", {}), **record.get("cost", {})}

    def bounds(self, cell: Cell) -> list[dict[str, Any]]:
        found = self.records.get(cell.key, {}).get("bounds", [])
        return [{"run_id": self.plan.run_id, "cell_key": cell.key, **bound} for bound in found]

    def _cost(self, key: str) -> dict[str, float]:
        cost: dict[str, float] = defaultdict(float)
        for upstream in self.plan.upstream(key):
            about = self.store.about(upstream)
            if about is not None:
                cost[f"seconds_{self.plan.jobs[upstream].stage}"] += about["seconds"]
                cost["peak_memory"] = max(cost["peak_memory"], about["peak_memory"])
        return dict(cost)

    def _count(self, status: str) -> None:
        self.progress.finished[status] = self.progress.finished.get(status, 0) + 1


def cell_identity(cell: Cell) -> str:
    """What a cell is by name, whatever the versions and the sources."""
    components = (cell.task, cell.weak, cell.strong, cell.strategy, cell.supervisor)
    return digest([*(component.identity for component in components), cell.seed])


def _write_predictions(folder: Path, plan: Plan, store: Store, records: Mapping[str, Any], warn: Warn) -> None:
    by_task: dict[str, list[tuple[str, int, Any, Any]]] = defaultdict(list)
    written: set[str] = set()
    ids: dict[str, Any] = {}
    for cell in plan.cells:
        recipe = plan.jobs[cell.key].recipe
        if records.get(cell.key, {}).get("status") != "ok" or not isinstance(recipe, Score):
            continue
        try:
            if recipe.load not in ids:
                test = unpack_splits(store.load(recipe.load)[0]).splits.test
                by_task[cell.task.label].append(("truth", cell.seed, test.ids, test.truth))
                ids[recipe.load] = test.ids
            for role in PREDICTORS:
                key = getattr(recipe, role)
                if key is not None and key not in written:
                    arrays = store.load(key)[0].arrays
                    if "test" in arrays:
                        by_task[cell.task.label].append((key, cell.seed, ids[recipe.load], arrays["test"]))
                    written.add(key)
        except (DamagedArtifact, KeyError) as lost:
            warn(f"predictions of {cell.task.label}, seed {cell.seed}: not in the store any more ({lost})")
    for task, tables in by_task.items():
        write_predictions(folder, task, tables)


def _observe(observers: Any, warn: Warn, hook: str, **facts: Any) -> None:
    """Tell the observers; one that raises is named and cannot fail the run."""
    if observers is None:
        return
    for implementation in getattr(observers, hook).get_hookimpls():
        try:
            implementation.function(**{name: facts[name] for name in implementation.argnames})
        except Exception as error:
            warn(f"observer {implementation.plugin_name}: {type(error).__name__}: {error}")
