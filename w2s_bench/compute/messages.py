"""What an executor is offered: how jobs are computed at a workbench in this process, or by a worker in another."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.compute.answered import answered
from w2s_bench.contracts import DataError, Outcome, Told, W2SError, Workbench
from w2s_bench.planning.recipes import Embed, Job, Recipe, component_keys
from w2s_bench.registry.component import Component, only_difference
from w2s_bench.registry.one_file import sources_in_place

if TYPE_CHECKING:
    from w2s_bench.compute.workshop import Workshop


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What travels to a worker: jobs by their keys and recipes, which may be computed together, and by key the components that
    they name, with models that differ from one of them in one parameter, and so may be read in the same pass. plugins: by name
    the source of those that are one file each."""

    keys: tuple[str, ...]
    recipes: tuple[Recipe, ...]
    components: dict[str, Component]
    plugins: dict[str, bytes] = {}


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What travels back: how a job ended, or how far it is; neither, where a worker says that it is alive.

    changed: it makes other keys of the recipes than whoever asked.
    """

    outcome: Outcome | None = None
    told: Told | None = None
    changed: bool = False


ALIVE = msgspec.json.encode(Answer())

_SHOWN = 60


class OfferedComponents:
    """The components of a plan, and how its jobs are computed with them."""

    def __init__(self, jobs: Mapping[str, Job], components: Mapping[str, Component]) -> None:
        self._jobs, self._components, self._plugins = jobs, components, sources_in_place()

    def workbench(self, store: str) -> Workbench:
        """A workbench of this process, which keeps what it read for later jobs."""
        from w2s_bench.compute.workshop import Workshop
        from w2s_bench.store.artifacts import Store

        return _Bench(self._jobs, self._components, Workshop(Store(store), self._components))

    def command(self, store: str) -> list[str]:
        """The command of a worker: no folder of the user's is searched for modules."""
        return [sys.executable, "-P", "-m", "w2s_bench.compute.worker", store]

    def check(self) -> tuple[list[str], bytes]:
        """The command that says what is other elsewhere, and what it reads."""
        from w2s_bench.compute.alike import expected

        return ([sys.executable, "-P", "-m", "w2s_bench.compute.alike"],
                msgspec.json.encode(expected(self._components.values())))

    def message(self, keys: Sequence[str]) -> bytes:
        """The line that asks a worker for these jobs."""
        recipes = tuple(self._jobs[key].recipe for key in keys)
        named = {key: self._components[key] for recipe in recipes for key in component_keys(recipe)}
        beside = {key: other for recipe in recipes if isinstance(recipe, Embed) for key, other in self._components.items()
                  if only_difference(other, named[recipe.model])}
        return msgspec.json.encode(Batch(tuple(keys), recipes, {**named, **beside}, self._plugins)) + b"\n"

    def answer(self, line: bytes) -> Outcome | Told | None:
        """What a worker's line says; None where it says no more than that it is alive.

        Raises DataError for what is no answer, and W2SError where the worker makes other keys: the sources changed.
        """
        try:
            answer = msgspec.json.decode(line, type=Answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise DataError(f"no answer of a worker: {line[:_SHOWN].decode(errors='backslashreplace')!a}"
                            f"{', and more' if len(line) > _SHOWN else ''}") from None
        if answer.changed:
            raise W2SError("the sources of w2s-bench changed since the run was planned",
                           hint="run the same command again; finished cells are kept")
        return answer.outcome or answer.told


class _Bench:
    """A workshop that is asked by keys, in a process that goes on whatever a job changes in it."""

    def __init__(self, jobs: Mapping[str, Job], components: Mapping[str, Component], workshop: Workshop) -> None:
        self._jobs, self._workshop = jobs, workshop
        from w2s_bench.compute.watched import Guarded

        self._guarded = Guarded(components)

    def run(self, keys: Sequence[str]) -> Iterator[Outcome]:
        jobs = [self._jobs[key] for key in keys]
        return self._guarded.over(jobs, lambda some: answered(self._workshop, some, passes=(KeyboardInterrupt,)),
                                  lambda: self._workshop.together)
