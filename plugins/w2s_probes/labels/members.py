"""Several predictors that answer as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_bench.contracts import Array, Strategy
from w2s_probes.labels.blocks import OneBlock
from w2s_probes.labels.wrapped import under, within


@dataclass(frozen=True)
class Members:
    """The weighted mean of m predictors. weights: (m,) float64 shares, ≥ 0, with sum 1."""

    fitted: tuple[OneBlock, ...]
    weights: Array

    capabilities = frozenset({"members"})

    def members(self, *given: Any) -> Array:
        """Features (n, d), or a fresh network and inputs, to the answers of each member: (m, n, k) float64."""
        return np.stack([member.predict(*given) for member in self.fitted])

    def predict(self, *given: Any) -> Array:
        """The weighted mean of the members' answers: (n, k) float64."""
        total: Array = (self.weights[:, None, None] * self.members(*given)).sum(axis=0)
        return total

    def to_arrays(self) -> dict[str, Array]:
        """The weights, and each member's arrays under its number."""
        arrays = {"weights": self.weights}
        for number, member in enumerate(self.fitted):
            arrays |= under(str(number), member.to_arrays())
        return arrays

    @staticmethod
    def from_arrays(student: Strategy, arrays: Mapping[str, Array]) -> Members:
        """Inverse of `to_arrays`; student: what fitted the members."""
        weights = np.asarray(arrays["weights"], dtype=np.float64)
        return Members(tuple(OneBlock.from_arrays(student, within(str(number), arrays)) for number in range(len(weights))),
                       weights)


def equal_weights(count: int) -> Array:
    """(count,) equal shares."""
    return np.full(count, 1.0 / count)
