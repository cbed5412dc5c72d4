"""The gain that a misfit predicts, from predictions alone, and how far the law lets the gain be from it.

Charikar et al. (arXiv 2405.15116): for an exact projection onto a convex class the gain is the misfit m up to a term of
the distance ε = D(y, g) between the truth and a predictor g of the class. With the constant of Cauchy–Schwarz written out,

    m − 2√(mε) ≤ gain              convex class, exact projection
    gain ≤ m + 2√(mε)              the class is a linear subspace

for the quadratic divergences. g = f_sw makes both true of any two predictors: it is the triangle inequality. For `kl`, after
Mulgund and Pabbaraju (arXiv 2501.19105), with ε = E KL(y ‖ g) and osc = max_k − min_k of ln(f_sw,k / f_w,k),

    m − √(½ε·E osc²) ≤ gain        class convex in probabilities, student argmin of KL(f ‖ f_w)

without an upper end, unless g = f_sw, when it binds any two predictors on both sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_bench.scoring.arrays import Array, as_column, as_rows
from w2s_bench.scoring.bounds_kl import squared_oscillation
from w2s_bench.scoring.divergence import Divergence
from w2s_bench.scoring.intervals import Estimate, estimate
from w2s_bench.scoring.shares import share
from w2s_bench.scoring.verdict import ROUNDING

BANDED = ("squared", "squared-mean", "brier")
"""Divergences whose gain the explicit form of Theorem 2 keeps in a band about the misfit."""


@dataclass(frozen=True)
class Check:
    """What labels for a part of the examples say. All in the divergence's unit, all paired, on the labelled examples.

    epsilon: error of the ceiling, or of the student itself where none is given (`epsilon_from` says which). band: how far the
    law lets the gain be from the misfit there, 2√(mε) or √(½ε·E osc²); two_sided: upwards too. inside: whether the gain is.
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


def explicit_band(misfit: npt.ArrayLike, epsilon: npt.ArrayLike) -> Array:
    """Half-width 2√(m·ε) of the band about the misfit, cell by cell (n,), in the unit of both; at least the misfit, so that
    no gain is promised, from ε = m/4 on."""
    m, e = as_column(misfit, "misfit"), as_column(epsilon, "epsilon")
    width: Array = 2.0 * np.sqrt(np.maximum(m * e, 0.0))
    return width


def inside_band(gain: npt.ArrayLike, misfit: npt.ArrayLike, epsilon: npt.ArrayLike,
                scale: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether |gain − m| ≤ 2√(mε), cell by cell (n,), up to float64 rounding beside `scale`, the size of the errors."""
    apart = np.abs(as_column(gain, "gain") - as_column(misfit, "misfit"))
    met: npt.NDArray[np.bool_] = apart <= explicit_band(misfit, epsilon) + ROUNDING * as_column(scale, "scale")
    return met


def kl_band(epsilon: float, squared_osc: npt.ArrayLike) -> float:
    """How far the gain may be below the misfit, √(½·ε·E osc²) in nats. squared_osc: (n,), see `squared_oscillation`."""
    return math.sqrt(max(0.5 * epsilon * float(as_column(squared_osc, "squared_osc").mean()), 0.0))


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
    return estimate(loss.between(student, weak))


def predicted_error(err_weak: float, misfit: Estimate) -> Estimate:
    """err_weak − misfit for a teacher's error that is known from elsewhere and taken as exact."""
    return Estimate(err_weak - misfit.mean, misfit.se, err_weak - misfit.high, err_weak - misfit.low, misfit.n)


def check_prediction(student: npt.ArrayLike, weak: npt.ArrayLike, truth: npt.ArrayLike, ceiling: npt.ArrayLike | None,
                     loss: Divergence) -> Check:
    """The same examples seen with their labels. All (m, k), the examples that have a label.

    Without a ceiling ε is the student's own error: an upper estimate of the best in its class, because it is in it.
    Raises ShapeError and DomainError.
    """
    err_weak, err_student = loss.between(truth, weak), loss.between(truth, student)
    misfit = loss.between(student, weak)
    epsilon = err_student if ceiling is None else loss.between(truth, ceiling)
    m, e, gain = estimate(misfit), estimate(epsilon), estimate(err_weak - err_student)
    quadratic = loss.name in BANDED
    band = 2.0 * math.sqrt(max(m.mean * e.mean, 0.0)) if quadratic else kl_band(e.mean, squared_oscillation(student, weak))
    two_sided = quadratic or ceiling is None
    apart, rounding = gain.mean - m.mean, ROUNDING * float(err_weak.mean() + err_student.mean() + misfit.mean())
    return Check(
        estimate(err_weak), estimate(err_student), gain, m, estimate(err_weak - err_student - misfit),
        estimate(err_weak - misfit), e, "student" if ceiling is None else "ceiling", band, two_sided,
        apart >= -band - rounding and (not two_sided or apart <= band + rounding),
    )
