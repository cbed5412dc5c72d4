"""Minimum-norm least squares with a rank cut-off: the exact projection onto all linear heads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, FitProblem, Predictor
from w2s_probes.linear import LinearHead
from w2s_probes.shared_features import one
from w2s_probes.spectrum import Spectrum, refined, solve_each, zero_head


@dataclass(frozen=True)
class LeastSquares:
    """argmin over W, b of ‖z W + b − y‖² in the span of z's leading right singular vectors, b free.

    z: the standardised features. cutoff: singular values below cutoff·largest count as zero; heads have no
    part along those directions, which is what keeps near-copies of a column from blowing up.
    """

    outputs = frozenset({"regression"})
    needs = "features"
    capabilities = frozenset({"fit_many", "untrained", "streams"})
    streams = True
    convex_in = "outputs"
    exact = True
    cutoff: float = 1e-6

    def fit(self, problem: FitProblem) -> Predictor:
        """The head for one problem. Raises Diverged for inputs that are not finite."""
        return one(self.fit_many([problem]))

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Predictor | Exception]:
        """One head, or the exception that it met, per problem; equal to single fits bit for bit."""
        return solve_each(problems, self.cutoff, self._solve)

    def _solve(self, spectrum: Spectrum, problem: FitProblem) -> Predictor:
        values = np.asarray(problem.labels.values, dtype=np.float64)
        weight, intercept = refined(spectrum, problem.features, values, 0.0)
        return LinearHead(spectrum.standard, spectrum.v, weight, intercept).finite()

    def untrained(self, problem: FitProblem) -> Predictor:
        """The head that predicts 0."""
        return zero_head(problem)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor:
        """The head whose `to_arrays` gave `arrays`."""
        return LinearHead.from_arrays(arrays)
