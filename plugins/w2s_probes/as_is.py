"""A model's own numbers, unfitted, as the prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, FitProblem, Predictor
from w2s_bench.errors import Diverged
from w2s_probes.spectrum import one
from w2s_probes.standardise import check_features


@dataclass(frozen=True)
class FirstColumns:
    """Predicts the first k feature columns."""

    k: int

    def predict(self, features: Array) -> Array:
        """Features (n, d) to (n, k) float64, as they are."""
        return np.asarray(features)[:, :self.k].astype(np.float64)

    def to_arrays(self) -> dict[str, Array]:
        """k as a float64 array of length 1."""
        return {"k": np.array([self.k], dtype=np.float64)}


@dataclass(frozen=True)
class AsIs:
    """Fits nothing, for a supervisor whose embedding already is its answer (predictions from a file)."""

    outputs = frozenset({"regression"})
    needs = "features"
    convex_in = None
    exact = False

    def fit(self, problem: FitProblem) -> Predictor:
        """The first k columns. Raises Diverged when there are fewer or they are not finite."""
        return one(self.fit_many([problem])[0])

    def fit_many(self, problems: Sequence[FitProblem]) -> list[Predictor | Exception]:
        """One predictor, or the exception that it met, per problem."""
        answers: list[Predictor | Exception] = []
        for problem in problems:
            try:
                answers.append(_columns(problem))
            except Exception as error:
                answers.append(error)
        return answers

    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor:
        """The predictor whose `to_arrays` gave `arrays`."""
        return FirstColumns(int(arrays["k"][0]))


def _columns(problem: FitProblem) -> FirstColumns:
    check_features(problem.features)
    k = problem.context.output.k
    if problem.features.shape[1] < k:
        raise Diverged(f"the task has {k} outputs but the model gives {problem.features.shape[1]} columns",
                       where="as-is", hint="use a fitted strategy such as ridge for this model")
    return FirstColumns(k)
