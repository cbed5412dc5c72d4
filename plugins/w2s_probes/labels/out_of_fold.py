"""What a logistic fit on the other rows says about each row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from w2s_bench.contracts import Array, Diverged, FitProblem, Labels, generator_for
from w2s_probes.labels.relabelled import of_rows
from w2s_probes.logistic import Logistic

FOLDS = 5
PENALTY = 1e-3
"""Weight of ‖W‖² in the smoother; EleutherAI's probes for label cleaning use the same figure."""


def folds_of(n: int, seed: int) -> Array:
    """Fold number (n,) of each row: as equal in size as they can be, by the named seed; each row alone where n < FOLDS.

    Raises Diverged for fewer than two rows.
    """
    if n < 2:
        raise Diverged("a single row cannot be held out", where="logistic smoother")
    order = generator_for("label folds", seed=seed).permutation(n)
    folds = np.empty(n, dtype=np.int64)
    folds[order] = np.arange(n) % min(FOLDS, n)
    return folds


def out_of_fold(features: Array, values: Array, problem: FitProblem) -> Array:
    """Probabilities (n, k) of each row by a logistic head fitted on the other folds' labels.

    features: (n, d), of the cell's own model. values: (n, k) rows of the simplex. problem: gives context and key.
    """
    folds = folds_of(len(features), problem.context.seed)
    key = f"{problem.features_key}:own" if problem.features_key else ""
    whole = FitProblem(features, Labels(values, problem.labels.source), replace(problem.context, checkpoints=None), key)
    parts = range(int(folds.max()) + 1)
    heads = Logistic(penalty=PENALTY).fit_many([of_rows(whole, np.flatnonzero(folds != part)) for part in parts])
    found = np.empty_like(values)
    for part, head in zip(parts, heads, strict=True):
        if isinstance(head, Exception):
            raise head
        found[folds == part] = head.predict(features[folds == part])
    return found
