"""A model's own numbers, unfitted, as the prediction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Classes, Diverged, FitProblem, Predictor
from w2s_probes.distributions import distributions_of
from w2s_probes.shared_features import one
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


PROBABILITIES, SHARE, NUMBER = range(3)
"""What the columns of a classifier hold: k probabilities, the probability of class 1 of 2, or the number of a class."""


@dataclass(frozen=True)
class ClassColumns:
    """Predicts k classes from columns in the given form, one of the three above."""

    k: int
    form: int

    def predict(self, features: Array) -> Array:
        """Features (n, d) to probabilities (n, k) float64. Raises Diverged for columns that are not of the form."""
        values = np.asarray(features).astype(np.float64)
        if self.form == PROBABILITIES:
            return distributions_of(values[:, :self.k], "as-is")
        if not _fits(values, self.form, self.k):
            raise Diverged(f"the column has entries from {values.min():.3g} to {values.max():.3g}, and "
                           f"{'probabilities' if self.form == SHARE else f'numbers of {self.k} classes'} where it was fitted",
                           where="as-is")
        if self.form == SHARE:
            return np.hstack([1.0 - values, values])
        out: Array = np.eye(self.k)[values[:, 0].astype(np.int64)]
        return out

    def to_arrays(self) -> dict[str, Array]:
        """k and the form as float64 arrays of length 1."""
        return {"k": np.array([self.k], dtype=np.float64), "form": np.array([self.form], dtype=np.float64)}


def _fits(values: Array, form: int, k: int) -> bool:
    if form == SHARE:
        return bool(k == 2 and ((values >= 0.0) & (values <= 1.0)).all())
    return bool(((values == np.floor(values)) & (values >= 0.0) & (values < k)).all())


@dataclass(frozen=True)
class AsIs:
    """Fits nothing, for a supervisor whose embedding already is its answer (predictions from a file).

    For classes: the first k columns where they are distributions; one column in [0, 1] is the probability of class 1 of 2;
    one column of whole numbers below k holds classes. For preferences that is the probability that the first is preferred.
    """

    outputs = frozenset({"regression", "classes", "preferences"})
    needs = "features"
    capabilities = frozenset({"fit_many", "unfitted"})
    unfitted = True
    convex_in = None
    exact = False

    def fit(self, problem: FitProblem) -> Predictor:
        """The first k columns. Raises Diverged when there are fewer or they are not finite."""
        return one(self.fit_many([problem]))

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Predictor | Exception]:
        """One predictor, or the exception that it met, per problem."""
        for problem in problems:
            try:
                answer: Predictor | Exception = _columns(problem)
            except Exception as error:
                answer = error
            yield answer

    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor:
        """The predictor whose `to_arrays` gave `arrays`."""
        k = int(arrays["k"][0])
        return ClassColumns(k, int(arrays["form"][0])) if "form" in arrays else FirstColumns(k)


def _columns(problem: FitProblem) -> Predictor:
    check_features(problem.features)
    k = problem.context.output.k
    if isinstance(problem.context.output, Classes) and problem.features.shape[1] == 1 and k > 1:
        for form in (SHARE, NUMBER):
            if _fits(problem.features, form, k):
                return ClassColumns(k, form)
        raise Diverged(f"the one column that the model gives holds neither numbers of classes 0 to {k - 1}"
                       f"{' nor probabilities of class 1' if k == 2 else ''}", where="as-is",
                       hint="use a fitted strategy such as logistic for this model")
    if problem.features.shape[1] < k:
        raise Diverged(f"the task has {k} outputs but the model gives {problem.features.shape[1]} columns",
                       where="as-is", hint="use a fitted strategy such as ridge or logistic for this model")
    if isinstance(problem.context.output, Classes):
        distributions_of(problem.features[:, :k], "as-is")
        return ClassColumns(k, PROBABILITIES)
    return FirstColumns(k)
