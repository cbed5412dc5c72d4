"""Which jobs gain by a batch with jobs of other tasks, seeds or models: a schedule gathers them before they go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

import msgspec

from w2s_bench.contracts import Model, Strategy, can, declared
from w2s_bench.contracts.models import EmbeddedTogether
from w2s_bench.registry.component import Component


@dataclass(frozen=True)
class Gathering:
    """across: keys of the strategies and models whose jobs gain by a batch across tasks and seeds. passes: by key of a model that
    is read in the same pass as others, a name that they share. apart: whether jobs of different groups never go together.
    """

    across: frozenset[str] = frozenset()
    passes: Mapping[str, str] = field(default_factory=dict)
    apart: bool = True


NOTHING = Gathering()
"""Every job by itself."""


def gathering(components: Iterable[Component], models: Mapping[str, Model], strategies: Mapping[str, Strategy]) -> Gathering:
    """What the components of a plan declare of it. models, strategies: what was made, by key."""
    across, passes = set[str](), dict[str, str]()
    for component in components:
        if component.key in strategies and declared(strategies[component.key], "across_features", False):
            across.add(component.key)
        model = models.get(component.key)
        if model is not None and can(model, "prepare_many"):
            across.add(component.key)
        if model is not None and can(model, "embed_many"):
            read_by = cast(EmbeddedTogether, model).read_by
            others = tuple(pair for pair in component.params if pair[0] != read_by)
            passes[component.key] = msgspec.structs.replace(component, params=others, label="", pooled_label="", unsaid=()).key
    return Gathering(frozenset(across), passes)
