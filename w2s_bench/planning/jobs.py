"""What a fit rests on, as jobs: loads, preparations, embeddings, fits and predictions, each of them once in a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from w2s_bench.contracts import can, declared
from w2s_bench.contracts.errors import PluginError
from w2s_bench.contracts.seeds import seed_for
from w2s_bench.planning.asked import Asked
from w2s_bench.planning.recipes import Embed, Fit, Job, LabelSource, Load, Part, Predict, Prepare, Reading, Recipe, job
from w2s_bench.registry.component import Component
from w2s_bench.registry.names import Scalar, format_selector, parse


class Drawn(NamedTuple):
    """A task as a seed draws it; load: key of the job that does."""

    task: Component
    load: str
    seed: int


class Taught(NamedTuple):
    """What a fit learns from: a part of the task, and whose labels; weak: key of the weak model's predictions."""

    part: Part
    source: LabelSource
    weak: str | None = None


class Jobs:
    """by_key: the jobs so far, upstream before downstream."""

    def __init__(self, asked: Asked) -> None:
        self.by_key: dict[str, Job] = {}
        self._asked = asked
        self._shared: dict[Any, str] = {}
        self._seeds: dict[tuple[str, str, int], int] = {}

    def add(self, recipe: Recipe) -> str:
        """Key of the job that a recipe is."""
        made = job(recipe)
        self.by_key.setdefault(made.key, made)
        return made.key

    def drawn(self, task: Component, seed: int) -> Drawn:
        """A task as a seed draws it."""
        return Drawn(task, self.add(Load(task.key, seed, self._pool(task))), seed)

    def _pool(self, task: Component) -> str | None:
        """Key of all inputs of a task, None for one that does not know them as a whole."""
        return self.add(Load(task.key, None)) if can(self._asked.tasks[task.key], "pool") else None

    def fitted(self, here: Drawn, model: Component, strategy: Component, taught: Taught) -> tuple[str, str]:
        """Keys of a fit and of its predictions."""
        task, load, seed = here
        shared = (load, model.key, strategy.key, *taught)
        if shared in self._shared:
            fit = self._shared[shared]
        else:
            read = self.reading(here, model, strategy)
            recipe = Fit(strategy=strategy.key, embeds=read.embeds, model=read.model, prepare=read.prepare, load=load,
                         part=taught.part, source=taught.source, weak=taught.weak, seed=self._fit_seed(task, model, seed))
            fit = self._shared[shared] = self.add(recipe)
            self._shared[fit] = self.add(Predict(
                strategy=strategy.key, fit=fit, embeds=read.embeds, model=read.model, prepare=read.prepare, load=load))
        return fit, self._shared[fit]

    def reading(self, here: Drawn, model: Component, strategy: Component) -> Reading:
        """What a fit reads: the network of the model, or its features and those of models that the strategy names."""
        if self._asked.strategies[strategy.key].needs == "module":
            return Reading((), model.key, self._prepare(model, here.load, here.seed))
        return Reading(tuple(self.embed(each, here, here) for each in (model, *strategy.named("models"))))

    def embed(self, model: Component, read: Drawn, made: Drawn) -> str:
        """Key of the features of the inputs that are read, by the model as it is made for a task: the same, or another one."""
        shared = ("embed", model.key, read.load, made.load)
        if shared not in self._shared:
            prepare = self._prepare(model, made.load, made.seed)
            seeded = bool(self.prepared_from(model))
            inputs = (None if seeded else self._pool(read.task)) or read.load
            self._shared[shared] = self.add(Embed(model.key, inputs, prepare))
        return self._shared[shared]

    def prepared_from(self, model: Component) -> frozenset[str] | None:
        """Dimensions that the state of a model depends on; None for a model that has none."""
        instance = self._asked.models[model.key]
        return frozenset(instance.prepare_from) if can(instance, "prepare") else None

    def _prepare(self, model: Component, load: str, seed: int) -> str | None:
        sources = self.prepared_from(model)
        if sources is None:
            return None
        return self.add(Prepare(self._maker(model), seed if "seed" in sources else None, load if "task" in sources else None))

    def _maker(self, model: Component) -> str:
        """Key of the component that prepares a model: itself, or the one that the model says it is prepared as."""
        shared = ("maker", model.key)
        if shared not in self._shared:
            made_as: dict[str, Scalar] = dict(declared(self._asked.models[model.key], "prepared_as", {}))
            params = dict(model.params)
            if unknown := made_as.keys() - params.keys():
                raise PluginError(f"{model.label} is prepared as a parameter that it does not have: {', '.join(sorted(unknown))}",
                                  where=model.target)
            changed = {name: value for name, value in made_as.items() if params[name] != value}
            maker = self._replaced(model, changed) if changed else model
            self._asked.components.setdefault(maker.key, maker)
            self._shared[shared] = maker.key
        return self._shared[shared]

    def _replaced(self, model: Component, changed: Mapping[str, Scalar]) -> Component:
        """The component of the same entry with other values of some parameters."""
        named = parse(model.label)
        return self._asked.registry.one("models", format_selector(
            replace(named, params=tuple({**dict(named.params), **changed}.items()))))

    def _fit_seed(self, task: Component, model: Component, seed: int) -> int:
        dimensions = (task.identity, model.identity, seed)
        if dimensions not in self._seeds:
            self._seeds[dimensions] = seed_for("fit", task=task.identity, model=model.identity, seed=seed)
        return self._seeds[dimensions]
