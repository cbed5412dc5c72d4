"""Logistic regression on frozen features, for two classes and for many: an exact softmax head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, FitProblem, Predictor, Preferences, generator_for, tell
from w2s_probes.distributions import clipped, label_distributions, softmax
from w2s_probes.shared_features import one, solve_side_by_side
from w2s_probes.softmax_design import Design, ball_design, span_design
from w2s_probes.softmax_head import SoftmaxHead, uniform_head
from w2s_probes.softmax_solver import Solution, solve_softmax

GRID = 10.0 ** np.arange(1, -5.5, -0.5)
"""Penalties that `auto` chooses from, the largest first so that ties go to the simpler head."""

FOLDS = 5

ROUGH = 1e-4
"""Gradient norm to which the fits that only choose a penalty are solved: it moves their cross-entropy by less than 1e-4."""


@dataclass(frozen=True)
class Logistic:
    """argmin over W, b of mean cross-entropy(y ‖ softmax(z W + b)) + (penalty/2)·‖W‖_F², z the standardised features.

    Labels may be soft. For two classes it is the usual logistic regression: with u the difference of the two columns,
    ‖W‖_F² = ‖u‖²/2. It is solved in float64 until the Euclidean norm of the gradient in (W, b) is at most `tolerance`,
    in absolute terms: nats a unit of weight on features of variance 1. With a penalty the answer is the best head of the
    ball {‖W‖_F ≤ radius}, radius its own norm (Lagrange duality). The default is a compromise: one-hot labels on hundreds of
    features and some thousand examples want 0.1 or more, soft ones hardly care. With penalty 0, heads range over the numerical
    row space of the features and radius is None. "auto" takes the grid value with the smallest cross-validated
    cross-entropy on the labels that it is given.

    For preferences it is the model of Bradley and Terry with linear rewards: z is the difference of features divided by its root
    mean square, not centred, and b = 0, so that who swaps the two of a pair swaps the probabilities.
    """

    outputs = frozenset({"classes", "preferences"})
    needs = "features"
    capabilities = frozenset({"fit_many", "untrained", "streams"})
    streams = True
    convex_in = "logits"
    exact = True
    penalty: float | str = 0.03
    tolerance: float = 1e-8

    def fit(self, problem: FitProblem) -> Predictor:
        """The head for one problem. Raises Diverged for inputs that are not finite or no distributions, and where the
        gradient does not get there."""
        return one(self.fit_many([problem]))

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Predictor | Exception]:
        """One head, or the exception that it met, per problem; equal to single fits bit for bit.

        Problems that share features share their standardised float64 copy and its eigendecomposition. Label sets are then
        solved side by side, each by products of its own, whose shapes and so whose rounding do not depend on the others.
        """
        return solve_side_by_side(problems, self._design, self._solve)

    def _design(self, problem: FitProblem) -> Design:
        make = span_design if self.penalty == 0 else ball_design
        return make(problem.features, not isinstance(problem.context.output, Preferences))

    def _solve(self, design: Design, problem: FitProblem) -> Predictor:
        labels = label_distributions(problem)
        penalty = chosen_penalty(design, labels) if self.penalty == "auto" else float(self.penalty)
        found = solve_softmax(design, labels, penalty, self.tolerance)
        radius = float(np.sqrt((found.weight**2).sum())) if penalty > 0 else None
        return SoftmaxHead(design.standard, design.basis, found.weight, found.intercept, radius)

    def untrained(self, problem: FitProblem) -> Predictor:
        """The head that gives every class the same probability."""
        return uniform_head(problem)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor:
        """The head whose `to_arrays` gave `arrays`."""
        return SoftmaxHead.from_arrays(arrays)


def chosen_penalty(design: Design, labels: Array) -> float:
    """The penalty of GRID with the smallest cross-entropy of left-out soft labels (n, k), over FOLDS folds.

    Folds are drawn by name from n alone. A path of penalties, each fit starting from the last, ends where two in a row
    are worse than the best.
    """
    n = len(labels)
    folds = np.array_split(generator_for("penalty folds", n=n).permutation(n), min(FOLDS, n))
    if len(folds) < 2:
        return float(GRID[0])
    parts = [_LeftOut(design, labels, fold) for fold in folds]
    losses: list[float] = []
    for penalty in GRID:
        losses.append(sum(part.loss(float(penalty)) for part in parts) / n)
        tell(len(losses), len(GRID), "penalties")
        if len(losses) - 1 - int(np.argmin(losses)) == 2:
            break
    return float(GRID[int(np.argmin(losses))])


class _LeftOut:
    """One fold, scored by heads that are fitted on the others. labels: (n, k); rows: of the fold."""

    def __init__(self, design: Design, labels: Array, rows: Array) -> None:
        others = np.setdiff1d(np.arange(len(labels)), rows)
        self.seen, self.unseen = design.taking(others), design.taking(rows)
        self.seen_labels, self.unseen_labels = labels[others], labels[rows]
        self.last: Solution | None = None

    def loss(self, penalty: float) -> float:
        """Sum of −Σ_c y_c ln p_c over the fold in nats, probabilities clipped as for `kl`."""
        self.last = solve_softmax(self.seen, self.seen_labels, penalty, ROUGH, self.last)
        logits = self.unseen.images(self.last.weight.T) + self.last.intercept[:, None]
        return -float((self.unseen_labels.T * np.log(clipped(softmax(logits, axis=0), axis=0))).sum())
