"""What a spec asks for: its names become components, each made once, and all that is wrong with them is gathered."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, ParamSpec, TypeVar

from w2s_bench.contracts import can, declared, scored_as
from w2s_bench.contracts.errors import W2SError
from w2s_bench.planning.compatible import check_output
from w2s_bench.planning.spec import RunSpec
from w2s_bench.planning.teachers import Read, columns_taught, without_teachers
from w2s_bench.planning.usual import suited, usual
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.component import Component
from w2s_bench.registry.measures import measures_of

Given = ParamSpec("Given")
Made = TypeVar("Made")


class MeasuredBy(NamedTuple):
    """Keys of the divergence that scores a task, and of the metrics and bounds that are about it."""

    divergence: str
    metrics: tuple[str, ...]
    bounds: tuple[str, ...]


class Asked:
    """The components that a spec names, and what each of them makes.

    components: by key, in the order of their naming. tasks, models, strategies: what was made, by the key of its component.
    faults: what is wrong with names so far. inputs, absent: lines in words, as a Plan has them. hard: by key of a task, its
    columns of answers that give classes the probability 0.
    """

    def __init__(self, spec: RunSpec, registry: Registry) -> None:
        self.spec, self.registry, self.measures = spec, registry, measures_of(registry)
        self.components: dict[str, Component] = {}
        self.tasks: dict[str, Any] = {}
        self.models: dict[str, Any] = {}
        self.strategies: dict[str, Any] = {}
        self.faults: list[W2SError] = []
        self.inputs: dict[str, None] = {}
        self.absent: dict[str, None] = {}
        self.hard: dict[str, frozenset[str]] = {}
        self._named: dict[tuple[str, tuple[str, ...]], tuple[Component, ...]] = {}
        self._suited: dict[tuple[str, str], Component] = {}
        self._read: dict[str, Read] = {}
        self._measured_by: dict[str, MeasuredBy] = {}

    def tried(self, make: Callable[Given, Made], *given: Given.args, **named: Given.kwargs) -> tuple[Made, ...]:
        """What is made, and nothing where it fails, which is one of the faults."""
        try:
            return (make(*given, **named),)
        except W2SError as error:
            self.faults.append(error)
            return ()

    def tasks_named(self, texts: tuple[str, ...]) -> tuple[Component, ...]:
        """The tasks that names stand for, as the spec reads them."""
        found: list[Component] = []
        for named in self._selected("tasks", texts):
            found += self.tried(self._checked, named)
        return self._known(found)

    def models_named(self, texts: tuple[str, ...]) -> tuple[Component, ...]:
        """The models that names stand for."""
        return self._made(self._selected("models", texts))

    def strategies_named(self, texts: tuple[str, ...]) -> tuple[Component, ...]:
        """The strategies that names stand for; the models that they name are made too."""
        strategies = self._known(self._selected("strategies", texts))
        for strategy in strategies:
            if strategy.key not in self.strategies:
                self.strategies[strategy.key] = strategy.create()
                self._made(strategy.named("models"))
        return strategies

    def fitters(self, task: Component, texts: tuple[str, ...]) -> tuple[Component, ...]:
        """Strategies or supervisors for a task: the usual one of its kind where none is named, and within those that fit another
        strategy and do not say which."""
        kind = self.tasks[task.key].output.kind
        named = (texts,) if texts else tuple((name,) for name in self.tried(usual, self.registry, kind))
        found = [self._for_kind(strategy, kind) for names in named for strategy in self.strategies_named(names)]
        return tuple({strategy.key: strategy for strategy in found}.values())

    def measured_by(self, task: Component) -> MeasuredBy:
        """What scores a task: known to the plan from here on."""
        if task.key not in self._measured_by:
            instance = self.tasks[task.key]
            divergence = self.measures.components["divergences"][instance.divergence]
            metrics, bounds = self.measures.of(scored_as(instance.output), instance.divergence)
            self._known((divergence, *metrics, *bounds))
            self._measured_by[task.key] = MeasuredBy(divergence.key, tuple(component.key for component in metrics),
                                                     tuple(component.key for component in bounds))
        return self._measured_by[task.key]

    def _checked(self, named: Component) -> Component:
        """The task that is named, as the spec reads it, with an output that can be scored."""
        if named.key not in self._read:
            self._read[named.key] = self._as_read(named)
        task = self._read[named.key].task
        if task.key not in self.tasks:
            instance = task.create()
            check_output(self.registry, task, instance, self.measures)
            self.tasks[task.key] = instance
            self._look_for(task, instance)
        return task

    def _as_read(self, named: Component) -> Read:
        teachers = self._teachers
        answering = frozenset(declared(model, "answers", "") for model in self.models.values())
        read = without_teachers(self.registry, named, teachers, answering)
        self.inputs.update((line, None) for line in read.lines)
        self.hard[read.task.key] = read.hard
        return read

    @functools.cached_property
    def _teachers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for matrix in self.spec.matrices:
            as_it_is = any(declared(self.strategies[supervisor.key], "unfitted", False)
                           for supervisor in self.strategies_named(matrix.supervisors))
            weak = self.models_named((*matrix.weak, *matrix.models))
            for column, teacher in columns_taught(weak, self.models, as_it_is).items():
                found.setdefault(column, teacher)
        return found

    def _selected(self, kind: str, texts: tuple[str, ...]) -> tuple[Component, ...]:
        """The components that names stand for; what is wrong with the others is among the faults."""
        if (kind, texts) not in self._named:
            self._named[kind, texts], faults = self.registry.selected(kind, texts)
            self.faults += faults
        return self._named[kind, texts]

    def _for_kind(self, strategy: Component, kind: str) -> Component:
        if kind in self.strategies[strategy.key].outputs or not strategy.parts:
            return strategy
        if (strategy.key, kind) not in self._suited:
            name = suited(self.registry, strategy.label, kind)
            made, _ = self.registry.selected("strategies", (name,))  # none where it wants a student of another sort: a network
            fits = bool(made) and kind in made[0].create().outputs
            self._suited[strategy.key, kind] = self.strategies_named((name,))[0] if fits else strategy
        return self._suited[strategy.key, kind]

    def _made(self, models: tuple[Component, ...]) -> tuple[Component, ...]:
        for model in self._known(models):
            if model.key not in self.models:
                self.models[model.key] = model.create()
                self._look_for(model, self.models[model.key])
        return models

    def _look_for(self, component: Component, instance: object) -> None:
        """Note the files of a hub that the component would need and that are not there."""
        if can(instance, "absent") and (missing := instance.absent()):  # type: ignore[attr-defined]
            self.absent[f"{component.label} needs what is not here: {missing}"] = None

    def _known(self, components: Iterable[Component]) -> tuple[Component, ...]:
        found = tuple(components)
        self.components.update((component.key, component) for component in found)
        return found
