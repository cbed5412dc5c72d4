"""Labels and answers that are probabilities of classes."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, Diverged, FitProblem
from w2s_probes.standardise import check_labels

KL_CLIP = 1e-7
"""What the scorer clips probabilities to before it takes `kl`."""

ROW_SUM_TOLERANCE = 1e-5
"""A row of probabilities may miss a sum of 1 by this much, as for the scorer: float32 softmax over many classes does."""


def distributions_of(values: Array, where: str) -> Array:
    """Values (n, k) as float64 rows with sum 1 exactly; raises Diverged where they are no probabilities."""
    rows: Array = np.asarray(values, dtype=np.float64)
    total = rows.sum(axis=1)
    bad = ~((rows >= 0.0).all(axis=1) & (np.abs(total - 1.0) <= ROW_SUM_TOLERANCE))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise Diverged(f"row {first} is no distribution over classes: entries from {rows[first].min():.3g} to "
                       f"{rows[first].max():.3g} with sum {total[first]:.6g}", where=where,
                       hint="class probabilities are ≥ 0 and have sum 1")
    normal: Array = rows / total[:, None]
    return normal


def label_distributions(problem: FitProblem) -> Array:
    """The labels of a problem as `distributions_of`; raises Diverged for a wrong shape too."""
    check_labels(problem)
    return distributions_of(problem.labels.values, f"{problem.labels.source} labels")


def are_hard(labels: Array) -> bool:
    """Whether every row (n, k) gives all its mass to one class."""
    return bool((labels.max(axis=1) == 1.0).all())


def clipped(probabilities: Array, axis: int = -1) -> Array:
    """Probabilities clipped to [KL_CLIP, 1] and renormalised, as the scorer does."""
    out = np.clip(probabilities, KL_CLIP, 1.0)
    out /= out.sum(axis=axis, keepdims=True)
    return out


def softmax(logits: Array, axis: int = -1) -> Array:
    """Logits to probabilities along an axis."""
    out: Array = np.exp(logits - logits.max(axis=axis, keepdims=True))
    out /= out.sum(axis=axis, keepdims=True)
    return out
