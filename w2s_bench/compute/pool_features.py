"""Features of all inputs that a task draws from: read once for all seeds, tasks of one content and layers of one network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from w2s_bench.compute.features import embedded, embedded_together
from w2s_bench.compute.lent import lent
from w2s_bench.compute.recorded import about
from w2s_bench.compute.splits import unpack_pool
from w2s_bench.contracts import Array, Columns, can
from w2s_bench.planning.recipes import Embed, Job
from w2s_bench.planning.recipes import job as job_of
from w2s_bench.registry.component import Component, only_difference
from w2s_bench.store.artifacts import Artifact, Store


@dataclass(frozen=True)
class PoolFeatures:
    """components: of the plan, by key. instance: the component of a key, made."""

    store: Store
    components: Mapping[str, Component]
    instance: Callable[[str], Any]

    def read(self, job: Job, inputs: Artifact, state: Mapping[str, Array]) -> Artifact:
        """Features of a loaded pool: those that the store has of its contents, under whatever task, or new ones."""
        recipe = job.recipe
        assert isinstance(recipe, Embed)
        contents = job_of(msgspec.structs.replace(recipe, load=inputs.payload["pool"]))
        known = self._known(contents)
        if known is not None:
            return self.store.load(known)
        columns, model = lent(unpack_pool(inputs).inputs), self.instance(recipe.model)
        if can(model, "embed_many"):
            found = self._together(contents, columns)
        else:
            found = embedded(model, self.components[recipe.model].label, {"pool": columns}, state)
        self.store.remember(contents.key, job.key)
        return found

    def _together(self, contents: Job, columns: Columns) -> Artifact:
        """Features by one model, and by all models of the plan that are read in the same pass: theirs are kept as those of the
        contents, where their own jobs find them.
        """
        recipe = contents.recipe
        assert isinstance(recipe, Embed)
        component = self.components[recipe.model]
        mates = {other.label: job_of(msgspec.structs.replace(recipe, model=other.key)) for other in self._mates(component)}
        unknown = {label: job for label, job in mates.items() if self._known(job) is None}
        models = {component.label: self.instance(component.key)}
        models |= {label: self.instance(job.recipe.model) for label, job in unknown.items() if isinstance(job.recipe, Embed)}
        found, *others = embedded_together(models, "pool", columns)
        for job, artifact in zip(unknown.values(), others, strict=True):
            self.store.save(job.key, artifact, about=about(job, self.components, 0.0, len(models), set()))
            self.store.remember(job.key, job.key)
        return found

    def _mates(self, component: Component) -> list[Component]:
        """The other models of the plan that differ in one parameter alone, the one that a pass gives every value of."""
        read_by = self.instance(component.key).read_by
        return [other for other in self.components.values() if only_difference(component, other) == read_by]

    def _known(self, contents: Job) -> str | None:
        known = self.store.latest(contents.key)
        return known if known is not None and self.store.about(known) is not None else None
