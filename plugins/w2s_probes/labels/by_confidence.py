"""Trust the labels that are surest."""

from __future__ import annotations

from w2s_bench.contracts import Array
from w2s_probes.labels.change_point import threshold_of
from w2s_probes.labels.keeping import Verdict


def confidence(values: Array) -> Array:
    """(k·max p − 1)/(k − 1) of each row of the simplex (n, k): 0 for the uniform row, 1 for a hard one, 2·|p − ½| at k = 2."""
    k = values.shape[1]
    sure: Array = (k * values.max(axis=1) - 1) / max(k - 1, 1)
    return sure


def judge_by_confidence(values: Array) -> Verdict:
    """Scores are the largest probability, put on [0, 1]; rows from the change point on pass.

    The first half of the overlap detection of Shin et al. (2024, arXiv 2412.03881), where rows below the change point of
    the sorted confidences count as hard. values: (n, k) rows of the simplex.
    """
    sure = confidence(values)
    return Verdict(sure, sure >= threshold_of(sure))
