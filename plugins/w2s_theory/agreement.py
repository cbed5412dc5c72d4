"""Where a student and its teacher name the same class, and what their disagreements are worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from w2s_bench.contracts import Array, MetricColumn, Missing, Sample, Value

BURNS = "Burns et al. 2023"

CERTAIN = 1e-12
"""Two predictors that agree by chance up to this share of the time leave nothing for CAPA to measure."""


class Agreement:
    """Shares of examples in [0, 1], of classes named by argmax, and the 0/1 identity

        gain_acc = P(weak wrong, student right) − P(weak right, student wrong)

    whose residue is found from counts of examples, so exactly 0.
    """

    of: Literal["predictor", "pair"] = "pair"
    outputs = frozenset({"classes"})
    columns = (
        MetricColumn(name="agreement", unit="1", meaning="share of test examples where student and weak name one class",
                     uses_truth=False),
        MetricColumn(name="agreement_weak_right", unit="1", meaning="the same where the weak supervisor is right", source=BURNS),
        MetricColumn(name="agreement_weak_wrong", unit="1", meaning="the same where the weak supervisor is wrong", source=BURNS,
                     better="lower"),
        MetricColumn(name="weak_wrong_student_right", unit="1", meaning="P(weak wrong, student right)", better="higher"),
        MetricColumn(name="weak_right_student_wrong", unit="1", meaning="P(weak right, student wrong)", better="lower"),
        MetricColumn(name="residue_01", unit="1", meaning="|gain_accuracy − (the difference of the two)|, counted: 0"),
    )

    def __call__(self, sample: Sample, prediction: Array) -> Mapping[str, Value]:
        right, of_weak, of_student = (v.argmax(axis=1) for v in (sample.truth, sample.predicted.weak, prediction))
        weak_right, student_right, same = of_weak == right, of_student == right, of_student == of_weak
        n = len(right)
        mended = int((~weak_right & student_right).sum())
        spoilt = int((weak_right & ~student_right).sum())
        gained = int(student_right.sum()) - int(weak_right.sum())
        return {
            "agreement": int(same.sum()) / n,
            "agreement_weak_right": _share(same[weak_right]),
            "agreement_weak_wrong": _share(same[~weak_right]),
            "weak_wrong_student_right": mended / n,
            "weak_right_student_wrong": spoilt / n,
            "residue_01": abs(gained - (mended - spoilt)) / n,
        }


class CAPA:
    """Chance adjusted probabilistic agreement κ_p of student and teacher (Goel et al. 2025, arXiv 2502.04313).

        κ_p = (c_obs − c_exp) / (1 − c_exp)
        c_obs = mean over examples of Σ_c p1(c)·p2(c)
        c_exp = p̄1·p̄2 + (1 − p̄1)·(1 − p̄2)/(k − 1),    p̄ = mean probability put on the right class

    c_exp is what two predictors of these mean probabilities would agree by chance, the rest spread evenly over the wrong
    classes. 0 is chance, 1 one and the same certain predictor. Undefined where c_exp is 1: nothing is left to adjust.
    """

    of: Literal["predictor", "pair"] = "pair"
    outputs = frozenset({"classes"})
    columns = (MetricColumn(name="capa", unit="1", source="Goel et al. 2025",
                            meaning="CAPA: agreement of weak and student beyond what their accuracies imply"),)

    def __call__(self, sample: Sample, prediction: Array) -> Mapping[str, Value]:
        return {"capa": capa(sample.truth, sample.predicted.weak, prediction)}


def capa(truth: Array, first: Array, second: Array) -> float | Missing:
    """κ_p of two predictors; all (n, k)."""
    k = truth.shape[1]
    if k == 1:
        return Missing("capa: there is one class")
    rows, right = np.arange(len(truth)), truth.argmax(axis=1)
    observed = float(np.einsum("nk,nk->n", first, second).mean())
    on_right_1, on_right_2 = float(first[rows, right].mean()), float(second[rows, right].mean())
    expected = on_right_1 * on_right_2 + (1.0 - on_right_1) * (1.0 - on_right_2) / (k - 1)
    if 1.0 - expected <= CERTAIN:
        return Missing("capa: both are certain and right, so chance explains all agreement")
    return float((observed - expected) / (1.0 - expected))


def _share(same: Array) -> float | None:
    return int(same.sum()) / same.size if same.size else None
