"""Weights over the members of a weak ensemble, learned together with the student."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_bench.contracts import Array, FitProblem, Strategy
from w2s_probes.labels.inner_fits import InnerFits
from w2s_probes.labels.members import equal_weights
from w2s_probes.labels.relabelled import of_rows, with_values
from w2s_probes.labels.wrapped import Procedure, answers_on, under, within

SMALLEST = 1e-6
"""No member's weight falls below this before they are renormalised; RAVEN's code clamps at the same figure."""

CLIP = 1e-7
"""Probabilities are not taken to be smaller than what the scorer clips at."""


@dataclass(frozen=True)
class Taught:
    """A student with the weights (m,) of the members whose labels it was fitted on; none where there were no members."""

    fitted: Any
    weights: Array

    def predict(self, *given: Any) -> Array:
        """What the student says: (n, k) float64."""
        return np.asarray(self.fitted.predict(*given), dtype=np.float64)

    def to_arrays(self) -> dict[str, Array]:
        """The weights, and the student's arrays under `student`."""
        return {"weights": self.weights, **under("student", self.fitted.to_arrays())}

    @staticmethod
    def from_arrays(student: Strategy, arrays: Mapping[str, Array]) -> Taught:
        """Inverse of `to_arrays`; student: what fitted it."""
        return Taught(student.from_arrays(within("student", arrays)), np.asarray(arrays["weights"], dtype=np.float64))


def taught(fits: InnerFits, problem: FitProblem, rounds: int, rate: float) -> Procedure:
    """A `Taught` student after `rounds` updates of the weights, which takes rounds + 1 fits; one without members.

    RAVEN (Jeon, Sobotka, Choi & Brbić, "Weak-to-strong generalization under distribution shifts", NeurIPS 2025, arXiv
    2510.21332): labels are Σ_j w_j p_j, and w descends the student's own loss along with its parameters, from equal
    weights and a student that has seen easy rows alone, those on which all members agree. There both take gradient
    steps in turn; here the student is fitted anew after each step of w, so that any strategy can be the student. The
    loss is linear in w: its gradient is the cross-entropy of each member's labels under the student, in nats. The mean of
    the gradient is taken off, which keeps Σ w = 1 for any rate; then weights are clamped and renormalised as there.
    rate: step length in w per nat. Where fewer than two rows are easy, the first fit is on all rows.
    """
    members = problem.labels.members
    if members is None:
        return Taught((yield from fits.fit(problem)), np.zeros(0))
    weights = equal_weights(len(members))
    choices = members.argmax(axis=2)
    easy = np.flatnonzero((choices == choices[0]).all(axis=0))
    rows = easy if len(easy) > 1 else np.arange(len(problem.features))
    predictor = yield from fits.fit(of_rows(with_values(problem, combined(weights, members)), rows))
    for _ in range(rounds):
        surprise = surprise_of(members, answers_on(predictor, problem))
        weights = stepped(weights, surprise, rate)
        predictor = yield from fits.fit(with_values(problem, combined(weights, members)))
    return Taught(predictor, weights)


def combined(weights: Array, members: Array) -> Array:
    """Σ_j w_j p_j for members (m, n, k): (n, k)."""
    total: Array = (weights[:, None, None] * members).sum(axis=0)
    total /= total.sum(axis=1, keepdims=True)
    return total


def surprise_of(members: Array, student: Array) -> Array:
    """Mean cross-entropy of each member's labels under the student's probabilities (n, k), in nats: (m,)."""
    cost: Array = -(members * np.log(np.maximum(student, CLIP))).sum(axis=2).mean(axis=1)
    return cost


def stepped(weights: Array, gradient: Array, rate: float) -> Array:
    """Weights (m,) after a step against the gradient within the simplex."""
    moved = np.maximum(weights - rate * (gradient - gradient.mean()), SMALLEST)
    shares: Array = moved / moved.sum()
    return shares
