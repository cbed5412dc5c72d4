"""The gain that a misfit predicts, from predictions alone, and how far the law lets the gain be from it.

For an exact projection onto a convex class the gain is the misfit m up to a term of the distance ε = D(y, g) between the truth
and a predictor g of the class: m − reach ≤ gain, and gain ≤ m + reach where the divergence's law is two-sided and the class is
a linear subspace. The divergence says what its reach is. g = f_sw makes both true of any two predictors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts import Divergence
from w2s_bench.scoring.arrays import Array, as_rows, check_same_shape
from w2s_bench.scoring.intervals import Estimate, estimate
from w2s_bench.scoring.shares import share
from w2s_bench.scoring.verdict import ROUNDING


@dataclass(frozen=True)
class Check:
    """What labels for a part of the examples say. All in the divergence's unit, all paired, on the labelled examples.

    epsilon: error of the ceiling, or of the student itself where none is given (`epsilon_from` says which). band: how far the
    law lets the gain be from the misfit there, the divergence's reach; two_sided: upwards too. inside: whether the gain is.
    """

    err_weak: Estimate
    err_student: Estimate
    gain: Estimate
    misfit: Estimate
    gain_less_misfit: Estimate
    predicted_err: Estimate
    epsilon: Estimate
    epsilon_from: str
    band: float
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
    return Accuracies(share(of_weak), share(of_student), estimate(of_student - of_weak))


def _named(f: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """The likeliest class of each row (n,), the first of several."""
    return np.asarray(as_rows(f, "probabilities").argmax(axis=1))


def predicted_gain(student: npt.ArrayLike, weak: npt.ArrayLike, loss: Divergence) -> Estimate:
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


def predicted_error(err_weak: float, misfit: Estimate) -> Estimate:
    """err_weak − misfit for a teacher's error that is known from elsewhere and taken as exact."""
    return Estimate(err_weak - misfit.mean, misfit.se, err_weak - misfit.high, err_weak - misfit.low, misfit.n)


def check_prediction(student: npt.ArrayLike, weak: npt.ArrayLike, truth: npt.ArrayLike, ceiling: npt.ArrayLike | None,
                     loss: Divergence) -> Check:
    """The same examples seen with their labels. All (m, k), the examples that have a label.

    Without a ceiling ε is the student's own error: an upper estimate of the best in its class, because it is in it.
    Raises ShapeError and DomainError.
    """
    y, (f_w, f_sw) = loss.conform_truth(np.asarray(truth)), _paired(loss, weak, student)
    check_same_shape(y, f_w, "truth and weak")
    err_weak, err_student = loss.between(y, f_w), loss.between(y, f_sw)
    misfit = loss.between(f_sw, f_w)
    epsilon = err_student if ceiling is None else loss.between(y, loss.conform(np.asarray(ceiling)))
    m, e, gain = estimate(misfit), estimate(epsilon), estimate(err_weak - err_student)
    band = loss.reach(m.mean, e.mean, float(loss.spread(f_sw, f_w).mean()))
    two_sided = loss.two_sided or ceiling is None
    apart, rounding = gain.mean - m.mean, ROUNDING * float(err_weak.mean() + err_student.mean() + misfit.mean())
    return Check(
        estimate(err_weak), estimate(err_student), gain, m, estimate(err_weak - err_student - misfit),
        estimate(err_weak - misfit), e, "student" if ceiling is None else "ceiling", band, two_sided,
        apart >= -band - rounding and (not two_sided or apart <= band + rounding),
    )


def _paired(loss: Divergence, weak: npt.ArrayLike, student: npt.ArrayLike) -> tuple[Array, Array]:
    f_w, f_sw = loss.conform(np.asarray(weak)), loss.conform(np.asarray(student))
    check_same_shape(f_w, f_sw, "weak and student")
    return f_w, f_sw
