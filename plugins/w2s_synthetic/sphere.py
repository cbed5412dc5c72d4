"""The task: a linear function on the sphere, for random ReLU features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Regression, Split, Splits, generator_for
from w2s_synthetic.linear_target import linear_split, unit_vector

VERSION = "1"
"""Changes whenever the same parameters and seed would give other numbers."""


@dataclass(frozen=True)
class Sphere:
    """y = <β, x>, x uniform on the unit sphere of R^d, ‖β‖ = 1: the setting of Medvedev et al. (2025) for ReLU features.

    There is no label noise and E y² = 1/d. β is drawn from the cell's seed and `task`. On the sphere the expansion of a
    random ReLU feature starts with the linear functions, where the truth lies, so that gradient flow of a wide student
    learns it first; what a teacher of M features gets wrong lies almost all in higher degrees.
    """

    output = Regression(1)
    divergence = "squared"
    licence = "generated here"
    capabilities = frozenset({"columns"})
    columns = frozenset({"x"})
    citation = ("Medvedev, Lyu, Yu, Arora, Li, Srebro: Weak-to-Strong Generalization Even in Random Feature Networks, "
                "Provably, ICML 2025, arXiv 2503.02877")
    d: int = 16
    task: int = 0
    supervise: int = 2048
    transfer: int = 1024
    test: int = 1024

    def fingerprint(self) -> str:
        """The version of the recipe and of NumPy, whose generator draws everything."""
        return f"recipe {VERSION}, numpy {np.__version__}"

    def load(self, seed: int) -> Splits:
        """Parts of the sizes asked for; a part does not depend on the sizes of the others."""
        beta = unit_vector("sphere target", self.d, self.task, seed)

        def part(name: str, n: int) -> Split:
            x = generator_for("sphere inputs", part=name, d=self.d, task=self.task, seed=seed).normal(size=(n, self.d))
            return linear_split(name, x / np.linalg.norm(x, axis=1, keepdims=True), beta)

        return Splits(part("supervise", self.supervise), part("transfer", self.transfer), part("test", self.test))
