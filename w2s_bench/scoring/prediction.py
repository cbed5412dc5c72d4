"""What the misfit says of the gain, from predictions alone, and how far the law lets the gain be from it.

For a projection onto a convex class the gain is the misfit m up to a term of the distance ε = D(y, g) between the truth and a
predictor g of the class: m − reach ≤ gain, and gain ≤ m + reach where the divergence's law is two-sided and the class is
a linear subspace. The divergence says what its reach is; a student whose misfit is δ above the least in its class may slip by
more. g = f_sw makes both sides true of any two predictors, whatever their class and δ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts import Divergence
from w2s_bench.scoring.arrays import Array, as_rows, check_same_shape
from w2s_bench.scoring.intervals import Estimate, estimate
from w2s_bench.scoring.shares import share, share_difference
from w2s_bench.scoring.verdict import ROUNDING


@dataclass(frozen=True)
class Check:
    """What labels for a part of the examples say. All in the divergence's unit, all paired, on the labelled examples.

    err_ceiling: None without a ceiling. criterion: err_weak − misfit. spread: mean of what the divergence's reach reads of them.
    """

    err_weak: Estimate
    err_student: Estimate
    gain: Estimate
    misfit: Estimate
    gain_less_misfit: Estimate
    criterion: Estimate
    err_ceiling: Estimate | None
    spread: float


@dataclass(frozen=True)
class Leeway:
    """How far a law lets the gain be from the misfit: `half` ≥ 0 below it, and above it where two_sided. inside: whether the gain
    of the labelled examples is there."""

    half: float
    two_sided: bool
    inside: bool


@dataclass(frozen=True)
class Accuracies:
    """Shares of the labelled examples whose likeliest class is the true one, and what the student gains, paired."""

    weak: Estimate
    student: Estimate
    gain: Estimate


def agreement_of(student: npt.ArrayLike, weak: npt.ArrayLike) -> Estimate:
    """Share of examples for which both name one class, by argmax; needs no label. Both (n, k)."""
    return share(_named(student) == _named(weak))


def accuracies(student: npt.ArrayLike, weak: npt.ArrayLike, truth: npt.ArrayLike) -> Accuracies:
    """Accuracy of teacher and student on the labelled examples. All (m, k)."""
    right = _named(truth)
    of_weak, of_student = (np.equal(_named(f), right).astype(np.float64) for f in (weak, student))
    return Accuracies(share(of_weak), share(of_student), share_difference(of_student, of_weak))


def _named(f: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """The likeliest class of each row (n,), the first of several."""
    return np.asarray(as_rows(f, "probabilities").argmax(axis=1))


def own_misfit(student: npt.ArrayLike, weak: npt.ArrayLike, loss: Divergence) -> Estimate:
    """The misfit D(f_sw, f_w), student first, with its interval over examples. Needs no label.

    student, weak: (n, k). Raises ShapeError and DomainError.
    """
    f_w, f_sw = _paired(loss, weak, student)
    return estimate(loss.between(f_sw, f_w))


def mean_spread(student: npt.ArrayLike, weak: npt.ArrayLike, loss: Divergence) -> float:
    """What the reach of the law wants to know beside misfit and ε, averaged over the examples. Both (n, k)."""
    f_w, f_sw = _paired(loss, weak, student)
    return float(loss.spread(f_sw, f_w).mean())


def largest_epsilon(misfit: float, student: npt.ArrayLike, weak: npt.ArrayLike, loss: Divergence) -> float:
    """The ε at which the law promises no gain any more: where its reach, which grows as √ε, is the misfit."""
    at_one = loss.reach(misfit, 1.0, mean_spread(student, weak, loss))
    return (misfit / at_one) ** 2 if at_one > 0.0 else math.inf


def check_prediction(student: npt.ArrayLike, weak: npt.ArrayLike, truth: npt.ArrayLike, ceiling: npt.ArrayLike | None,
                     loss: Divergence) -> Check:
    """The same examples seen with their labels. All (m, k), the examples that have a label. Raises ShapeError and DomainError."""
    y, (f_w, f_sw) = loss.conform_truth(np.asarray(truth)), _paired(loss, weak, student)
    check_same_shape(y, f_w, "truth and weak")
    err_weak, err_student, misfit = loss.between(y, f_w), loss.between(y, f_sw), loss.between(f_sw, f_w)
    return Check(
        estimate(err_weak), estimate(err_student), estimate(err_weak - err_student), estimate(misfit),
        estimate(err_weak - err_student - misfit), estimate(err_weak - misfit),
        None if ceiling is None else estimate(loss.between(y, loss.conform(np.asarray(ceiling)))),
        float(loss.spread(f_sw, f_w).mean()))


def own_leeway(check: Check, loss: Divergence) -> Leeway:
    """With the student itself as reference, ε = err_student: true of any two predictors, on both sides."""
    return _leeway(check, loss.reach(check.misfit.mean, check.err_student.mean, check.spread), two_sided=True)


def leeway_of_class(check: Check, epsilon: float, loss: Divergence, slip: float = 0.0) -> Leeway:
    """With a predictor of the student's class as reference, which errs by epsilon, for a student that slips by `slip` ≥ 0
    because it is no exact projection."""
    return _leeway(check, loss.reach(check.misfit.mean, epsilon, check.spread) + slip, two_sided=loss.two_sided)


def _leeway(check: Check, half: float, *, two_sided: bool) -> Leeway:
    apart = check.gain.mean - check.misfit.mean
    rounding = ROUNDING * (check.err_weak.mean + check.err_student.mean + check.misfit.mean)
    return Leeway(half, two_sided, apart >= -half - rounding and (not two_sided or apart <= half + rounding))


def _paired(loss: Divergence, weak: npt.ArrayLike, student: npt.ArrayLike) -> tuple[Array, Array]:
    f_w, f_sw = loss.conform(np.asarray(weak)), loss.conform(np.asarray(student))
    check_same_shape(f_w, f_sw, "weak and student")
    return f_w, f_sw
