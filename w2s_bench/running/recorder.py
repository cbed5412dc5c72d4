"""Outcomes become records of the journal, and records become rows."""

from __future__ import annotations

import functools
import json
import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from w2s_bench.contracts import PREDICTORS, Outcome, StoreError
from w2s_bench.contracts.digests import digest
from w2s_bench.planning.plan import Cell, Plan, SecondTask
from w2s_bench.planning.recipes import Also, Embed, Fit, Predict, Prepare, Score
from w2s_bench.registry.given import own_code
from w2s_bench.running.audience import Audience, Progress
from w2s_bench.running.journal import Failure, Journal, Record
from w2s_bench.store.artifacts import DamagedArtifact, Store

UNFINISHED = "the run ended before this cell"

_OF_THE_FIT = ("run_id", "weak", "strong", "strategy", "supervisor", "seed", "panels", "versions", "direction", "direction_by",
               "truth_share", "n_supervise", "n_transfer", "fingerprint_supervise", "fingerprint_transfer")
"""Columns that a row on a second task has from its cell."""


class Recorder:
    """What is known of the cells of a plan. records: how a cell ended, by its key; scores: its row and bounds, in the store.

    missed: keys of other jobs whose results are to stay with the run, and are not in the store. canaries: by cell key, what the
    label canary said of the student in this sitting.
    """

    def __init__(self, plan: Plan, store: Store, audience: Audience) -> None:
        self.plan, self.store, self.audience = plan, store, audience
        self.records: dict[str, Record] = {}
        self.progress = Progress(len(plan.cells), 0, len(plan.jobs))
        self.damaged = False
        self.missed: set[str] = set()
        self.executed = 0
        self.counts: dict[str, int] = defaultdict(int)
        self.canaries: dict[str, str] = {}
        self.scores = StoredScores(store)
        self._failures: dict[str, Outcome] = {}
        self._order = {key: index for index, key in enumerate(plan.jobs)}
        self._cells = {cell.key: cell for cell in plan.cells}
        self._seconds = array("d", [math.nan]) * len(plan.jobs)
        self._memory = array("d", bytes(8 * len(plan.jobs)))

    def stage(self, words: str) -> None:
        """Show what is done beside the jobs, and that none is left."""
        self.progress.current, self.progress.left = words, None
        self.audience.show(self.progress)

    def resume(self, records: Mapping[str, Record]) -> None:
        """Take over what an earlier run finished, as far as the store still holds the scores."""
        present = self.store.keys()
        for key, record in records.items():
            if record.status == "ok" and key in self._cells and key in present:
                self.scores.add(key)
                self.records[key] = record
                self.counts["ok"] += 1

    def found_in_store(self, journal: Journal, remaining: set[str]) -> None:
        """Record the cells whose score the store holds already."""
        for cell in self.plan.cells:
            if cell.key not in self.records and cell.key not in remaining:
                self._ok(journal, cell)

    def take(self, journal: Journal, outcome: Outcome) -> None:
        """Record a cell that is ok at once; a failure waits until all are known. Raises StoreError as the job met it."""
        if outcome.note:
            self.audience.warn_once(outcome.note)
        if outcome.retires:
            self.audience.warn_once(outcome.retires)
        if outcome.status == "store":
            raise StoreError(outcome.error)
        if outcome.status == "damaged":
            self.damaged = True
            self.audience.warn_once(f"{outcome.error.splitlines()[0]}; it is recomputed")
        self.executed += outcome.ran
        if outcome.status == "ok":
            number = self._order[outcome.key]
            self._seconds[number], self._memory[number] = outcome.seconds, outcome.peak_memory
        if outcome.status == "ok" and outcome.key in self._cells:
            self._ok(journal, self._cells[outcome.key])
        elif outcome.status not in ("ok", "damaged") and outcome.ran:
            self._failures[outcome.key] = outcome
            if self.audience.debug and outcome.trace:
                self.audience.warn(outcome.trace)

    def failed(self, journal: Journal) -> None:
        """Give each cell that has no record the first failure among what it rests on: first in the plan, not in time."""
        if not self._failures:
            return
        for cell in self.plan.cells:
            if cell.key in self.records:
                continue
            guilty = self._guilty(cell.key)
            if guilty is not None:
                outcome = self._failures[guilty]
                assert outcome.fault is not None  # the schedule gives one to every outcome that is not ok
                assert outcome.status != "damaged" and outcome.status != "store"
                self._keep(journal, cell, Record(
                    cell_key=cell.key, status=outcome.status, error=self._words(guilty, self.plan.score_of(cell)),
                    fault=msgspec.convert(outcome.fault, Failure, from_attributes=True), seconds={}, peak_memory=0.0))

    def _guilty(self, key: str) -> str | None:
        """Key of the first failure among what a job rests on: first in the plan, not in time."""
        return min(self.plan.upstream(key) & self._failures.keys(), key=self._order.__getitem__, default=None)

    def _words(self, guilty: str, score: Score | Also) -> str:
        """What a person reads of a failure that a score fell with."""
        outcome = self._failures[guilty]
        return outcome.fault.words(outcome.error, self._role(guilty, score)) if outcome.fault else outcome.error

    def _role(self, guilty: str, score: Score | Also) -> str:
        """What the component whose job failed is in a cell, "" where its stage says it."""
        recipe = self.plan.jobs[guilty].recipe
        if isinstance(recipe, Embed | Prepare):
            return "weak model" if guilty in self.plan.upstream(score.weak) else "strong model"
        if not isinstance(recipe, Fit | Predict):
            return ""
        if guilty in self.plan.upstream(score.weak):
            return "supervisor"
        return "strategy" if guilty in self.plan.upstream(score.student) else "strategy, fitted on the truth or not at all"

    def row(self, cell: Cell) -> dict[str, Any]:
        """The cell as a row of the table, with its score where it has one."""
        record = self.records.get(cell.key)
        recipe = self.plan.score_of(cell)
        versions = {role: f"{c.name} {c.version} {c.source[:12]}" for role, c in
                    (("task", cell.task), ("weak", cell.weak), ("strong", cell.strong), ("strategy", cell.strategy),
                     ("supervisor", cell.supervisor))}
        row = {
            "run_id": self.plan.run_id, "cell_key": cell.key, "status": record.status if record else "interrupted",
            "error": (record.error or None) if record else UNFINISHED,
            "task": cell.task.label, "weak": cell.weak.label, "strong": cell.strong.label, "strategy": cell.strategy.label,
            "supervisor": cell.supervisor.label, "seed": cell.seed, "flags": [],
            "task_set": cell.task.pooled_label, "panels": list(self.plan.panels.get(cell.key, ())),
            "versions": json.dumps(versions, sort_keys=True), "given": self._given(cell, recipe),
            **{f"predictor_{role}": getattr(recipe, role) for role in PREDICTORS}}
        if record is None or record.status != "ok":
            return row
        seconds = {f"seconds_{stage}": spent for stage, spent in record.seconds.items()}
        score = self._score(cell)["row"]
        silent = {f"predictor_{role}": None for role in PREDICTORS if score.get(f"err_{role}") is None}
        return {**row, **silent, **score, **seconds, "peak_memory": record.peak_memory}

    def _given(self, cell: Cell, recipe: Score) -> str | None:
        """What of a cell is code of the user's that no plugin installed, role by role; None where nothing is."""
        roles = [("task", cell.task), ("weak", cell.weak), ("strong", cell.strong), ("strategy", cell.strategy),
                 ("supervisor", cell.supervisor), ("divergence", self.plan.components[recipe.divergence]),
                 *(("metric", self.plan.components[key]) for key in recipe.metrics),
                 *(("bound", self.plan.components[key]) for key in recipe.bounds)]
        found: dict[str, list[str]] = {}
        for role, component in roles:
            for words in own_code(component):
                found.setdefault(words, []).append(role)
        return "; ".join(f"{', '.join(dict.fromkeys(of))}: {words}" for words, of in found.items()) or None

    def also_rows(self) -> list[dict[str, object]]:
        """Rows of what was fitted on a cell's task and scored on a second one; each failure among them is said."""
        present = self.store.keys()
        lines = [self.second_row(cell, second, scored=second.key in present) for cell in self.plan.cells
                 for second in self.plan.also.get(cell.key, ())]
        for error, count in Counter(line["error"] for line in lines if line["status"] != "ok").items():
            self.audience.warn(f"{count} of {len(lines)} cells have no score on a second task: {error}")
        return lines

    def second_row(self, cell: Cell, second: SecondTask, *, scored: bool) -> dict[str, object]:
        """What was fitted on a cell's task as a row on its second one. scored: whether the store holds the score."""
        row, label = self.row(cell), f"{second.task.label} fitted on {cell.task.label}"
        line = {**{name: row.get(name) for name in _OF_THE_FIT}, "cell_key": second.key, "task": label,
                "task_set": f"{second.task.pooled_label} fitted on {cell.task.pooled_label}"}
        if scored:
            return {**line, "status": "ok", "error": None, **self.store.payload(second.key)["row"]}
        guilty, recipe = self._guilty(second.key), self.plan.jobs[second.key].recipe
        if guilty is None:
            return {**line, "status": "interrupted", "error": UNFINISHED, "flags": []}
        assert isinstance(recipe, Also)
        return {**line, "status": self._failures[guilty].status, "error": self._words(guilty, recipe), "flags": []}

    def bounds(self, cell: Cell) -> list[dict[str, Any]]:
        """The bounds of a cell that is ok, each a row of their table."""
        found = self._score(cell)["bounds"] if cell.key in self.scores else []
        return [{"run_id": self.plan.run_id, "cell_key": cell.key, **bound} for bound in found]

    def _ok(self, journal: Journal, cell: Cell) -> None:
        self.scores.add(cell.key)
        seconds, memory = self._cost(cell.key)  # its score is read when it is asked for: the tables meet one that is damaged
        self._keep(journal, cell, Record(
            cell_key=cell.key, status="ok", error="", fault=None, seconds=seconds, peak_memory=memory))
        self.store.remember(cell_identity(cell), cell.key)

    def _score(self, cell: Cell) -> Mapping[str, Any]:
        """What the store holds of a cell that is ok. Raises DamagedArtifact, and the cell is not finished then."""
        try:
            return self.scores[cell.key]
        except DamagedArtifact:
            self.scores.discard(cell.key)
            self.counts[self.records.pop(cell.key).status] -= 1
            raise

    def _keep(self, journal: Journal, cell: Cell, record: Record) -> None:
        journal.append(record)
        self.records[cell.key] = record
        self.counts[record.status] += 1
        if self.audience.observes("w2s_cell_finished"):
            self._tell(cell, journal.path.parent)

    def _tell(self, cell: Cell, folder: Path) -> None:
        try:
            self.audience.observe("w2s_cell_finished", row=self.row(cell), folder=folder)
        except DamagedArtifact as damaged:
            self.damaged = True
            self.audience.warn(f"{damaged.what}; it is recomputed")

    def _cost(self, key: str) -> tuple[dict[str, float], float]:
        """Seconds by stage of all that a job rests on, and the largest memory, as they were told or the store remembers them."""
        seconds: dict[str, float] = defaultdict(float)
        peak = 0.0
        for upstream in self.plan.upstream(key):
            number = self._order[upstream]
            if math.isnan(self._seconds[number]):
                about = self.store.about(upstream) or {"seconds": 0.0, "peak_memory": 0.0}
                self._seconds[number], self._memory[number] = about["seconds"], about["peak_memory"]
            seconds[self.plan.jobs[upstream].stage] += self._seconds[number]
            peak = max(peak, self._memory[number])
        return dict(seconds), peak


class StoredScores(Mapping[str, Mapping[str, Any]]):
    """Row, bounds and facts of the cells that are ok, by their keys: read from the store when they are asked for, because those
    of a large run are larger than memory. Raises DamagedArtifact then."""

    def __init__(self, store: Store) -> None:
        self._known: dict[str, None] = {}
        self._read = functools.lru_cache(maxsize=8)(store.payload)

    def add(self, key: str) -> None:
        """The store holds the score of this cell."""
        self._known[key] = None

    def discard(self, key: str) -> None:
        """The store does not hold it any more."""
        self._known.pop(key, None)

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        if key not in self._known:
            raise KeyError(key)
        return self._read(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, key: object) -> bool:
        return key in self._known


def cell_identity(cell: Cell) -> str:
    """What a cell is by name, whatever the versions and the sources."""
    components = (cell.task, cell.weak, cell.strong, cell.strategy, cell.supervisor)
    return digest([*(component.identity for component in components), cell.seed])
