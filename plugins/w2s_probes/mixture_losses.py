"""What a mixture of heads minimises: sums over classes of a convex function of each probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from w2s_bench.contracts import Array
from w2s_probes.distributions import clipped


class MixtureLoss(Protocol):
    """A loss of probabilities f (k, n) > 0: its mean over examples in nats, and two derivatives by each entry (k, n)."""

    def mean(self, f: Array) -> float: ...
    def slope(self, f: Array) -> Array: ...
    def curvature(self, f: Array) -> Array: ...


@dataclass(frozen=True)
class ReverseKL:
    """KL(f ‖ w) = Σ_c f_c ln(f_c / w_c): the student first, the direction whose projection carries the misfit law.

    log_weak: ln w (k, n), w clipped as for `kl`.
    """

    log_weak: Array

    @staticmethod
    def of(labels: Array) -> ReverseKL:
        """From labels (n, k)."""
        return ReverseKL(np.ascontiguousarray(np.log(clipped(labels)).T))

    def mean(self, f: Array) -> float:
        return float((f * (np.log(f) - self.log_weak)).sum() / f.shape[1])

    def slope(self, f: Array) -> Array:
        out: Array = np.log(f) - self.log_weak + 1.0
        return out

    def curvature(self, f: Array) -> Array:
        out: Array = 1.0 / f
        return out


@dataclass(frozen=True)
class CrossEntropy:
    """−Σ_c y_c ln f_c. labels: y (k, n)."""

    labels: Array

    @staticmethod
    def of(labels: Array) -> CrossEntropy:
        """From labels (n, k)."""
        return CrossEntropy(np.ascontiguousarray(labels.T))

    def mean(self, f: Array) -> float:
        return -float((self.labels * np.log(f)).sum() / f.shape[1])

    def slope(self, f: Array) -> Array:
        out: Array = -self.labels / f
        return out

    def curvature(self, f: Array) -> Array:
        out: Array = self.labels / f**2
        return out
