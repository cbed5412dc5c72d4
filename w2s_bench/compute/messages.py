"""What an executor is offered: how jobs are computed at a workbench in this process, or by a worker in another."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts import Outcome, StoreError, Told, Workbench
from w2s_bench.planning.recipes import Embed, Job, Recipe, component_keys
from w2s_bench.registry.component import Component, only_difference

if TYPE_CHECKING:
    from w2s_bench.compute.workshop import Workshop

READY = b"{}"


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What travels to a worker: recipes that may be computed together, and by key the components that they name, with models that
    differ from one of them in one parameter, and so may be read in the same pass."""

    recipes: tuple[Recipe, ...]
    components: dict[str, Component]


class OfferedComponents:
    """The components of a plan, and how its jobs are computed with them."""

    def __init__(self, jobs: Mapping[str, Job], components: Mapping[str, Component]) -> None:
        self._jobs, self._components = jobs, components

    def workbench(self, store: str) -> Workbench:
        """A workbench of this process, which keeps what it read for later jobs."""
        from w2s_bench.compute.workshop import Workshop
        from w2s_bench.store.artifacts import Store

        return _Bench(self._jobs, Workshop(Store(store), self._components))

    def command(self, store: str) -> list[str]:
        """The command of a worker: no folder of the user's is searched for modules."""
        return [sys.executable, "-P", "-m", "w2s_bench.compute.worker", store]

    def message(self, keys: Sequence[str]) -> bytes:
        """The line that asks a worker for these jobs."""
        recipes = tuple(self._jobs[key].recipe for key in keys)
        named = {key: self._components[key] for recipe in recipes for key in component_keys(recipe)}
        beside = {key: other for recipe in recipes if isinstance(recipe, Embed) for key, other in self._components.items()
                  if only_difference(other, named[recipe.model])}
        return msgspec.json.encode(Batch(recipes, {**named, **beside})) + b"\n"

    def answer(self, line: bytes) -> Outcome | Told | None:
        """What a worker's line says; None where it says no more than that it is alive. Raises StoreError for another."""
        if line.strip() == READY:
            return None
        try:
            return msgspec.json.decode(line, type=Outcome)
        except msgspec.DecodeError as error:
            raise StoreError(f"a worker answered what is no outcome: {error}") from None


class _Bench:
    """A workshop that is asked by keys."""

    def __init__(self, jobs: Mapping[str, Job], workshop: Workshop) -> None:
        self._jobs, self._workshop = jobs, workshop

    def run(self, keys: Sequence[str]) -> Iterator[Outcome]:
        return self._workshop.run([self._jobs[key] for key in keys])
