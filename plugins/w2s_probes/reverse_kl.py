"""A mixture of k softmax heads that minimises KL(student ‖ weak): the class of the misfit law for classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Diverged, FitProblem, Predictor, Preferences, generator_for
from w2s_probes.distributions import are_hard, label_distributions
from w2s_probes.mixture_fit import NARROW, Growth
from w2s_probes.mixture_head import MixtureHead, mixture_head_from_arrays
from w2s_probes.mixture_losses import CrossEntropy, MixtureLoss, ReverseKL
from w2s_probes.shared_features import one, solve_side_by_side
from w2s_probes.softmax_design import Design, whitened_design
from w2s_probes.softmax_head import uniform_head

SETTLED = 1e-7
"""Nats by which other shares of the same heads may be better before the fit counts as failed."""


@dataclass(frozen=True)
class ReverseKLHeads:
    """f = Σ_j λ_j softmax(z W_j + b_j), λ in the simplex, j = 1 … k, with the least mean KL(f ‖ w) to the weak labels w.

    Mulgund and Pabbaraju (ICML 2025, arXiv 2501.19105): over a class that is convex in probabilities and holds the truth,
    the projection in this direction, student first, gains at least its misfit; one softmax head is no such class, and
    mixtures of k come close to one as k grows. Heads are fitted jointly, which is not convex, with (penalty/2)·Σ_j λ_j
    ‖W_j‖² beside it; then λ anew with the heads as they are and without a penalty, so that f is the projection onto the
    mixtures of its own heads up to 1e-10 nats, which `members` lets the scorer check. Its training misfit never grows
    with k: k heads begin with the fit of k − 1. Weak labels are clipped to 1e-7 and renormalised, as the scorer does.

    Labels that give each row to one class (the ceiling's, mostly) have an infinite KL(f ‖ y) but for the clip: the same
    mixtures then minimise the cross-entropy −Σ_c y_c ln f_c, the class's best fit to what is true.

    For preferences the heads read differences of features as those of `Logistic` do, without b_j.
    """

    outputs = frozenset({"classes", "preferences"})
    needs = "features"
    capabilities = frozenset({"fit_many", "untrained"})
    convex_in = "probabilities"
    exact = False
    k: int = 10
    penalty: float = 1e-3

    def fit(self, problem: FitProblem) -> Predictor:
        """The mixture for one problem. Raises Diverged for inputs that are not finite or no distributions."""
        return one(self.fit_many([problem]))

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Predictor | Exception]:
        """One mixture, or the exception that it met, per problem; equal to single fits bit for bit."""
        return solve_side_by_side(problems, self._design, self._solve)

    def _design(self, problem: FitProblem) -> tuple[Design, Array]:
        return whitened_design(problem.features, max(self.penalty, NARROW), not isinstance(problem.context.output, Preferences))

    def _solve(self, whitened: tuple[Design, Array], problem: FitProblem) -> Predictor:
        design, scale = whitened
        labels = label_distributions(problem)
        loss: MixtureLoss = CrossEntropy.of(labels) if are_hard(labels) else ReverseKL.of(labels)
        growth = Growth(design, scale, loss, self.penalty, labels.shape[1])
        found = growth.grown(labels, self.k, generator_for("mixture heads", seed=problem.context.seed))
        if not found.gap <= SETTLED:
            raise Diverged(f"the shares of the heads did not settle: {found.gap:.2g} nats may be left", where="reverse-kl",
                           hint="fewer heads or a larger penalty may help")
        weight = np.stack([design.basis @ (growth.turn @ theta).T for theta in found.heads.theta])
        return MixtureHead(design.standard, weight, found.heads.beta @ growth.turn.T, found.shares)

    def untrained(self, problem: FitProblem) -> Predictor:
        """The head that gives every class the same probability."""
        head = uniform_head(problem)
        return MixtureHead(head.standard, head.weight[None], head.intercept[None], np.ones(1))

    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor:
        """The mixture whose `to_arrays` gave `arrays`."""
        return mixture_head_from_arrays(arrays)
