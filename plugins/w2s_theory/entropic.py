"""Bounds in nats, after Mulgund and Pabbaraju (arXiv 2501.19105): the student is a Bregman projection of its teacher."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, Facts, Sample, Statement
from w2s_theory.simplex import KL_CLIP, squared_oscillation
from w2s_theory.terms import any_two, known, mean, outside, promises_nothing, root

PAPER = "Mulgund and Pabbaraju 2025, arXiv 2501.19105"
NATS = frozenset({"kl"})


class Realizable:
    """gain ≥ KL(f_sw ‖ f_w): f_sw = argmin E KL(f ‖ f_w) over a class convex in probabilities that holds the truth. Vacuous
    where the student is its teacher."""

    statement = "gain ≥ KL(f_sw ‖ f_w)"
    source = PAPER
    divergences = NATS

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        def sides(t: Array) -> tuple[float, float]:
            return float(t[0]), float(t[1] - t[2])

        return Statement(
            terms=np.column_stack([sample.misfit, sample.err_weak, sample.err_student]), sides=(sides,),
            assumptions=known(convex=facts.convex_in == "probabilities", exact_projection=facts.exact_projection,
                              truth_in_class=facts.truth_in_class),
            deterministic=facts.deterministic, allowance=_allowance(sample, facts),
            vacuous=facts.spans_sample or promises_nothing(mean(sample.misfit), sample))


class Explicit:
    """gain ≥ KL(f_sw ‖ f_w) − √(½ · E KL(y ‖ g) · E osc²), osc = max_k − min_k of ln(f_sw,k / f_w,k).

    Drop the projection term; on the other, <y − g, Δ> ≥ −½·‖y − g‖₁·osc, Pinsker, Cauchy–Schwarz. With hard labels
    KL(y ‖ g) is the cross-entropy of g. Vacuous where it promises no gain, and where the ceiling errs as much as the student,
    for <y − f_sw, Δ> is bounded as <y − g, Δ> is.
    """

    statement = "gain ≥ KL(f_sw ‖ f_w) − √(½ · E KL(y ‖ g) · E osc²)"
    source = PAPER
    divergences = NATS

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        terms = np.column_stack([sample.misfit, sample.err_weak, sample.err_student, sample.err_reference,
                                 squared_oscillation(sample.student, sample.weak)])

        def sides(t: Array) -> tuple[float, float]:
            return float(t[0]) - root(0.5 * t[3] * t[4]), float(t[1] - t[2])

        empty = any_two(sample) or promises_nothing(sides(terms.mean(axis=0))[0], sample)
        return Statement(
            terms=terms, sides=(sides,),
            assumptions=known(convex=facts.convex_in == "probabilities", exact_projection=facts.exact_projection,
                              reference_in_class=facts.reference_in_class),
            deterministic=facts.deterministic, vacuous=facts.spans_sample or empty, allowance=_allowance(sample, facts))


class Dual:
    """E KL(f_w ‖ f_sw) = E KL(f_w ‖ y) − E KL(f_sw ‖ y): soft-label cross-entropy over softmax-linear heads.

    An equality, written lhs = E KL(f_w ‖ f_sw), rhs = the difference; slack of either sign breaks it. It wants a class that
    is linear in logits (in a ball only lhs ≤ rhs is left), its exact cross-entropy fit, and the truth in the class. A student
    that the clip has changed is no head of it. A fit that is certified up to δ has a dual point p with KL(p ‖ f_sw) ≤ δ and
    slack <p − f_sw, ln f_sw/y>, bounded as in `kl-explicit`; a truth whose logits are in the class up to ρ adds
    ρ·‖f_w − f_sw‖, a student that is its head up to ρ in its logits adds ρ·‖ln f_sw/y‖ too. Vacuous where the student is its
    teacher: 0 = 0.
    """

    statement = "E KL(f_w ‖ f_sw) = E KL(f_w ‖ y) − E KL(f_sw ‖ y)"
    source = PAPER
    divergences = NATS

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        if not facts.known_truth:
            return None
        kl = sample.divergence
        y = kl.conform(sample.truth)
        exact = facts.exact_projection and bool(sample.student.min() > KL_CLIP)

        def sides(t: Array) -> tuple[float, float]:
            return float(t[0]), float(t[1] - t[2])

        return Statement(
            terms=np.column_stack([sample.misfit_reverse, kl.between(sample.weak, y), kl.between(sample.student, y)]),
            sides=(sides,),
            assumptions=known(convex=facts.convex_in == "logits", exact_projection=exact, truth_in_class=facts.truth_in_class,
                              subspace=facts.subspace, known_truth=facts.known_truth),
            deterministic=facts.deterministic, equality=True,
            vacuous=facts.spans_sample or promises_nothing(mean(sample.misfit_reverse), sample),
            allowance=kl.rounding + (_missed_by_head(sample, facts, y) if exact else 0.0))


def _missed_by_head(sample: Sample, facts: Facts, y: Array) -> float:
    certified = root(0.5 * max(facts.delta or 0.0, 0.0) * mean(squared_oscillation(sample.student, y)))
    log_ratio = np.log(sample.student) - np.log(y)
    log_ratio = log_ratio - log_ratio.mean(axis=1, keepdims=True)
    return certified + facts.beyond * (_norm(sample.weak - sample.student) + _norm(log_ratio))


def _allowance(sample: Sample, facts: Facts) -> float:
    """What an exact projection is known to miss: for mixtures δ is the Frank–Wolfe gap, and so the most that <g − f_sw, Δ> is
    below 0 for a g of the class; and what g misses of the class."""
    missed = max(facts.delta or 0.0, 0.0) if facts.exact_projection else 0.0
    members = facts.reference_in_class or facts.truth_in_class
    return sample.divergence.rounding + missed + (outside(sample, facts) if members else 0.0)


def _norm(values: Array) -> float:
    """Root mean square over examples of ‖v‖."""
    return root(mean(np.einsum("nk,nk->n", values, values)))
