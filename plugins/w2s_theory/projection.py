"""Charikar, Pabbaraju and Shiragur (arXiv 2405.15116): the student is the projection of its teacher onto a convex class.

m = D(f_sw, f_w), ε = D(y, g) with g the ceiling, D(a, b) = c·‖a − b‖², ‖·‖ the root mean square norm over the sample in the
unit of √D. The constants of Theorem 2 are written out: the projection term is dropped, Cauchy–Schwarz bounds the other.
"""

from __future__ import annotations

import math

import numpy as np

from w2s_bench.contracts import Array, Facts, Sample, Sides, Statement
from w2s_theory.terms import ROUNDING, any_two, known, mean, outside, promises_nothing, root

PAPER = "Charikar, Pabbaraju and Shiragur 2024, arXiv 2405.15116"
QUADRATIC = frozenset({"squared", "squared-mean", "brier"})
NUMBERS = frozenset({"squared", "squared-mean"})


class Theorem1:
    """The truth is in the class: err_student ≤ err_weak − m. Vacuous where the student is its teacher, m = 0."""

    statement = "err_student ≤ err_weak − m"
    source = f"{PAPER}, Theorem 1"
    divergences = QUADRATIC

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        def sides(t: Array) -> tuple[float, float]:
            return float(t[0]), float(t[1] - t[2])

        assumed = known(convex=convex(sample, facts), exact_projection=facts.exact_projection,
                        truth_in_class=facts.truth_in_class)
        return Statement(terms=projection_terms(sample), sides=(sides,), assumptions=assumed,
                         deterministic=facts.deterministic, allowance=_allowance(sample, facts),
                         vacuous=facts.spans_sample or promises_nothing(mean(sample.misfit), sample))


class Theorem2Explicit:
    """Theorem 2 with its constant: err_student ≤ err_weak − m + 2√(mε)."""

    statement = "err_student ≤ err_weak − m + 2√(mε)"
    source = f"{PAPER}, Theorem 2"
    divergences = QUADRATIC

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        return Statement(terms=projection_terms(sample), sides=(explicit,), assumptions=_projected(sample, facts),
                         deterministic=facts.deterministic, allowance=_allowance(sample, facts),
                         vacuous=facts.spans_sample or says_nothing(sample, explicit))


class Theorem2TwoSided:
    """On a linear subspace the projection term is 0: |gain − m| ≤ 2√(mε).

    It says how far the gain is from the misfit, so it is vacuous only where neither side binds: no gain is promised, and the
    most that is allowed, m + 2√(mε), is all of err_weak.
    """

    statement = "|gain − m| ≤ 2√(mε)"
    source = f"{PAPER}, Theorem 2, for a linear subspace"
    divergences = QUADRATIC

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        if not facts.subspace:
            return None

        def above(t: Array) -> tuple[float, float]:
            return float(t[1] - t[0] - t[2]), 2.0 * root(t[2] * t[3])

        def below(t: Array) -> tuple[float, float]:
            return -float(t[1] - t[0] - t[2]), 2.0 * root(t[2] * t[3])

        return Statement(terms=projection_terms(sample), sides=(above, below),
                         assumptions=_projected(sample, facts) | known(subspace=facts.subspace),
                         deterministic=facts.deterministic, allowance=_allowance(sample, facts),
                         vacuous=facts.spans_sample or any_two(sample) or _unbounded(sample))


class Theorem2Triangle:
    """The same by the triangle inequality, weaker: err_student ≤ (√ε + √((√err_weak + √ε)² − m)₊)²."""

    statement = "err_student ≤ (√ε + √((√err_weak + √ε)² − m)₊)²"
    source = f"{PAPER}, Theorem 2, by the triangle inequality"
    divergences = NUMBERS

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        def sides(t: Array) -> tuple[float, float]:
            to_weak = root(t[1]) + root(t[3])
            return float(t[0]), (root(t[3]) + root(to_weak**2 - t[2])) ** 2

        return Statement(terms=projection_terms(sample), sides=(sides,), assumptions=_projected(sample, facts),
                         deterministic=facts.deterministic, allowance=_allowance(sample, facts),
                         vacuous=facts.spans_sample or says_nothing(sample, sides))


class Inexact:
    """A student whose misfit is δ above the least of its class.

        err_student ≤ err_weak − m + 2√(mε) + 2√δ·max(‖g − f_sw‖, √δ)

    For t in [0, 1] the point f_sw + t(g − f_sw) is in the class, so its misfit is at least m − δ; the best t gives the last
    term. δ is of this very sample, and so is the statement. Vacuous where the class fits anything on it, for then δ = m
    whatever the student is.
    """

    statement = "err_student ≤ err_weak − m + 2√(mε) + 2√δ·max(‖g − f_sw‖, √δ)"
    source = f"{PAPER}, Theorem 2, for a student that is no projection"
    divergences = QUADRATIC

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        if facts.delta is None:
            return None
        delta, hidden = max(facts.delta, 0.0), root(max(-facts.delta, 0.0) + facts.delta_rounding)

        def sides(t: Array) -> tuple[float, float]:
            left, right = explicit(t)
            return left, right + 2.0 * math.sqrt(delta) * max(root(t[4]), math.sqrt(delta))

        terms = projection_terms(sample)
        away = max(root(mean(terms[:, 4])), math.sqrt(delta)) + math.sqrt(delta)

        assumed = known(convex=convex(sample, facts), reference_in_class=facts.reference_in_class)
        return Statement(terms=terms, sides=(sides,), assumptions=assumed, deterministic=True,
                         allowance=sample.divergence.rounding + _outside(sample, facts) + 2.0 * hidden * (away + hidden),
                         vacuous=facts.spans_sample or says_nothing(sample, sides))


class LowerBall:
    """err_student ≥ (‖y − (f_w + c)/2‖ − ‖f_w − c‖/2)₊², c = the mean of f_w on this sample, output by output.

    The projection f_sw of f_w onto a convex class has <f_w − f_sw, c − f_sw> ≤ 0 for every c in the class, which puts f_sw in
    the ball with diameter [f_w, c]. Any constant would do; the mean of the weak labels is the best constant fit to them, the
    end of the ridge path with a free intercept, and known before training. Vacuous where lhs is 0, or rounding beside the
    two norms that it is the difference of: a teacher that is the truth.

    All is shifted by c, so that in a new sample c is the mean of f_w − c; the term <E(y − f_w/2), f_w> carries that
    dependence into the interval and has mean 0 here.
    """

    statement = "err_student ≥ (‖y − (f_w + c)/2‖ − ‖f_w − c‖/2)₊²"
    source = f"{PAPER}, the ball of diameter [f_w, c] that holds every projection"
    divergences = NUMBERS

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        loss, centre = sample.divergence, sample.weak.mean(axis=0)
        shifted_y, shifted_w = sample.truth - centre, sample.weak - centre
        to_middle = shifted_y - shifted_w / 2.0
        drift = np.einsum("nk,nk->n", shifted_w, np.broadcast_to(to_middle.mean(axis=0), shifted_w.shape))
        terms = np.column_stack([loss.generator(to_middle) - _share(sample) * drift, loss.generator(shifted_w),
                                 sample.err_student])

        def sides(t: Array) -> tuple[float, float]:
            return max(root(t[0]) - root(t[1]) / 2.0, 0.0) ** 2, float(t[2])

        least = ROUNDING * (mean(terms[:, 0]) + mean(terms[:, 1]))
        missed = _missed(facts)
        allowance = missed * (2.0 * root(mean(sample.err_student)) + missed) if facts.exact_projection else 0.0
        return Statement(terms=terms, sides=(sides,),
                         assumptions=known(convex=facts.convex_in == "outputs", exact_projection=facts.exact_projection,
                                           contains_constant=facts.contains_constant),
                         deterministic=facts.deterministic, allowance=allowance,
                         vacuous=sides(terms.mean(axis=0))[0] <= least)


def convex(sample: Sample, facts: Facts) -> bool:
    """Whether the class is declared convex where the predictions of this sample live."""
    return facts.convex_in == "outputs" or (facts.convex_in == "probabilities" and sample.divergence.output == "classes")


def explicit(t: Array) -> tuple[float, float]:
    """The two sides of `theorem2-explicit`."""
    return float(t[0]), float(t[1] - t[2]) + 2.0 * root(t[2] * t[3])


def says_nothing(sample: Sample, sides: Sides) -> bool:
    """Whether a bound of err_student from above lets the student be no better than its teacher, or is true of any two
    predictors."""
    highest = sides(projection_terms(sample).mean(axis=0))[1]
    return any_two(sample) or promises_nothing(mean(sample.err_weak) - highest, sample)


def _unbounded(sample: Sample) -> bool:
    """Whether misfit ± 2√(mε) holds every gain from none to all of err_weak."""
    misfit = mean(sample.misfit)
    reach = 2.0 * root(misfit * mean(sample.err_reference))
    return promises_nothing(misfit - reach, sample) and misfit + reach >= mean(sample.err_weak)


def projection_terms(sample: Sample) -> Array:
    """err_student, err_weak, m, ε and D(g, f_sw), (n, 5)."""
    to_reference = sample.divergence.between(sample.ceiling, sample.student)
    return np.column_stack([sample.err_student, sample.err_weak, sample.misfit, sample.err_reference, to_reference])


def _projected(sample: Sample, facts: Facts) -> dict[str, bool]:
    return known(convex=convex(sample, facts), exact_projection=facts.exact_projection,
                 reference_in_class=facts.reference_in_class)


def _allowance(sample: Sample, facts: Facts) -> float:
    """What a projection that is certified up to δ may cost, 2√δ·(‖y − f_sw‖ + ‖g − f_sw‖ + √δ) as in `inexact`, and what
    members of the class that are in it up to rounding may."""
    missed = _missed(facts) if facts.exact_projection else 0.0
    reach = root(mean(sample.err_student)) + root(mean(sample.divergence.between(sample.ceiling, sample.student)))
    return sample.divergence.rounding + 2.0 * missed * (reach + missed) + _outside(sample, facts)


def _outside(sample: Sample, facts: Facts) -> float:
    return outside(sample, facts) if facts.reference_in_class or facts.truth_in_class else 0.0


def _missed(facts: Facts) -> float:
    """√δ, with what the arithmetic hides of it."""
    return root(abs(facts.delta or 0.0) + facts.delta_rounding)


def _share(sample: Sample) -> float:
    """c of D(a, b) = c·‖a − b‖²."""
    k = sample.truth.shape[1]
    return float(sample.divergence.between(np.eye(1, k), np.zeros((1, k)))[0])
