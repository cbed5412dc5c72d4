"""The task: classes whose true probabilities are a mixture of softmax heads of the inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Classes, Split, Splits, generator_for

VERSION = "1"
"""Changes whenever the same parameters and seed would give other numbers."""


@dataclass(frozen=True)
class ClassMixture:
    """p(y | x) = Σ_j π_j softmax(x A_j), x ~ N(0, I_d): realizable for a student that mixes `heads` softmax heads or more.

    A_j (d, classes) has entries N(0, sharpness²/d), π is uniform; both are drawn from the cell's seed and `task`. With one
    head the truth lies in the class of softmax heads itself. labels=probabilities: the truth is p; sampled: one class drawn
    from it. Columns: x (n, d), numbers that float32 holds, so that features of x span the truth exactly; and `seen`
    (n, seen), the first coordinates, for a weak model that cannot know the rest.
    """

    divergence = "kl"
    licence = "generated here"
    capabilities = frozenset({"columns", "known_truth"})
    columns = frozenset({"x", "seen"})
    citation = ("The setting of Mulgund, Pabbaraju: Relating Misfit to Gain in Weak-to-Strong Generalization Beyond the Squared "
                "Loss, ICML 2025, arXiv 2501.19105")
    d: int = 10
    classes: int = 3
    heads: int = 5
    sharpness: float = 4.0
    seen: int = 5
    labels: str = "probabilities"
    task: int = 0
    supervise: int = 1000
    transfer: int = 1000
    test: int = 2000

    @property
    def output(self) -> Classes:
        """The classes, by number."""
        return Classes(self.classes)

    @property
    def known_truth(self) -> bool:
        """Whether the truth is the conditional probabilities themselves."""
        return self.labels == "probabilities"

    def fingerprint(self) -> str:
        """The version of the recipe and of NumPy, whose generator draws everything."""
        return f"recipe {VERSION}, numpy {np.__version__}"

    def load(self, seed: int) -> Splits:
        """Parts of the sizes asked for; truth (n, classes). A part does not depend on the sizes of the others."""
        random = generator_for("class mixture", d=self.d, classes=self.classes, heads=self.heads, task=self.task, seed=seed)
        weights = random.normal(size=(self.heads, self.d, self.classes)) * self.sharpness / np.sqrt(self.d)
        return Splits(*(self._part(name, n, weights, seed) for name, n in
                        (("supervise", self.supervise), ("transfer", self.transfer), ("test", self.test))))

    def _part(self, name: str, n: int, weights: Array, seed: int) -> Split:
        random = generator_for("class mixture inputs", part=name, d=self.d, task=self.task, seed=seed)
        x = random.normal(size=(n, self.d)).astype(np.float32).astype(np.float64)
        truth = true_probabilities(x, weights)
        if self.labels == "sampled":
            drawn = (truth.cumsum(axis=1) < random.uniform(size=(n, 1))).sum(axis=1)
            truth = np.eye(self.classes)[np.minimum(drawn, self.classes - 1)]
        ids = np.array([f"{name}-{i}" for i in range(n)])
        return Split({"x": x, "seen": x[:, :self.seen]}, truth, ids)


def true_probabilities(x: Array, weights: Array) -> Array:
    """Σ_j softmax(x A_j) / heads. x: (n, d); weights: (heads, d, classes). Returns (n, classes) float64."""
    logits = np.einsum("nd,hdk->hnk", x, weights)
    logits -= logits.max(axis=2, keepdims=True)
    each = np.exp(logits)
    mixed: Array = (each / each.sum(axis=2, keepdims=True)).mean(axis=0)
    return mixed
