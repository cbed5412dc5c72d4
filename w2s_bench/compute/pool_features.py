"""Features of all inputs that a task draws from: read once for all seeds, tasks of one content and layers of one network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from w2s_bench.compute.features import embedded_together
from w2s_bench.compute.lent import lent
from w2s_bench.compute.recorded import about
from w2s_bench.compute.splits import unpack_pool
from w2s_bench.contracts import Array, can
from w2s_bench.planning.recipes import Embed, Job
from w2s_bench.planning.recipes import job as job_of
from w2s_bench.registry.component import Component, only_difference
from w2s_bench.store.artifacts import Artifact, Store
from w2s_bench.store.checkpoints import StoredBlocks


@dataclass(frozen=True)
class PoolFeatures:
    """components: of the plan, by key. instance: the component of a key, made."""

    store: Store
    components: Mapping[str, Component]
    instance: Callable[[str], Any]

    def read(self, job: Job, inputs: Artifact, state: Mapping[str, Array]) -> Artifact:
        """Features of a loaded pool: those that the store has of its contents, under whatever task, or new ones."""
        assert isinstance(job.recipe, Embed)
        recipe = of_contents(job.recipe, inputs.payload["pool"])
        contents = job_of(recipe).key
        known = self._known(contents)
        if known is not None:
            return self.store.load(known)
        columns = lent(unpack_pool(inputs).inputs)
        unknown = self._unknown(recipe) if can(self.instance(recipe.model), "embed_many") else []
        models = {self.components[each.model].label: self.instance(each.model) for each in (recipe, *unknown)}
        kept = [StoredBlocks(self.store, job_of(each).key) for each in (recipe, *unknown)]
        made = embedded_together(models, "pool", columns, state, kept)
        found = next(made)
        for each, blocks, artifact in zip(unknown, kept[1:], made, strict=True):
            its = job_of(each)
            self.store.save(its.key, artifact, about=about(its, self.components, 0.0, len(models), set()))
            self.store.remember(its.key, its.key)
            blocks.drop()
        self.store.remember(contents, job.key)
        return found

    def forget(self, recipe: Embed, inputs: Artifact) -> None:
        """Drop the blocks of an embedding that is in the store whole."""
        StoredBlocks(self.store, job_of(of_contents(recipe, inputs.payload["pool"])).key).drop()

    def _unknown(self, recipe: Embed) -> list[Embed]:
        """Embeddings by the models of the plan that are read in the same pass, where the store has none: kept as those of the
        contents, where their own jobs find them.
        """
        mates = (msgspec.structs.replace(recipe, model=other.key) for other in self._mates(self.components[recipe.model]))
        return [mate for mate in mates if self._known(job_of(mate).key) is None]

    def _mates(self, component: Component) -> list[Component]:
        """The other models of the plan that differ in one parameter alone, the one that a pass gives every value of."""
        read_by = self.instance(component.key).read_by
        return [other for other in self.components.values() if only_difference(component, other) == read_by]

    def _known(self, contents: str) -> str | None:
        known = self.store.latest(contents)
        return known if known is not None and self.store.about(known) is not None else None


def of_contents(recipe: Embed, contents: str) -> Embed:
    """The embedding of what a loaded pool holds, whatever its task: its blocks lie under its key. contents: their digest."""
    return msgspec.structs.replace(recipe, load=contents)
