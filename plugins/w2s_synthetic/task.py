"""The task: a random linear head on the representation h* of Gaussian inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Regression, Split, Splits, generator_for
from w2s_synthetic.network import INPUTS, TARGET, answer, initial_head, represent
from w2s_synthetic.world import true_network

VERSION = "1"
"""Changes whenever the same parameters and seed would give other numbers."""

UNIT = 8192
"""Inputs over which the labels' standard deviation is taken."""


@dataclass(frozen=True)
class RandomNetwork:
    """y = f(h*(x)), x ~ N(0, scale² I₈), h* a five-layer ReLU network of width 16 from torch's default law.

    h* is a function of the cell's seed alone; f of the seed and `task`. There is no label noise, and labels
    keep the size that scale=500 gives them. reuse: transfer is the supervise sample, as published. unit_variance: labels are
    divided by their standard deviation over inputs that no part holds, since it differs tenfold from seed to seed.
    """

    output = Regression(1)
    divergence = "squared"
    licence = "generated here"
    capabilities = frozenset({"columns"})
    columns = frozenset({"x"})
    citation = ("Charikar, Pabbaraju, Shiragur: Quantifying the Gain in Weak-to-Strong Generalization, "
                "NeurIPS 2024, arXiv 2405.15116")
    task: int = 0
    supervise: int = 500
    transfer: int = 500
    test: int = 500
    scale: float = 500.0
    reuse: bool = False
    unit_variance: bool = False

    def fingerprint(self) -> str:
        """The version of the recipe and of NumPy, whose generator draws everything."""
        return f"recipe {VERSION}, numpy {np.__version__}"

    def load(self, seed: int) -> Splits:
        """Parts of the sizes asked for; a part does not depend on the sizes of the others."""
        target = true_network(seed)
        head = initial_head(generator_for("synthetic head", task=self.task, seed=seed))

        def inputs(name: str, n: int) -> Array:
            return self.scale * generator_for("synthetic inputs", part=name, task=self.task, seed=seed).normal(size=(n, INPUTS))

        unit = np.std(truth(target, head, inputs("unit", UNIT))) if self.unit_variance else 1.0

        def part(name: str, n: int) -> Split:
            x = inputs(name, n)
            return Split({"x": x}, truth(target, head, x) / unit, np.array([f"{name} {row}" for row in range(n)]))

        supervise = part("supervise", self.supervise)
        transfer = supervise if self.reuse else part("transfer", self.transfer)
        return Splits(supervise, transfer, part("test", self.test))


def truth(target: Array, head: Array, x: Array) -> Array:
    """head(h*(x)) for x (n, 8): (n, 1) float64."""
    out: Array = answer(head[None], represent(TARGET, target[None], x[None]))[0]
    return out
