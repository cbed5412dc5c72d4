"""A small run whose truth can be changed under its keys, and what a strategy leaves of it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from w2s_bench.compute.known_truth import known_rows
from w2s_bench.compute.poisoned import poisoned
from w2s_bench.contracts import Array, Classes, Policy, Regression, Strategy, declared
from w2s_bench.contracts.errors import PluginError
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Fit, Predict
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.catalogue import Registered, Registry
from w2s_bench.registry.component import Component
from w2s_bench.running.asked_once import Room, computed_in
from w2s_bench.store.artifacts import Store
from w2s_bench.testing.own_entries import usual_divergence, with_own
from w2s_bench.testing.peekable_models import bytes_of
from w2s_bench.testing.peekable_task import SIZES, Reading, inputs_and_labels, write_task
from w2s_bench.testing.watched_worker import Report

AFTER: Final = "after a fit on the truth in its process"
BESIDE: Final = "in one batch with a fit on the truth"
ALONE: Final = "in a process of its own"
_SECONDS: Final = 240.0


@dataclass(frozen=True)
class Student:
    """Keys of the jobs of one student, and of the fit of the same strategy on the truth."""

    fit: str
    predict: str
    ceiling: str
    seed: int


class PeekableRun:
    """One strategy on a small task under a folder: the same keys and paths whatever the truth."""

    def __init__(self, registry: Registry, entry: Registered, component: Component, folder: Path) -> None:
        self.folder, self.room, self.component = folder, Room(folder / "room"), component
        made: Strategy = component.create()
        self.reading = reading_of(made)
        self.share = float(declared(made, "truth_share", 0.0))
        self.features, self.labels = inputs_and_labels(self.reading)
        self._set_up(other=False)
        self.plan = self._planned(registry, entry)
        self.students = [self._student(number) for number in range(2)]

    def observed(self, *, other: bool) -> dict[str, str]:
        """What the strategy leaves, by where it is, as digests. other: under a truth of transfer and test that is another."""
        self._set_up(other=other)
        first, second = self.students
        fits = {first.ceiling, first.fit, first.predict, second.ceiling, second.fit, second.predict}
        upstream = set().union(*(self.plan.upstream(key) for key in fits)) - fits
        batches = [[key] for key in self.plan.jobs if key in upstream]
        batches += [[first.ceiling], [first.fit], [first.predict], [second.ceiling, second.fit], [second.predict]]
        found = self._worked(batches, f"{AFTER}, or beside it")
        store = Store(self.room.store)
        for student, when in ((first, AFTER), (second, BESIDE)):
            found |= _left(store, student, when)
        for key in (first.fit, first.predict):
            store.drop(key)
        found |= self._worked([[first.fit], [first.predict]], ALONE)
        return found | _left(Store(self.room.store), first, ALONE)

    def _planned(self, registry: Registry, entry: Registered) -> Plan:
        offered = with_own(registry, entry)
        matrix = Matrix(
            (f"kit/peekable[path={self.room.folder / 'task.csv'},reading={self.reading},"
             f"divergence={usual_divergence(registry, self.reading).name}]",), weak=("kit/columns[width=3]",),
            strong=(f"kit/columns[width={self.features.shape[1]}]",), strategies=(_name_of(self.component),),
            supervisors=("kit/weak-lines",), seeds=(0, 1))
        return make_plan(RunSpec("canary", (matrix,), references=(), representations=False), offered)

    def _student(self, number: int) -> Student:
        cell = self.plan.cells[number]
        score = self.plan.score_of(cell)
        ceiling, fit = self.plan.jobs[score.ceiling].recipe, self.plan.jobs[score.student_fit].recipe
        assert isinstance(ceiling, Predict) and isinstance(fit, Fit)
        return Student(score.student_fit, score.student, ceiling.fit, fit.seed)

    def _set_up(self, *, other: bool) -> None:
        shutil.rmtree(self.room.folder, ignore_errors=True)
        self.room.furnished(altered=other)
        write_task(self.room.folder / "task.csv", self.features, self._other_labels() if other else self.labels)

    def _other_labels(self) -> Array:
        """Labels with those of transfer and test changed, but for what the strategy may know."""
        first, second, _ = SIZES
        known = np.zeros(len(self.labels), dtype=bool)
        known[:first] = True
        if self.share:
            for student in self.students:
                known[first:first + second] |= known_rows(second, self.share, student.seed)
        if self.reading == "regression":
            return poisoned(self.labels[:, None], Regression(), known)[:, 0]
        changed: Array = poisoned(np.eye(2)[self.labels.astype(int)], Classes(2), known).argmax(axis=1).astype(float)
        return changed

    def _worked(self, batches: Sequence[Sequence[str]], when: str) -> dict[str, str]:
        """Have a new worker compute these batches; what its process and its files hold at the end."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        words = ["w2s_bench.testing.watched_worker", self.room.store, str(report), ",".join(sorted(_packages(self.component)))]
        try:
            computed_in(self.room, self.plan, batches, Policy(), _SECONDS, [sys.executable, "-P", "-m", *words])
            return self._taken(msgspec.json.decode(report.read_bytes(), type=Report), when)
        except FileNotFoundError:
            raise PluginError("the process of a fit ended before its end", where=self.component.label) from None
        except PluginError as error:
            raise PluginError(f"a fit on {sum(SIZES)} examples {error.what}", where=self.component.label) from None

    def _taken(self, report: Report, when: str) -> dict[str, str]:
        """What a report holds, by place; the files that it names outside the folder are taken away."""
        own = f"{self.folder}{os.sep}"
        for path in report.made:
            if not path.startswith(own):
                Path(path).unlink(missing_ok=True)
        files = sorted(report.files.values())
        return {**{f"{name}, {when}": digest for name, digest in report.traces.items()},
                **{f"file {number} that it wrote, {when}": digest for number, digest in enumerate(files)}}


def reading_of(strategy: Strategy) -> Reading:
    """What the task asks of a strategy. Raises PluginError for one that predicts neither numbers nor classes."""
    known: tuple[Reading, ...] = ("regression", "classes")
    for reading in known:
        if reading in strategy.outputs:
            return reading
    raise PluginError(f"predicts {', '.join(sorted(strategy.outputs))}, of which the kit has no task")


def _left(store: Store, student: Student, when: str) -> dict[str, str]:
    """What a student left in the store."""
    left = {"predictor": student.fit, "predictions": student.predict}
    return {f"{name} of the {what}, {when}": digest for what, key in left.items()
            for name, digest in bytes_of(store.load(key).arrays).items()}


def _packages(component: Component) -> set[str]:
    """The top-level packages of a component and its parts."""
    parts = (name for _, part in component.parts for name in _packages(part))
    return {component.target.partition(":")[0].partition(".")[0], *parts}


def _name_of(component: Component) -> str:
    label = component.label
    return label if "/" in label.partition("[")[0] else f"{component.plugin}/{label}"
