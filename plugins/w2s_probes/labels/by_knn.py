"""Trust the labels that their neighbours share."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array
from w2s_probes.labels.keeping import Verdict


def judge_by_knn(values: Array, neighbours: Array) -> Verdict:
    """Scores are minus the total variation between a label and the mean label of its neighbours; rows of one class pass.

    EleutherAI's filter by neighbours ("zeta" in their w2s code, after the ζ-filter of Wu et al. 2020, arXiv 2012.04835),
    which for two classes is |y − mean y|. values: (n, k) rows of the simplex; neighbours: (n, c) row numbers. A row passes
    where its largest class is that of the mean.
    """
    mean = values[neighbours].mean(axis=1)
    apart = 0.5 * np.abs(values - mean).sum(axis=1)
    return Verdict(-apart, values.argmax(axis=1) == mean.argmax(axis=1))
