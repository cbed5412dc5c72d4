"""Where a student and its teacher name the same class, and what their disagreements are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_bench.scoring.arrays import Array, check_same_shape
from w2s_bench.scoring.divergence import divergence

CERTAIN = 1e-12
"""Two predictors that agree by chance up to this share of the time leave nothing for `capa` to measure."""


@dataclass(frozen=True)
class Agreement:
    """Shares of examples in [0, 1], of classes named by argmax.

    overall: student and teacher name one class. where_weak_right, where_weak_wrong: the same among the examples where the
    teacher is right, or wrong; None where there is none. weak_wrong_student_right, weak_right_student_wrong: shares of
    all examples. gain_acc: accuracy of the student less that of the teacher. residue_01: how far it is from the
    difference of the last two shares, found from counts of examples, so exactly 0. capa: in [−1, 1] as a rule, see `capa`.
    """

    overall: float
    where_weak_right: float | None
    where_weak_wrong: float | None
    weak_wrong_student_right: float
    weak_right_student_wrong: float
    gain_acc: float
    residue_01: float
    capa: float | None


def agreement(truth: npt.ArrayLike, weak: npt.ArrayLike, student: npt.ArrayLike) -> Agreement:
    """Agreement of student and teacher on one sample. All (n, k), rows of the simplex.

        gain_acc = P(weak wrong, student right) − P(weak right, student wrong)

    Raises ShapeError and DomainError.
    """
    y, f_w, f_sw = _conformed(truth, weak, student)
    right, of_weak, of_student = (v.argmax(axis=1) for v in (y, f_w, f_sw))
    weak_right, student_right, same = of_weak == right, of_student == right, of_student == of_weak
    n = len(y)
    mended = int((~weak_right & student_right).sum())
    spoilt = int((weak_right & ~student_right).sum())
    gained = int(student_right.sum()) - int(weak_right.sum())
    return Agreement(
        overall=int(same.sum()) / n,
        where_weak_right=_share(same[weak_right]),
        where_weak_wrong=_share(same[~weak_right]),
        weak_wrong_student_right=mended / n,
        weak_right_student_wrong=spoilt / n,
        gain_acc=gained / n,
        residue_01=abs(gained - (mended - spoilt)) / n,
        capa=capa(y, f_w, f_sw),
    )


def capa(truth: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Chance adjusted probabilistic agreement κ_p of two predictors (Goel et al. 2025, arXiv 2502.04313). All (n, k).

        κ_p = (c_obs − c_exp) / (1 − c_exp)
        c_obs = mean over examples of Σ_c p1(c)·p2(c)
        c_exp = p̄1·p̄2 + (1 − p̄1)·(1 − p̄2)/(k − 1),    p̄ = mean probability put on the right class

    c_exp is what two predictors of these mean probabilities would agree by chance, the rest spread evenly over the wrong
    classes. 0 is chance, 1 one and the same certain predictor. None where c_exp is 1: nothing is left to adjust.
    Raises ShapeError and DomainError.
    """
    y, p1, p2 = _conformed(truth, first, second)
    k = y.shape[1]
    if k == 1:
        return None
    rows, right = np.arange(len(y)), y.argmax(axis=1)
    observed = float(np.einsum("nk,nk->n", p1, p2).mean())
    on_right_1, on_right_2 = float(p1[rows, right].mean()), float(p2[rows, right].mean())
    expected = on_right_1 * on_right_2 + (1.0 - on_right_1) * (1.0 - on_right_2) / (k - 1)
    return (observed - expected) / (1.0 - expected) if 1.0 - expected > CERTAIN else None


def _conformed(truth: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Array, Array, Array]:
    brier = divergence("brier")
    y, a, b = brier.conform(truth), brier.conform(first), brier.conform(second)
    check_same_shape(y, a, "truth and weak")
    check_same_shape(y, b, "truth and student")
    return y, a, b


def _share(same: npt.NDArray[np.bool_]) -> float | None:
    return int(same.sum()) / same.size if same.size else None
