"""Trust the labels that the student's own class can nearly say."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, Diverged
from w2s_probes.labels.change_point import threshold_of
from w2s_probes.labels.keeping import Verdict
from w2s_probes.standardise import check_features, row_blocks, standard_of

RIDGE = 0.1
"""The kernel is regularised by this share of its mean eigenvalue, as in the column projection_gap."""


def judge_by_projection(features: Array, values: Array) -> Verdict:
    """Scores are minus the projection gap of each row; rows from the change point of the sorted scores on pass.

    Charikar, Pabbaraju & Shiragur (2024, arXiv 2405.15116): a student projects the weak labels onto its class, and the
    distance to what it is left with is the misfit. Xue, Li & Mirzasoleiman (2025, arXiv 2502.00620) project by the kernel
    P = K (K + ridge)⁻¹ of the features. The gap of one example is ours: `projection_gaps`. No truth is read.
    features: (n, d); values: (n, k) weak labels.
    """
    scores = -projection_gaps(features, values)
    return Verdict(scores, scores >= threshold_of(scores))


def projection_gaps(features: Array, values: Array) -> Array:
    """‖y_i − ŷ₋ᵢ(x_i)‖, (n,) in the units of the labels: how far a label is from the projection of all other labels.

        ŷ₋ᵢ(x_i) = the ridge fit, with an intercept, on every row but i;   y_i − ŷ₋ᵢ(x_i) = (y − P y)_i / (1 − P_ii)

    P = 11ᵀ/n + Z (ZᵀZ + RIDGE·tr(ZᵀZ)/n·I)⁻¹ Zᵀ for standardised features Z (n, r). Left out, because a row far from the
    others would otherwise project onto its own label. features: (n, d); values: (n, k). Raises Diverged for features that
    are not finite and for a single row.
    """
    check_features(features)
    n = len(features)
    if n < 2:
        raise Diverged("a single row cannot be left out", where="filter[by=projection-gap]")
    standard = standard_of(features)
    centred = values - values.mean(axis=0)
    r = len(standard.kept)
    gram, cross = np.zeros((r, r)), np.zeros((r, values.shape[1]))
    for rows in row_blocks(n):
        z = standard(features[rows])
        gram += z.T @ z
        cross += z.T @ centred[rows]
    inverse = np.linalg.inv(gram + RIDGE * np.trace(gram) / n * np.eye(r))
    weight = inverse @ cross
    gaps = np.empty(n)
    for rows in row_blocks(n):
        z = standard(features[rows])
        left = np.maximum(1.0 - 1.0 / n - ((z @ inverse) * z).sum(axis=1), np.finfo(np.float64).eps)
        gaps[rows] = np.sqrt(((centred[rows] - z @ weight) ** 2).sum(axis=1)) / left
    return gaps
