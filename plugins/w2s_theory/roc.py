"""The area under the ROC curve of two classes, and the paired interval of a difference of two (DeLong et al. 1988)."""

from __future__ import annotations

import math

import numpy as np

from w2s_bench.contracts import Array, Measured
from w2s_theory.ranks import midranks


def auroc(truth: Array, prediction: Array) -> float:
    """AUROC of class 1 against class 0; both (n, 2), both classes occur."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(_of_class_1(truth), prediction[:, 1]))


def auroc_gain(truth: Array, weak: Array, student: Array) -> Measured:
    """auroc(student) − auroc(weak). Each class has two examples or more.

    AUROC is a two-sample U-statistic; its variance is that of its structural components V10 (one a positive) and V01 (one a
    negative), and a difference of two AUROCs has the differences of their components:

        se² = var(V10_sw − V10_w)/m + var(V01_sw − V01_w)/n
    """
    positive = _of_class_1(truth)
    parts = [a - b for a, b in zip(_components(student[:, 1], positive), _components(weak[:, 1], positive), strict=True)]
    se = math.sqrt(sum(float(part.var(ddof=1)) / part.size for part in parts))
    return Measured(float(parts[0].mean()), se)


def binary_counts(truth: Array) -> tuple[int, int]:
    """Examples of class 0 and of class 1; truth: (n, 2)."""
    ones = int(_of_class_1(truth).sum())
    return len(truth) - ones, ones


def _of_class_1(truth: Array) -> Array:
    ones: Array = np.equal(truth.argmax(axis=1), 1)
    return ones


def _components(scores: Array, positive: Array) -> tuple[Array, Array]:
    """V10 (m,): for each positive, the share of negatives ranked below it, ties half; V01 (n,) likewise for negatives.

    From midranks among all and among their own kind, O(N log N) (Sun and Xu 2014).
    """
    among_all = midranks(scores)
    above, below = (among_all[kind] - midranks(scores[kind]) for kind in (positive, ~positive))
    return above / below.size, 1.0 - below / above.size
