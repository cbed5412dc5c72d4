"""The label canary of a run: some student fits are computed once more, by a process that finds another truth wherever truth lies.

The process has a store of its own with what the fit may read, and beside it the truth of its task, changed; its folder for
temporary files is empty, and scikit-learn's own data have other labels. A student that is the same there was not told the truth,
as far as this can be heard; one that is another, though such a process gives the same twice, was told something.
"""

from __future__ import annotations

import tempfile
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from w2s_bench.compute.known_truth import known_rows
from w2s_bench.compute.poisoned import poisoned
from w2s_bench.compute.splits import PARTS, output_from
from w2s_bench.contracts import Array, PluginError, Policy, StoreError, declared
from w2s_bench.contracts.digests import digest
from w2s_bench.planning.plan import Cell, Plan
from w2s_bench.planning.recipes import Fit, leaves
from w2s_bench.running.asked_once import Room, computed_in
from w2s_bench.running.recorder import Recorder
from w2s_bench.store.artifacts import Artifact, Store

Verdict = Literal["silent", "sings"]

_LEAST_SECONDS, _MANY_TIMES = 120.0, 20.0
"""What a fit may take in a process of its own: so many times what it took in the run, and no less than the first."""

_ROUNDING = 1e-6
"""How far predictions may be apart, beside their spread, that another machine or batch made."""


@dataclass(frozen=True)
class Student:
    """Keys of a student's fit and of its predictions, and the cells that it is in."""

    fit: str
    predict: str
    cells: tuple[str, ...]


def sampled(plan: Plan, ok: Container[str], most: int) -> list[Student]:
    """So many students of the cells that are ok, those whose keys have the least digests: whoever computes the plan again, or a
    part of it, takes the same ones first."""
    cells: dict[tuple[str, str], list[str]] = {}
    for cell in plan.cells:
        score = plan.score_of(cell)
        if cell.key in ok:
            cells.setdefault((score.student_fit, score.student), []).append(cell.key)
    chosen = sorted(cells, key=lambda student: digest(["canary", *student]))[:most]
    return [Student(fit, predict, tuple(cells[fit, predict])) for fit, predict in chosen]


def left_to_try(plan: Plan, ok: Container[str], most: int, known: Container[str]) -> list[Student]:
    """The sampled students of which nothing is known. known: keys of the cells of which the canary spoke in earlier sittings."""
    return [student for student in sampled(plan, ok, most) if not all(key in known for key in student.cells)]


def listen(recorder: Recorder, most: int, policy: Policy, known: Container[str]) -> None:
    """Have the canary speak of the sampled students, for the recorder; where it cannot, and where it sings, is said. known: as
    for `left_to_try`."""
    students = left_to_try(recorder.plan, recorder.scores, most, known)
    for number, student in enumerate(students, start=1):
        cell = next(cell for cell in recorder.plan.cells if cell.key in student.cells)
        recorder.stage(f"label canary, student {number} of {len(students)}")
        try:
            verdict = _Trial(recorder.plan, recorder.store, student, policy).verdict()
        except (PluginError, StoreError) as error:
            recorder.audience.warn(f"the label canary cannot speak of {_words(cell)}: {error.what}")
            continue
        if verdict == "sings":
            recorder.audience.warn(f"the label canary sings: {_words(cell)} is another student where the truth is another")
        recorder.canaries |= dict.fromkeys(student.cells, verdict)


def _words(cell: Cell) -> str:
    return f"{cell.strategy.label} ({cell.strategy.plugin}) on {cell.task.label}, seed {cell.seed}"


class _Trial:
    """One student, against what the run has of it."""

    def __init__(self, plan: Plan, store: Store, student: Student, policy: Policy) -> None:
        self.plan, self.store, self.student, self.policy = plan, store, student, policy
        recipe = plan.jobs[student.fit].recipe
        assert isinstance(recipe, Fit)
        self.recipe = recipe

    def verdict(self) -> Verdict:
        """Raises PluginError where the fit fails in a process of its own or is not the same there twice, StoreError where the
        store lacks what it reads."""
        in_the_run = self._left(self.store)
        under_another = self._computed(other=True)
        if _same(in_the_run, under_another):
            return "silent"
        one, two = (self._computed(other=False) for _ in range(2))
        if not _same(one, two):
            raise PluginError("it is not the same twice in processes of their own")
        if _same(one, under_another) and _close(in_the_run, one):
            return "silent"
        return "sings"

    def _computed(self, *, other: bool) -> tuple[Artifact, Artifact]:
        """Fit and predictions of a process of its own."""
        with tempfile.TemporaryDirectory(prefix="w2s-canary-") as folder:
            room = Room(Path(folder))
            room.furnished(altered=other)
            own = Store(room.store)
            for key in self._read():
                own.save(key, self._other(key) if other else self.store.load(key), about=self.store.about(key) or {})
            computed_in(room, self.plan, [[self.student.fit], [self.student.predict]], self.policy, self._seconds())
            return self._left(Store(room.store))

    def _left(self, store: Store) -> tuple[Artifact, Artifact]:
        return store.load(self.student.fit), store.load(self.student.predict)

    def _read(self) -> list[str]:
        """Keys of all that the two jobs read, and of the loads of their task."""
        direct = {need for key in (self.student.fit, self.student.predict) for need in self.plan.jobs[key].needs}
        behind = {key for need in direct for key in self.plan.jobs[need].needs}
        loads = {left for key in direct | behind if self.plan.jobs[key].stage == "load" for left in leaves(self.plan.jobs[key])}
        return sorted((direct | loads) - {self.student.fit})

    def _other(self, key: str) -> Artifact:
        """What a job left, with the labels of every part changed but for those that the strategy is told."""
        artifact = self.store.load(key)
        truths = {f"{part}/truth": part for part in PARTS}
        if not truths.keys() & artifact.arrays.keys():
            return artifact
        output = output_from(self.store.payload(self.recipe.load)["output"])
        share = float(declared(self.plan.components[self.recipe.strategy].create(), "truth_share", 0.0))

        def changed(name: str, array: Array) -> Array:
            told = share and truths[name] == self.recipe.part
            return poisoned(np.array(array), output, known_rows(len(array), share, self.recipe.seed) if told else None)

        return Artifact({name: changed(name, array) if name in truths else array for name, array in artifact.arrays.items()},
                        artifact.payload)

    def _seconds(self) -> float:
        spent = [float((self.store.about(key) or {}).get("seconds", 0.0)) for key in (self.student.fit, self.student.predict)]
        return max(_LEAST_SECONDS, _MANY_TIMES * sum(spent))


def _same(one: tuple[Artifact, Artifact], other: tuple[Artifact, Artifact]) -> bool:
    """Whether fit and predictions are the same bytes."""
    return all(a.arrays.keys() == b.arrays.keys() and all(
        (a.arrays[name].dtype, a.arrays[name].shape, a.arrays[name].tobytes())
        == (b.arrays[name].dtype, b.arrays[name].shape, b.arrays[name].tobytes()) for name in a.arrays)
        for a, b in zip(one, other, strict=True))


def _close(one: tuple[Artifact, Artifact], other: tuple[Artifact, Artifact]) -> bool:
    """Whether predictions are the same up to rounding."""
    a, b = one[1].arrays, other[1].arrays
    return a.keys() == b.keys() and all(
        a[name].shape == b[name].shape
        and float(np.abs(a[name] - b[name]).max(initial=0.0)) <= _ROUNDING * (float(np.std(b[name])) + 1e-12) for name in a)
