"""Problems with other labels or fewer rows than the one that a wrapper was given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from w2s_bench.contracts import Array, FitProblem


def with_values(problem: FitProblem, values: Array) -> FitProblem:
    """The problem with these labels (n, k), rows that hold the truth kept, and no members."""
    known = problem.labels.known
    if known is not None:
        values = np.where(known[:, None], problem.labels.values, values)
    return replace(problem, labels=replace(problem.labels, values=values, members=None))


def with_changed(problem: FitProblem, change: Callable[[Array], Array]) -> FitProblem:
    """The problem with change(labels) (n, k) -> (n, k) for its labels, and for those of each member."""
    members = problem.labels.members
    changed = with_values(problem, change(problem.labels.values))
    if members is None:
        return changed
    return replace(changed, labels=replace(changed.labels, members=np.stack([change(member) for member in members])))


def of_rows(problem: FitProblem, rows: Array) -> FitProblem:
    """The problem on these rows, in this order, perhaps repeated; itself where they are all of its rows."""
    if np.array_equal(rows, np.arange(len(problem.features))):
        return problem
    labels = problem.labels
    kept = replace(labels, values=labels.values[rows],
                   known=None if labels.known is None else labels.known[rows],
                   members=None if labels.members is None else labels.members[:, rows])
    inputs = None if problem.inputs is None else {name: column[rows] for name, column in problem.inputs.items()}
    key = problem.features_key
    if key:
        key = f"{key}:{hashlib.sha256(np.asarray(rows, dtype=np.int64).tobytes()).hexdigest()[:16]}"
    return replace(problem, features=problem.features[rows], labels=kept, inputs=inputs, features_key=key)
