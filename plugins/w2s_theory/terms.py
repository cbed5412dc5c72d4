"""What several theorems read of a sample: where the class is convex, what was certified up to rounding, roots of means."""

from __future__ import annotations

import math

import numpy as np

from w2s_bench.contracts import Array, Facts, Sample


def root(value: float) -> float:
    """√value, 0 for what rounding left below 0."""
    return math.sqrt(max(float(value), 0.0))


def mean(values: Array) -> float:
    """The mean over examples."""
    return float(values.mean())


ROUNDING = 1e-9
"""A promise down to this share of the numbers that it is the difference of is arithmetic."""


def promises_nothing(gain: float, sample: Sample) -> bool:
    """Whether the gain that a bound promises is none: then it allows a student that is no better than its teacher."""
    return gain <= ROUNDING * mean(sample.err_weak)


def any_two(sample: Sample) -> bool:
    """Whether the reference g errs as much as the student. Cauchy–Schwarz with ε ≥ err_student is then true of any two
    predictors: of f_sw and f_w it says no more than the triangle inequality."""
    return mean(sample.err_reference) >= mean(sample.err_student)


def outside(sample: Sample, facts: Facts) -> float:
    """What <g − f_sw, Δ> may lack of 0 because g, or the truth, is in the class up to a distance only: that distance times
    ‖Δ‖, by Cauchy–Schwarz. For probabilities, whose differences sum to 0, Δ is centred over the classes."""
    if not facts.beyond:
        return 0.0
    loss = sample.divergence
    change = loss.gradient(sample.student) - loss.gradient(sample.weak)
    if loss.output == "classes":
        change = change - change.mean(axis=1, keepdims=True)
    return facts.beyond * root(mean(np.einsum("nk,nk->n", change, change)))


def known(**assumptions: bool) -> dict[str, bool]:
    """Assumptions by name, and whether each holds here."""
    return {name: bool(holds) for name, holds in assumptions.items()}
