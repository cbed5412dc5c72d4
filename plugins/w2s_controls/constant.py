"""The mean of the labels for every example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Diverged, FitProblem, Predictor, Preferences


@dataclass(frozen=True)
class Same:
    """Says `value` (k,) float64 of every example."""

    value: Array

    def predict(self, features: Array) -> Array:
        """Features (n, d) to (n, k) float64."""
        return np.tile(self.value, (len(features), 1))

    def to_arrays(self) -> dict[str, Array]:
        """The value."""
        return {"value": self.value}


@dataclass(frozen=True)
class Constant:
    """The constant nearest to the labels: their mean, in every Bregman divergence with the labels first (Banerjee, Guo and Wang
    2005). Of soft labels it is the mean distribution.

    Of preferences it is 1/2 each: the constant that the order of the two does not change. It reads no feature, so a student of it
    is a control, and a supervisor of it a teacher that knows no more than a constant.
    """

    outputs = frozenset({"regression", "classes", "preferences"})
    needs = "features"
    capabilities = frozenset[str]()
    convex_in = None
    exact = False

    def fit(self, problem: FitProblem) -> Predictor:
        """The mean of the labels. Raises Diverged where they are not finite."""
        values = np.asarray(problem.labels.values, dtype=np.float64)
        if not np.isfinite(values).all():
            raise Diverged("labels are not finite", where="constant")
        mean = values.mean(axis=0)
        return Same((mean + mean[::-1]) / 2 if isinstance(problem.context.output, Preferences) else mean)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor:
        """The predictor whose `to_arrays` gave `arrays`."""
        return Same(np.asarray(arrays["value"], dtype=np.float64))
