"""Nearest neighbours on frozen features: the mean label of the examples that look most alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, FitProblem, Predictor, tell
from w2s_probes.distributions import label_distributions
from w2s_probes.shared_features import one, solve_shared
from w2s_probes.standardise import Standard, check_features, check_labels, row_blocks, standard_of

ROWS = 256
"""Examples whose distances to the reference are held at a time, (rows, n) float32."""


@dataclass(frozen=True)
class Neighbours:
    """The mean label of the nearest reference examples.

    reference: (n, r) float32 standardised features. labels: (n, k) float64. count: how many are asked. cosine: whether
    distances are between directions.
    """

    standard: Standard
    reference: Array
    labels: Array
    count: int
    cosine: bool

    def nearest(self, features: Array) -> Array:
        """Features (n, d) to row numbers in the reference (n, count), in rising order; ties go to the first row."""
        found = np.empty((len(features), min(self.count, len(self.reference))), dtype=np.int64)
        for start in range(0, len(features), ROWS):
            found[start:start + ROWS] = _smallest(self._distances(features[start:start + ROWS]), found.shape[1])
            tell(min(start + ROWS, len(features)), len(features), "rows")
        return found

    def predict(self, features: Array) -> Array:
        """Features (n, d) to (n, k) float64."""
        out: Array = self.labels[self.nearest(features)].mean(axis=1)
        return out

    def to_arrays(self) -> dict[str, Array]:
        """Plain arrays: float64 but for row numbers and the reference."""
        return self.standard.to_arrays() | {
            "reference": self.reference, "labels": self.labels,
            "rule": np.array([self.count, self.cosine], dtype=np.float64)}

    def _distances(self, features: Array) -> Array:
        """(rows, n) float32, up to a constant of each row, in which rounding makes no ties and breaks none."""
        query = self._placed(self.standard(features).astype(np.float32))
        out = np.empty((len(query), len(self.reference)), dtype=np.float32)
        for rows in row_blocks(len(self.reference)):
            reference = self._placed(self.reference[rows])
            out[:, rows] = (reference**2).sum(axis=1) / 2 - query @ reference.T
        return out

    def _placed(self, z: Array) -> Array:
        """Standardised features in float64, of length 1 for cosine; zeros stay zeros."""
        values: Array = z.astype(np.float64)
        if self.cosine:
            length = np.sqrt((values**2).sum(axis=1, keepdims=True))
            values /= np.where(length > 0, length, 1.0)
        return values


@dataclass(frozen=True)
class KNN:
    """Averages the labels of the `neighbours` nearest examples (Fix and Hodges 1951; Cover and Hart 1967).

    On standardised features by cosine or Euclidean distance. An example that the fit has seen is its own neighbour. Labels
    stay soft: the answer to classes is a distribution.
    """

    outputs = frozenset({"regression", "classes"})
    needs = "features"
    capabilities = frozenset({"fit_many", "untrained"})
    convex_in = None
    exact = False
    neighbours: int = 10
    metric: str = "cosine"

    def fit(self, problem: FitProblem) -> Predictor:
        """The reference examples with their labels. Raises Diverged for inputs that are not finite or no distributions."""
        return one(self.fit_many([problem]))

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Predictor | Exception]:
        """One predictor, or the exception that it met, per problem; equal to single fits bit for bit."""
        return solve_shared(problems, lambda problem: _reference(problem.features), self._solve)

    def _solve(self, shared: tuple[Standard, Array], problem: FitProblem) -> Predictor:
        check_labels(problem)
        labels = (label_distributions(problem) if problem.context.output.kind == "classes"
                  else np.asarray(problem.labels.values, dtype=np.float64))
        return Neighbours(*shared, labels, self.neighbours, self.metric == "cosine")

    def untrained(self, problem: FitProblem) -> Predictor:
        """Before any label: every class as likely as the others, or 0."""
        check_features(problem.features)
        standard, k = standard_of(problem.features), problem.context.output.k
        answer = 1.0 / k if problem.context.output.kind == "classes" else 0.0
        return Neighbours(standard, np.zeros((1, len(standard.kept)), dtype=np.float32), np.full((1, k), answer), 1, False)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor:
        """The predictor whose `to_arrays` gave `arrays`."""
        count, cosine = arrays["rule"]
        return Neighbours(Standard.from_arrays(arrays), np.asarray(arrays["reference"], dtype=np.float32),
                          np.asarray(arrays["labels"], dtype=np.float64), int(count), bool(cosine))


def _reference(features: Array) -> tuple[Standard, Array]:
    check_features(features)
    standard = standard_of(features)
    parts = [standard(features[rows]).astype(np.float32) for rows in row_blocks(len(features))]
    return standard, np.concatenate(parts)


def _smallest(distances: Array, count: int) -> Array:
    """Column numbers of the `count` smallest entries in each row, in rising order; of equal ones the first."""
    last = np.partition(distances, count - 1, axis=1)[:, count - 1:count]
    below, level = distances < last, distances == last
    spare = count - below.sum(axis=1, keepdims=True)
    chosen = below | (level & (level.cumsum(axis=1) <= spare))
    return np.nonzero(chosen)[1].reshape(len(distances), count)
