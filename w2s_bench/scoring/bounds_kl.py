"""Bounds in nats, after Mulgund and Pabbaraju (arXiv 2501.19105): the student is a Bregman projection of
its teacher."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from w2s_bench.scoring.arrays import Array, check_same_shape
from w2s_bench.scoring.divergence import KL_CLIP, divergence
from w2s_bench.scoring.facts import Facts
from w2s_bench.scoring.ledger import Ledger
from w2s_bench.scoring.verdict import Assumptions, Bound, judge


def kl_bounds(y: Array, f_w: Array, f_sw: Array, terms: Ledger, facts: Facts) -> list[Bound]:
    """`kl-realizable`, `kl-explicit`, and `kl-dual` where the true probabilities are known.

    y, f_w, f_sw: (n, k) conformed probabilities. terms: their `kl` ledger.
    """
    rows = [_realizable(terms, facts), _explicit(f_w, f_sw, terms, facts)]
    if facts.known_truth:
        rows.append(_dual(y, f_w, f_sw, terms, facts))
    return rows


def _realizable(terms: Ledger, facts: Facts) -> Bound:
    """gain ≥ KL(f_sw ‖ f_w): f_sw = argmin E KL(f ‖ f_w) over a class convex in probabilities that holds
    the truth."""
    return judge(
        "kl-realizable",
        facts.split,
        lambda t: (float(t[0]), float(t[1] - t[2])),
        np.column_stack([terms.misfit, terms.err_weak, terms.err_student]),
        Assumptions(
            convex=facts.convex_in == "probabilities",
            exact_projection=facts.exact_projection,
            truth_in_class=facts.truth_in_class,
        ),
        deterministic=facts.deterministic,
        allowance=facts.rounding + _certified_up_to(facts),
    )


def _explicit(f_w: Array, f_sw: Array, terms: Ledger, facts: Facts) -> Bound:
    """gain ≥ KL(f_sw ‖ f_w) − √(½ · E KL(y ‖ g) · E osc²), osc = max_k − min_k of ln(f_sw,k / f_w,k).

    Drop the projection term; on the other, <y − g, Δ> ≥ −½·‖y − g‖₁·osc, Pinsker, Cauchy–Schwarz. With hard
    labels KL(y ‖ g) is the cross-entropy of g.
    """
    squared_osc = squared_oscillation(f_sw, f_w)

    def sides(t: Array) -> tuple[float, float]:
        return float(t[0]) - _root(0.5 * t[3] * t[4]), float(t[1] - t[2])

    return judge(
        "kl-explicit",
        facts.split,
        sides,
        np.column_stack([terms.misfit, terms.err_weak, terms.err_student, terms.err_reference, squared_osc]),
        Assumptions(
            convex=facts.convex_in == "probabilities",
            exact_projection=facts.exact_projection,
            reference_in_class=facts.reference_in_class,
        ),
        deterministic=facts.deterministic,
        allowance=facts.rounding + _certified_up_to(facts),
    )


def _dual(y: Array, f_w: Array, f_sw: Array, terms: Ledger, facts: Facts) -> Bound:
    """E KL(f_w ‖ f_sw) = E KL(f_w ‖ y) − E KL(f_sw ‖ y): soft-label cross-entropy over softmax-linear heads.

    An equality, written lhs = E KL(f_w ‖ f_sw), rhs = the difference; slack of either sign breaks it. It
    wants a class that is linear in logits (in a ball only lhs ≤ rhs is left), its exact cross-entropy fit, and the truth
    in the class. A student that the clip has changed is no head of it. A fit that is certified up to δ has a dual point p
    with KL(p ‖ f_sw) ≤ δ and slack <p − f_sw, ln f_sw/y>, bounded as in `kl-explicit`.
    """
    kl = divergence("kl")
    exact = facts.exact_projection and not _clipped(f_sw)
    missed = _root(0.5 * _certified_up_to(facts) * float(squared_oscillation(f_sw, y).mean())) if exact else 0.0
    return judge(
        "kl-dual",
        facts.split,
        lambda t: (float(t[0]), float(t[1] - t[2])),
        np.column_stack([terms.misfit_reverse, kl.between(f_w, y), kl.between(f_sw, y)]),
        Assumptions(
            convex=facts.convex_in == "logits",
            exact_projection=exact,
            truth_in_class=facts.truth_in_class,
            subspace=facts.subspace,
            known_truth=facts.known_truth,
        ),
        deterministic=facts.deterministic,
        equality=True,
        allowance=facts.rounding + missed,
    )


def _certified_up_to(facts: Facts) -> float:
    """What an exact projection is known to miss. For mixtures δ is the Frank–Wolfe gap, and so the most that
    <g − f_sw, Δ> is below 0 for a g of the class."""
    return max(facts.delta or 0.0, 0.0) if facts.exact_projection else 0.0


def squared_oscillation(student: npt.ArrayLike, weak: npt.ArrayLike) -> Array:
    """(max_k − min_k of ln(f_sw,k / f_w,k))², (n,): how far the student moves the log-odds of its teacher. Both (n, k).

    Raises ShapeError and DomainError.
    """
    kl = divergence("kl")
    f_sw, f_w = kl.conform(student), kl.conform(weak)
    check_same_shape(f_sw, f_w, "student and weak")
    log_ratio = np.log(f_sw) - np.log(f_w)
    squares: Array = (log_ratio.max(axis=1) - log_ratio.min(axis=1)) ** 2
    return squares


def _clipped(f: Array) -> bool:
    return bool(f.min() <= KL_CLIP)


def _root(value: float) -> float:
    return math.sqrt(max(float(value), 0.0))
