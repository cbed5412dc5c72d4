"""Theorem 2 of Charikar, Pabbaraju and Shiragur (arXiv 2405.15116) for finite transfer samples, with high probability."""

from __future__ import annotations

import math

from w2s_bench.contracts import Array, Facts, Sample, Statement
from w2s_theory.projection import NUMBERS, PAPER, convex, explicit, projection_terms, says_nothing
from w2s_theory.terms import known

NU = 0.05
"""The statement holds with probability 1 − NU."""


class Theorem2HighProbability:
    """err_student ≤ err_weak − m + 2√(mε) + 2√δ_n·L², L = label_range, with probability 1 − ν over transfer sets.

        δ_n = 4·Rad_n + √(2·ln(2/ν)/n),    Rad_n ≤ (W/L)·√(Σ‖h_i‖²)/n + 1/(2√n)

    Outputs are divided by L, so the root of δ_n comes back times L². The second part of Rad_n is the free intercept, which
    ranges over an interval of length 1. Exact refers to the fit on the transfer set. norm_bounded: W was fixed before the
    data was seen, and the ball holds g. outputs_in_range: predictions of the class are clipped to an interval of length L,
    without which δ_n is no bound; linear heads are not. Vacuous where the right side is L² or more, too: no predictor inside
    the interval errs by more. Written for the population, on the test split, and for one output.
    """

    statement = "err_student ≤ err_weak − m + 2√(mε) + 2√δ_n·L² with probability 1 − ν"
    source = f"{PAPER}, Theorem 2"
    divergences = NUMBERS

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        excess = excess_risk(facts)
        if sample.split != "test" or sample.truth.shape[1] != 1 or excess is None:
            return None
        scale = facts.label_range**2

        def sides(t: Array) -> tuple[float, float]:
            left, right = explicit(t)
            return left, right + 2.0 * math.sqrt(excess) * scale

        terms = projection_terms(sample)
        return Statement(
            terms=terms, sides=(sides,), deterministic=facts.deterministic,
            assumptions=known(convex=convex(sample, facts), exact_projection=facts.exact,
                              reference_in_class=facts.reference_in_class, independent_transfer=facts.independent_transfer,
                              norm_bounded=facts.norm_bounded, outputs_in_range=facts.outputs_in_range),
            vacuous=sides(terms.mean(axis=0))[1] >= scale or says_nothing(sample, sides))


def excess_risk(facts: Facts) -> float | None:
    """δ_n; None where the head's norm, its features or the label range are unknown (or the range is 0)."""
    if facts.head_norm is None or facts.sum_squared_features is None or not facts.label_range > 0.0:
        return None
    n = facts.n_transfer
    complexity = facts.head_norm / facts.label_range * math.sqrt(facts.sum_squared_features) / n
    intercept = 0.5 / math.sqrt(n) if facts.contains_constant else 0.0
    return 4.0 * (complexity + intercept) + math.sqrt(2.0 * math.log(2.0 / NU) / n)
