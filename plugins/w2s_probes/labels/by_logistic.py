"""Trust the labels that a logistic fit on the other rows expects."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array
from w2s_probes.labels.keeping import Verdict

SMALLEST = 1e-7
"""Probabilities are not taken to be smaller than what the scorer clips at."""


def judge_by_logistic(values: Array, expected: Array) -> Verdict:
    """Scores are minus the cross-entropy of a label under the held-out fit, in nats; rows of the expected class pass.

    Filtering by a linear probe as EleutherAI do ("Experiments in weak-to-strong generalization", 2024), with held-out
    answers as in confident learning (Northcutt et al. 2021, arXiv 1911.00068) where theirs are of the fit itself.
    values: (n, k) rows of the simplex; expected: (n, k) out-of-fold probabilities.
    """
    surprise = -(values * np.log(np.maximum(expected, SMALLEST))).sum(axis=1)
    return Verdict(-surprise, values.argmax(axis=1) == expected.argmax(axis=1))
