"""Tasks and strategies that a submission names, made here: only what a stranger may name on somebody else's machine.

A name may say where files lie. Such a place is read only within the folder of data that the person at the prompt gives, and
nothing is fetched from a hub. A task that a stranger names is not larger than what is checked in a sitting.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from w2s_bench.compute.splits import LoadedTask, load_task
from w2s_bench.contracts import DataError, Strategy, Task, W2SError, can
from w2s_bench.leaderboard.machine import Machine, this_machine
from w2s_bench.planning.spec import DATA, with_data
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.component import Component
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.names import Scalar, parse
from w2s_bench.registry.parameters import is_place

LARGEST = 1_000_000
"""The largest whole number that a parameter may have in a name that a stranger gives: sizes and steps are such numbers."""


@dataclass(frozen=True)
class TaskAtHand:
    """A task that can be loaded here. label: as the submission names it."""

    label: str
    component: Component
    task: Task

    @functools.lru_cache(maxsize=8)  # noqa: B019  the few seeds of a task that is checked live as long as it
    def loaded(self, seed: int) -> LoadedTask:
        """Its splits of one seed. Raises DataError where it cannot be loaded."""
        try:
            return load_task(self.task, seed, self.component.fingerprint, self.label)
        except W2SError:
            raise
        except Exception as error:  # whatever a task raises of its files costs its own rows
            raise DataError(f"cannot be loaded: {type(error).__name__}: {error}", where=self.label) from error


class AtHand:
    """What names stand for. data: the folder that `{data}` in a name stands for, None for none. own: whether the names are those
    of the person at the prompt, who may name any place."""

    def __init__(self, data: Path | None, *, own: bool = False) -> None:
        self._data, self._own = data, own

    @functools.cached_property
    def _registry(self) -> Registry:
        return load_registry()

    @functools.cache  # noqa: B019  as long as one check
    def task(self, label: str) -> TaskAtHand:
        """The task of that label. Raises DataError, which says why it is not at hand."""
        component = self._component("tasks", label)
        task = component.create()
        if can(task, "absent") and (missing := task.absent()):
            raise DataError(f"its files are not here: {missing}", where=label)
        return TaskAtHand(component.label if self._own else label, component, task)

    @functools.cache  # noqa: B019
    def strategy(self, label: str) -> Strategy:
        """The strategy of that label, made. Raises DataError as `task`."""
        made: Strategy = self._component("strategies", label).create()
        return made

    def why(self, error: W2SError) -> str:
        """What an error says, without what it tells of the machine of whoever checks: findings are published."""
        return self._machine.without(error.what)

    @functools.cached_property
    def _machine(self) -> Machine:
        return this_machine(*([] if self._data is None else [self._data]))

    def ours(self, kind: str, label: str) -> str:
        """The name as a run on this machine takes it. Raises DataError for what is not bundled with w2s-bench: a stranger's code
        is not run because a submission asks for it."""
        component = self._component(kind, label)
        if outside := [name for name in _names_in(component) if name not in self._bundled]:
            raise DataError(f"{outside[0]} is not bundled with w2s-bench, and another's code is not run here", where=label)
        return component.label

    @functools.cached_property
    def _bundled(self) -> frozenset[str]:
        """The full names of all that ships with the project."""
        kinds = ("tasks", "models", "strategies", "losses")
        return frozenset(offer.full_name for kind in kinds for offer in self._registry.entries(kind) if offer.plugin.bundled)

    def _component(self, kind: str, label: str) -> Component:
        if DATA in label and self._data is None:
            raise DataError("its files are in a folder of data, and none is given", where=label,
                            hint="--data names the folder that {data} stands for")
        text = with_data(label, str(self._data), label)
        try:
            if not self._own:
                self._check_places(kind, text)
            return self._registry.one(kind, text)
        except W2SError as error:
            raise DataError(error.what, where=label, hint=error.hint) from None

    def _check_places(self, kind: str, text: str) -> None:
        """Raise DataError for a name that says to read outside the folder of data, or to make more than is checked."""
        selector = parse(text)
        if selector.is_pattern or selector.exclude:
            raise DataError("names more than one thing")
        settings = next(selector.settings())
        for parameter in self._registry.match(kind, selector)[0].entry.parameters:
            value = settings.get(parameter.name)
            if value is None:
                continue
            if parameter.names and isinstance(value, str) and value not in parameter.words:
                self._check_places(parameter.names, value)
            elif is_place(parameter, value) and not self._within(value):
                raise DataError(f"{parameter.name} names a place outside the folder of data",
                                hint="in a submission every file lies under {data}")
            elif isinstance(value, int) and value > LARGEST and not parameter.draw:
                raise DataError(f"{parameter.name}={value} is more than is made of a stranger's word, at most {LARGEST}")

    def _within(self, value: Scalar) -> bool:
        return self._data is not None and Path(str(value)).resolve().is_relative_to(self._data.resolve())


def _names_in(component: Component) -> list[str]:
    """The full names of a component and of all that its parameters name."""
    return [component.name, *(name for _, part in component.parts for name in _names_in(part))]
