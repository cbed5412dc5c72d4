"""The task: a direction that weak and strong features share, with noisy labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Regression, Split, Splits, generator_for
from w2s_synthetic.linear_target import linear_split

VERSION = "1"
"""Changes whenever the same parameters and seed would give other numbers."""


@dataclass(frozen=True)
class Correlated:
    """y = x₁ + N(0, σ²), x ~ N(0, I_d): the setting of Dong et al. (2025), for pairs of `subspace` models.

    Every `subspace` holds x₁, so neither side has a bias and err_student is all variance, by their theorem

        σ²·(d_s∧w/n + (d_s/N)·(d_w − d_s∧w)/n)

    for n supervise and N transfer points and ridgeless heads. Heads with a free intercept also fit the constant, a
    direction that both sides share: count it in d_w, d_s and d_s∧w.

    noise: σ². The labels of supervise and of transfer carry it: the ceiling is fitted on labels as good as the
    teacher's, and errs by σ²·d_s/N. The truth of the test split is x₁ itself, so that errors there are excess risks.
    """

    output = Regression(1)
    divergence = "squared"
    licence = "generated here"
    capabilities = frozenset({"columns", "label_noise"})
    columns = frozenset({"x"})
    citation = ("Dong, Li, Li, Lee, Lei: Discrepancies are Virtue: Weak-to-Strong Generalization through Lens of "
                "Intrinsic Dimension, ICML 2025, arXiv 2502.05075")
    d: int = 128
    noise: float = 1.0
    task: int = 0
    supervise: int = 400
    transfer: int = 400
    test: int = 500

    @property
    def label_noise(self) -> float:
        """σ², in squared label units."""
        return self.noise

    def fingerprint(self) -> str:
        """The version of the recipe and of NumPy, whose generator draws everything."""
        return f"recipe {VERSION}, numpy {np.__version__}"

    def load(self, seed: int) -> Splits:
        """Parts of the sizes asked for; a part does not depend on the sizes of the others."""
        def part(name: str, n: int, variance: float) -> Split:
            rng = generator_for("correlated inputs", part=name, d=self.d, task=self.task, seed=seed)
            noise = generator_for("correlated noise", part=name, task=self.task, seed=seed).normal(size=(n, 1))
            split = linear_split(name, rng.normal(size=(n, self.d)), np.eye(self.d)[0])
            return Split(split.inputs, split.truth + np.sqrt(variance) * noise, split.ids)

        return Splits(part("supervise", self.supervise, self.noise), part("transfer", self.transfer, self.noise),
                      part("test", self.test, 0.0))
