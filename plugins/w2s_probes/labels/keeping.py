"""Which rows a filter keeps once each of them has a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from w2s_bench.contracts import Array

Among = Literal["classes", "all"]


@dataclass(frozen=True)
class Verdict:
    """scores: (n,), the larger the more a row is trusted, −inf for one that is never kept for its score.
    passing: (n,) bool, the rows that the criterion keeps where no share is asked for."""

    scores: Array
    passing: Array


def kept_rows(verdict: Verdict, classes: Array, keep: float | str, among: Among, known: Array | None = None) -> Array:
    """Row numbers that are kept, in order.

    classes: (n,) the class that each label speaks for. keep: a share in (0, 1], or "auto" for the passing rows.
    among: "classes" keeps the best share of each class, so that their proportions stay; "all" the best share of all rows.
    Shares are rounded half up, and ties go to the earlier row. Whatever the share: rows whose label is known to be true
    stay, every class that had a row keeps its best one, and two rows stay where there are two.
    """
    scores = verdict.scores
    best = np.argsort(-scores, kind="stable")
    by_class = [best[classes[best] == label] for label in np.unique(classes)]
    chosen = verdict.passing.copy() if keep == "auto" else np.zeros(len(scores), dtype=bool)
    if keep != "auto":
        for group in by_class if among == "classes" else [best]:
            first = group[:int(np.floor(float(keep) * len(group) + 0.5))]
            chosen[first[scores[first] > -np.inf]] = True
    if known is not None:
        chosen |= known
    for group in by_class:
        if not chosen[group].any():
            chosen[group[0]] = True
    chosen[best[:2]] |= chosen.sum() < 2
    return np.flatnonzero(chosen)
