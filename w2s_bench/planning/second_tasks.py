"""Second tasks: what was fitted on one task answers another one's inputs, and is scored there, without another fit."""

from __future__ import annotations

from collections.abc import Iterator

from w2s_bench.contracts.errors import UsageError
from w2s_bench.planning.asked import Asked
from w2s_bench.planning.jobs import Drawn, Jobs
from w2s_bench.planning.plan import Cell, SecondTask
from w2s_bench.planning.recipes import Also, Predict, Score
from w2s_bench.registry.component import Component


class SecondTasks:
    """Adds the jobs of second tasks to those of the cells."""

    def __init__(self, asked: Asked, jobs: Jobs) -> None:
        self._asked, self._jobs = asked, jobs
        self._unlike: set[tuple[str, str]] = set()

    def of(self, cell: Cell, tasks: tuple[Component, ...]) -> Iterator[SecondTask]:
        """The jobs that score a cell's predictions on second tasks; its own task is none. One with another kind of output, or
        with more or fewer classes, is among the faults.
        """
        for second in tasks:
            if second.key != cell.task.key and self._alike(cell.task, second):
                yield SecondTask(second, self._scored(cell, second))

    def _alike(self, first: Component, second: Component) -> bool:
        here, there = self._asked.tasks[first.key].output, self._asked.tasks[second.key].output
        alike = bool((here.kind, here.k) == (there.kind, there.k))
        if not alike and (first.key, second.key) not in self._unlike:
            self._unlike.add((first.key, second.key))
            self._asked.faults.append(UsageError(
                f"{second.label} has {there.describe()}, and what is fitted on {first.label} predicts {here.describe()}",
                where="also", hint="a second task has as many numbers or classes"))
        return alike

    def _scored(self, cell: Cell, second: Component) -> str:
        recipe = self._jobs.by_key[cell.key].recipe
        assert isinstance(recipe, Score)
        made, read = Drawn(cell.task, recipe.load, cell.seed), self._jobs.drawn(second, cell.seed)
        weak = self._answers(recipe.weak, read, made, (cell.weak, cell.supervisor))
        strong = cell.strong, cell.strategy
        student, ceiling = (self._answers(key, read, made, strong) for key in (recipe.student, recipe.ceiling))
        by = self._asked.measured_by(second)
        embed = None if self._asked.strategies[cell.strategy.key].needs == "module" else self._jobs.embed(cell.strong, read, made)
        return self._jobs.add(Also(
            task=second.key, divergence=by.divergence, metrics=by.metrics, load=read.load, fitted_load=recipe.load,
            embed=embed, weak=weak, student=student, ceiling=ceiling))

    def _answers(self, predict: str, read: Drawn, made: Drawn, by: tuple[Component, Component]) -> str:
        """Key of the answers to another task's inputs of what was fitted for `predict`. by: its model and its strategy."""
        first, (model, strategy) = self._jobs.by_key[predict].recipe, by
        assert isinstance(first, Predict)
        named = () if first.model is not None else (model, *strategy.named("models"))
        embeds = tuple(self._jobs.embed(each, read, made) for each in named)
        return self._jobs.add(Predict(strategy=first.strategy, fit=first.fit, embeds=embeds, model=first.model,
                                      prepare=first.prepare, load=read.load))
