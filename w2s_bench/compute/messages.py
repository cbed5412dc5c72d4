"""What travels to a worker: recipes and the components that they name. Data goes through the store."""

from __future__ import annotations

import msgspec

from w2s_bench.planning.recipes import Recipe
from w2s_bench.registry.component import Component


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Jobs that may be computed together (same stage, same component). components: those that this worker has not met yet."""

    recipes: tuple[Recipe, ...]
    components: dict[str, Component]
