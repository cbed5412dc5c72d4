"""Randomness asked for by name: a seed is a function of the dimensions that it may depend on, and of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from w2s_bench.contracts.digests import Json, digest

if TYPE_CHECKING:
    import numpy as np


def seed_for(purpose: str, **dimensions: Json) -> int:
    """A seed in [0, 2⁶³) drawn from the purpose and the named dimensions.

    Two purposes, or two values of one dimension, give unrelated seeds; the order of the names does not matter.
    """
    return int(digest({"purpose": purpose, "dimensions": dimensions})[:16], 16) >> 1


def generator_for(purpose: str, **dimensions: Json) -> np.random.Generator:
    """A NumPy generator seeded by `seed_for`."""
    import numpy as np

    return np.random.default_rng(seed_for(purpose, **dimensions))
