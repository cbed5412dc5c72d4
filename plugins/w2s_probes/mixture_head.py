"""The fitted mixture of softmax heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array
from w2s_probes.distributions import clipped, softmax
from w2s_probes.standardise import Standard

ROWS = 512
"""Rows answered at a time: a block of answers is (m, rows, k)."""


@dataclass(frozen=True)
class MixtureHead:
    """Σ_j shares_j · softmax(z weight_j + intercept_j), z the standardised features.

    weight: (m, s, k); intercept: (m, k); shares: (m,) ≥ 0 with sum 1. The answers of each member are clipped to KL_CLIP
    and renormalised, as the scorer does before it takes `kl`, so that what is scored is a mixture of what is scored.
    """

    standard: Standard
    weight: Array
    intercept: Array
    shares: Array

    capabilities = frozenset({"members"})

    @property
    def weights(self) -> Array:
        """The shares, under the name that the contract has for them."""
        return self.shares

    def members(self, features: Array) -> Array:
        """Features (n, d) to the probabilities of each head, (m, n, k) float64."""
        out = np.empty((len(self.shares), len(features), self.weight.shape[2]))
        for start in range(0, len(features), ROWS):
            z = self.standard(features[start:start + ROWS])
            logits = np.matmul(z, self.weight) + self.intercept[:, None, :]
            out[:, start:start + ROWS] = clipped(softmax(logits))
        return out

    def predict(self, features: Array) -> Array:
        """Features (n, d) to probabilities (n, k) float64, rows of sum 1."""
        out = np.empty((len(features), self.weight.shape[2]))
        for start in range(0, len(features), ROWS):
            rows = slice(start, start + ROWS)
            out[rows] = np.tensordot(self.shares, self.members(features[rows]), axes=1)
        out /= out.sum(axis=1, keepdims=True)
        return out

    def to_arrays(self) -> dict[str, Array]:
        """Plain float64 arrays (int64 for column numbers)."""
        return self.standard.to_arrays() | {"weight": self.weight, "intercept": self.intercept, "shares": self.shares}


def mixture_head_from_arrays(arrays: Mapping[str, Array]) -> MixtureHead:
    """Inverse of `MixtureHead.to_arrays`; predictions are equal bit for bit."""
    return MixtureHead(Standard.from_arrays(arrays), *(np.ascontiguousarray(arrays[name], dtype=np.float64)
                                                       for name in ("weight", "intercept", "shares")))
