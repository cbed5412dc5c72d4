"""Relative entropy as a Bregman divergence, phi(v) = Σ v ln v on the simplex.

The law is that of Mulgund and Pabbaraju (arXiv 2501.19105), for the argmin of KL(f ‖ f_w) over a class convex in
probabilities. Its explicit form drops the projection term and bounds the other, <y − g, Δ> ≥ −½·‖y − g‖₁·osc with
osc = max_k − min_k of ln(f_sw,k / f_w,k), by Pinsker and Cauchy–Schwarz.
"""

from __future__ import annotations

import math

import numpy as np

from w2s_bench.contracts import Array, Geometry
from w2s_theory.simplex import ROUNDING, clipped_distribution, distribution, squared_oscillation


class KL:
    """D(a, b) = Σ a (ln a − ln b), with 0·ln 0 = 0. Predictions are clipped to be > 0; truth is left as it is."""

    name = "kl"
    output = "classes"
    unit = "nats"
    geometry: Geometry = "entropic"
    rounding = ROUNDING
    law = "Mulgund and Pabbaraju's law"
    explicit = "kl-explicit"
    inexact = ""
    two_sided = False
    spreads = True
    band = ("kl-explicit, gain ≥ misfit − sqrt(ε/2 · E osc²), ε the ceiling's cross-entropy, osc how far the student moves the "
            "log-odds, for a student that minimises KL(student ‖ weak) over a class convex in probabilities. It has no upper end")
    holds = ("where the student minimises KL(student ‖ weak) over a class that is convex in probabilities and holds the truth. "
             "Where the best of the class has cross-entropy ε, the gain may be as much as sqrt(ε/2 · E osc²) less, osc being how "
             "far the student moves the log-odds")
    fails = ("the student does not minimise KL(student ‖ weak) over a class convex in probabilities that holds the ceiling, on "
             "these examples")

    def unit_of(self, output_unit: str) -> str:
        """Nats, whatever the classes are."""
        return "nats"

    def conform(self, values: Array) -> Array:
        """Rows of the simplex, clipped and renormalised."""
        return clipped_distribution(values)

    def conform_truth(self, truth: Array) -> Array:
        """Rows of the simplex; one-hot labels stay one-hot, so that the error of hard labels is their cross-entropy."""
        return distribution(truth)

    def generator(self, values: Array) -> Array:
        """Σ v ln v."""
        nats: Array = np.einsum("nk,nk->n", values, _log(values))
        return nats

    def gradient(self, values: Array) -> Array:
        """1 + ln v; for v > 0."""
        return 1.0 + np.log(values)

    def between(self, first: Array, second: Array) -> Array:
        """KL(a ‖ b) for b > 0."""
        nats: Array = np.einsum("nk,nk->n", first, _log(first) - np.log(second))
        return nats

    def spread(self, student: Array, weak: Array) -> Array:
        """osc²: how far the student moves the log-odds of its teacher."""
        return squared_oscillation(student, weak)

    def reach(self, misfit: float, epsilon: float, spread: float) -> float:
        """√(½·ε·E osc²)."""
        return math.sqrt(max(0.5 * epsilon * spread, 0.0))


def _log(values: Array) -> Array:
    """ln v, and 0 where v is 0: beside a factor v that is 0·ln 0 = 0. Rounding below 0 counts as 0."""
    return np.log(np.where(values > 0.0, values, 1.0))
