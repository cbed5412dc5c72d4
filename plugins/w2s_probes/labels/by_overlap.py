"""Trust the labels of rows that show an easy and a hard pattern at once."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array
from w2s_probes.labels.by_confidence import confidence
from w2s_probes.labels.change_point import threshold_of
from w2s_probes.labels.keeping import Verdict
from w2s_probes.standardise import row_blocks


def judge_by_overlap(features: Array, values: Array) -> Verdict:
    """Scores are the overlap scores of rows that are not hard-only, which come last; rows from the change point on pass.

    The overlap detection of Shin, Cooper & Sala ("Weak-to-strong generalization through the data-centric lens", ICLR
    2025, arXiv 2412.03881): rows whose label is less sure than the change point of the sorted confidences are hard-only;
    the overlap score of any other row is its largest absolute cosine with a hard-only row; the change point of the sorted
    scores parts overlap from easy-only rows. Their search over data sources is not taken. Cosines are of the features as
    they are. A share larger than that of the other rows is filled up with hard-only ones, the surest first. Where no
    label is less sure than others, as with hard labels, no row is hard-only, all score 0 and pass.
    features: (n, d); values: (n, k) rows of the simplex.
    """
    sure = confidence(values)
    hard = sure < threshold_of(sure)
    scores = np.zeros(len(values))
    if not hard.any():
        return Verdict(scores, ~hard)
    scores[hard] = sure[hard] - 2.0
    scores[~hard] = largest_cosine(features[~hard], features[hard])
    passing = ~hard
    passing[~hard] = scores[~hard] >= threshold_of(scores[~hard])
    return Verdict(scores, passing)


def largest_cosine(rows: Array, others: Array) -> Array:
    """max_j |cos(row_i, other_j)| for rows (n, d) and others (m, d): (n,) float64. A row of zeros has cosine 0."""
    directions = _unit(others)
    return np.concatenate([np.abs(_unit(rows[part]) @ directions.T).max(axis=1) for part in row_blocks(len(rows))])


def _unit(rows: Array) -> Array:
    rows = rows.astype(np.float64)
    length = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    unit: Array = rows / np.where(length > 0, length, 1.0)
    return unit
