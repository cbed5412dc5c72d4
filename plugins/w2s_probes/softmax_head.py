"""The fitted softmax head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, FitProblem
from w2s_probes.affine_head import AffineHead
from w2s_probes.distributions import softmax
from w2s_probes.standardise import check_features, standard_of


@dataclass(frozen=True)
class SoftmaxHead(AffineHead):
    """The softmax of an affine function."""

    def predict(self, features: Array) -> Array:
        """Features (n, d) to probabilities (n, k) float64, rows of sum 1."""
        return softmax(self.affine(features))


def uniform_head(problem: FitProblem) -> SoftmaxHead:
    """The head that gives every class the same probability."""
    check_features(problem.features)
    standard, k = standard_of(problem.features), problem.context.output.k
    return SoftmaxHead(standard, None, np.zeros((len(standard.kept), k)), np.zeros(k))
