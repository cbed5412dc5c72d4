"""A spec and the registry become cells and the jobs that they share: a DAG, before anything is computed."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from itertools import product

from w2s_bench.contracts.errors import UsageError, together
from w2s_bench.planning.asked import Asked
from w2s_bench.planning.direction import ModelPair, direction_of, sides_of
from w2s_bench.planning.gathering import gathering
from w2s_bench.planning.jobs import Drawn, Jobs, Taught
from w2s_bench.planning.plan import Cell, Plan, SecondTask
from w2s_bench.planning.recipes import Compare, Score
from w2s_bench.planning.refusals import Refusals
from w2s_bench.planning.second_tasks import SecondTasks
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.component import Component


def make_plan(spec: RunSpec, registry: Registry) -> Plan:
    """Plan a run; computes nothing.

    Raises one UsageError for all names that do not resolve, all that cannot be read, and all pairs that cannot be fitted, unless
    the spec skips these.
    """
    planner = _Planner(spec, registry)
    asked, jobs, refusals = planner.asked, planner.jobs, planner.refusals
    others_of = SecondTasks(asked, jobs)
    cells: dict[str, Cell] = {}
    panels: dict[str, tuple[str, ...]] = {}
    also: dict[str, tuple[SecondTask, ...]] = {}
    for matrix in spec.matrices:
        others = asked.tasks_named(matrix.also)
        for cell in planner.cells(matrix):
            cells.setdefault(cell.key, cell)
            if matrix.panel and matrix.panel not in panels.get(cell.key, ()):
                panels[cell.key] = (*panels.get(cell.key, ()), matrix.panel)
            if others:
                also[cell.key] = tuple(dict.fromkeys((*also.get(cell.key, ()), *others_of.of(cell, others))))
    refused = refusals.counts and (not spec.skip_incompatible or not cells)
    faults = [*asked.faults, *([refusals.error()] if refused else [])]
    if faults:
        raise together(faults)
    unmeasured = tuple(each.words() for each in asked.measures.left_out)
    return Plan(spec, tuple(cells.values()), jobs.by_key, asked.components, panels, dict(refusals.counts), unmeasured,
                tuple(asked.inputs), also, tuple(asked.absent),
                gathering(asked.components.values(), asked.models, asked.strategies))


class _Planner:
    """Lays out the cells of each matrix."""

    def __init__(self, spec: RunSpec, registry: Registry) -> None:
        self.spec, self.asked = spec, Asked(spec, registry)
        self.jobs, self.refusals = Jobs(self.asked), Refusals(self.asked)

    def cells(self, matrix: Matrix) -> Iterator[Cell]:
        asked, refusals = self.asked, self.refusals
        pairs = self._pairs(matrix)
        for texts in (matrix.supervisors, matrix.strategies):
            asked.strategies_named(texts)
        tasks = asked.tasks_named(matrix.tasks)
        supervisors, strategies = ({task.key: asked.fitters(task, texts) for task in tasks}
                                   for texts in (matrix.supervisors, matrix.strategies))
        for task, seed in product(tasks, matrix.seeds):
            here = self.jobs.drawn(task, seed)
            for weak, strong in pairs:
                for supervisor, strategy in product(supervisors[task.key], strategies[task.key]):
                    taught = refusals.possible(task, weak, supervisor, "supervisor") and refusals.scored(task, weak, supervisor)
                    if not taught and self.spec.skip_incompatible:
                        continue
                    if refusals.possible(task, strong, strategy, "strategy") and taught:
                        yield from asked.tried(self._cell, here, weak, strong, strategy, supervisor)

    def _pairs(self, matrix: Matrix) -> list[tuple[Component, Component]]:
        if matrix.models:
            models = self.asked.models_named(matrix.models)
            if len(models) < 2 and not self.asked.faults:
                self.asked.faults.append(UsageError("pairs need at least two models", where=", ".join(matrix.models),
                                                    hint="add a model, or give --weak and --strong"))
            return [(weak, strong) for weak, strong in product(models, models) if weak.key != strong.key]
        return list(product(self.asked.models_named(matrix.weak), self.asked.models_named(matrix.strong)))

    def _cell(self, here: Drawn, weak: Component, strong: Component, strategy: Component, supervisor: Component) -> Cell:
        jobs, references = self.jobs, self.spec.references
        weak_predict = jobs.fitted(here, weak, supervisor, Taught("supervise", "truth"))[1]
        student_fit, student = jobs.fitted(here, strong, strategy, Taught("transfer", "weak", weak_predict))
        ceiling = jobs.fitted(here, strong, strategy, Taught("transfer", "truth"))[1]
        gold = base = shuffled = None
        if "gold" in references:
            gold = jobs.fitted(here, strong, strategy, Taught("supervise", "truth"))[1]
        if "base" in references:
            base = jobs.fitted(here, strong, strategy, Taught("transfer", "none"))[1]
        if "shuffled" in references:
            shuffled = jobs.fitted(here, strong, strategy, Taught("transfer", "shuffled", weak_predict))[1]
        embed, weak_embed = self._embed(here, strong, strategy), self._embed(here, weak, supervisor)
        compare = jobs.add(Compare(here.load, embed, weak_embed)) if self.spec.representations and embed and weak_embed else None
        direction, direction_by = direction_of((weak.key, strong.key), self._sides, self._sizes(weak, strong))
        by = self.asked.measured_by(here.task)
        score = Score(
            task=here.task.key, divergence=by.divergence, metrics=by.metrics, bounds=by.bounds, load=here.load,
            strategy=strategy.key, embed=embed, weak_embed=weak_embed,
            embeds=jobs.reading(here, strong, strategy).embeds[1:], compare=compare,
            weak=weak_predict, student_fit=student_fit, student=student, ceiling=ceiling, gold=gold, base=base,
            shuffled=shuffled,
            direction=direction, direction_by=direction_by,
            weak_saw_transfer="task" in (jobs.prepared_from(weak) or ()))
        return Cell(jobs.add(score), here.task, weak, strong, strategy, supervisor, here.seed)

    def _embed(self, here: Drawn, model: Component, strategy: Component) -> str | None:
        """Key of the features of a model, where they are read: by its strategy, or to be compared."""
        trained = self.asked.strategies[strategy.key].needs == "module"
        return None if trained and not self.spec.representations else self.jobs.embed(model, here, here)

    @functools.cached_property
    def _sides(self) -> frozenset[ModelPair]:
        """The pairs that any matrix of the spec sets against each other."""
        return sides_of((self.asked.models_named(matrix.weak), self.asked.models_named(matrix.strong))
                        for matrix in self.spec.matrices)

    def _sizes(self, weak: Component, strong: Component) -> tuple[int | None, int | None]:
        first, second = self.asked.models[weak.key], self.asked.models[strong.key]
        return (first.size, second.size) if first.family == second.family else (None, None)
