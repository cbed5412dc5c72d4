"""The task: the leading direction of Gaussian inputs, for random linear features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Regression, Split, Splits, UsageError, generator_for
from w2s_synthetic.linear_target import linear_split, unit_vector

VERSION = "1"
"""Changes whenever the same parameters and seed would give other numbers."""


@dataclass(frozen=True)
class Spiked:
    """y = <β, x>, x ~ N(0, Ψ), β the direction of Ψ's largest eigenvalue, which is 1: E y² = 1, no label noise.

    Medvedev et al. (2025) prove L_student = Õ(L_teacher²) for linear features of Gaussian inputs. The spectrum here is
    ours, the simplest that we found in which the rate can be worked out: the other d − 1 eigenvalues sum to s = `tail`
    and fall as j^−`decay` (0: all equal). With decay 0, a teacher of M ≪ d features <w, x>, w ~ N(0, I), that is fitted
    on the population errs by L = s/(M + s), almost all of it outside β: along β it only shrinks, by 1 − L. A student of
    N features whose flow stops after β is learned and before the tail is (1 ≪ t ≪ d/s) errs by L² + s/N: the teacher's
    shrinkage, squared, and what N features cannot tell apart.

    β is drawn from the cell's seed and `task`.
    """

    output = Regression(1)
    divergence = "squared"
    licence = "generated here"
    capabilities = frozenset({"columns"})
    columns = frozenset({"x"})
    citation = ("Medvedev, Lyu, Yu, Arora, Li, Srebro: Weak-to-Strong Generalization Even in Random Feature Networks, "
                "Provably, ICML 2025, arXiv 2503.02877")
    d: int = 512
    tail: float = 8.0
    decay: float = 0.0
    task: int = 0
    supervise: int = 1024
    transfer: int = 512
    test: int = 1024

    def __post_init__(self) -> None:
        """Raises UsageError where the target would not lie in the leading direction."""
        largest = self.spectrum()[1]
        if largest >= 1.0:
            raise UsageError(f"the second eigenvalue is {largest:.3g}, but the target lies in the first, which is 1",
                             where="spiked", hint="a smaller tail, a smaller decay or a larger d")

    def spectrum(self) -> Array:
        """Eigenvalues of Ψ, (d,), that of β first."""
        fall = np.arange(1.0, self.d) ** -self.decay
        return np.concatenate([[1.0], self.tail * fall / fall.sum()])

    def fingerprint(self) -> str:
        """The version of the recipe and of NumPy, whose generator draws everything."""
        return f"recipe {VERSION}, numpy {np.__version__}"

    def load(self, seed: int) -> Splits:
        """Parts of the sizes asked for; a part does not depend on the sizes of the others."""
        beta, deviation = unit_vector("spiked target", self.d, self.task, seed), np.sqrt(self.spectrum())

        def part(name: str, n: int) -> Split:
            drawn = generator_for("spiked inputs", part=name, d=self.d, task=self.task, seed=seed).normal(size=(n, self.d))
            return linear_split(name, turned_to(beta, drawn * deviation), beta)

        return Splits(part("supervise", self.supervise), part("transfer", self.transfer), part("test", self.test))


def turned_to(beta: Array, x: Array) -> Array:
    """x (n, d) reflected so that its first coordinate lies along the unit vector β (Householder 1958)."""
    mirror = beta.copy()
    mirror[0] -= 1.0
    length = float(mirror @ mirror)
    if length == 0.0:
        return x
    turned: Array = x - np.outer(x @ mirror, mirror) * (2.0 / length)
    return turned
