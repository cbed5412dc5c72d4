"""Ridge regression on frozen features: the exact projection onto a ball of linear heads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from w2s_bench.contracts import Array, FitProblem, Predictor
from w2s_probes.linear import LinearHead
from w2s_probes.shared_features import one
from w2s_probes.spectrum import Spectrum, refined, solve_each, zero_head
from w2s_probes.standardise import row_blocks

GRID = 10.0 ** np.arange(4, -8.5, -0.5)
"""Penalties that `auto` chooses from, the largest first so that ties go to the simpler head."""

NUMERICAL_RANK = 1e-7
"""Directions whose singular value is below this share of the largest are rounding, not features."""


@dataclass(frozen=True)
class Ridge:
    """argmin over W, b of mean ‖z W + b − y‖² + penalty·‖W‖², z the standardised features, b free.

    With a penalty the answer is the squared-loss projection of the labels onto {‖W‖_F ≤ radius}, where radius
    is its own norm (Lagrange duality); with penalty 0 it is minimum-norm least squares and radius is None.
    penalty: a number ≥ 0, or "auto" for the grid value with the smallest leave-one-out error.
    """

    outputs = frozenset({"regression"})
    needs = "features"
    capabilities = frozenset({"fit_many", "untrained", "streams"})
    streams = True
    convex_in = "outputs"
    exact = True
    penalty: float | str = 1e-6

    def fit(self, problem: FitProblem) -> Predictor:
        """The head for one problem. Raises Diverged for inputs that are not finite."""
        return one(self.fit_many([problem]))

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Predictor | Exception]:
        """One head, or the exception that it met, per problem; equal to single fits bit for bit."""
        return solve_each(problems, NUMERICAL_RANK, self._solve)

    def _solve(self, spectrum: Spectrum, problem: FitProblem) -> Predictor:
        features, values = problem.features, np.asarray(problem.labels.values, dtype=np.float64)
        penalty = (leave_one_out_penalty(spectrum, features, values) if self.penalty == "auto"
                   else float(self.penalty))
        weight, intercept = refined(spectrum, features, values, penalty * len(values))
        head = LinearHead(spectrum.standard, None, spectrum.v @ weight, intercept).finite()
        return replace(head, radius=head.head_norm) if penalty > 0 else head

    def untrained(self, problem: FitProblem) -> Predictor:
        """The head that predicts 0."""
        return zero_head(problem)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor:
        """The head whose `to_arrays` gave `arrays`."""
        return LinearHead.from_arrays(arrays)


def leave_one_out_penalty(spectrum: Spectrum, features: Array, values: Array) -> float:
    """The penalty of GRID with the smallest leave-one-out mean squared error, in closed form.

    The left-out residual is residual_i / (1 − h_i), where h = 1/n + Σ_j u_ij² e_j / (e_j + n·penalty) is the
    leverage with a free intercept (Allen's PRESS, 1974). values: (n, k).
    """
    n, k = values.shape
    centred = values - values.mean(axis=0)
    shrink = spectrum.energy[:, None] / (spectrum.energy[:, None] + n * GRID)
    weight = (shrink / spectrum.energy[:, None])[:, :, None] * spectrum.moments(features, centred)[:, None, :]
    press = np.zeros(len(GRID))
    for rows in row_blocks(n):
        scores = spectrum.scores(features, rows)
        spare = 1.0 - 1.0 / n - (scores**2 / spectrum.energy) @ shrink
        answers = (scores @ weight.reshape(-1, len(GRID) * k)).reshape(-1, len(GRID), k)
        residual = centred[rows][:, None, :] - answers
        usable = spare > 1e-10
        left_out = residual / np.where(usable, spare, 1.0)[:, :, None]
        press += np.where(usable, (left_out**2).sum(axis=2), np.inf).sum(axis=0)
    return float(GRID[int(np.argmin(press))])
