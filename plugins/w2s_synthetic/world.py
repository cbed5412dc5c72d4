"""The true network of a seed; task and models both ask for it by name."""

from __future__ import annotations

from w2s_bench.contracts import Array, generator_for
from w2s_synthetic.network import TARGET, initial


def true_network(seed: int) -> Array:
    """Parameters of h*, (parameters of TARGET,), drawn from the seed alone."""
    return initial(generator_for("synthetic target", seed=seed), TARGET)
