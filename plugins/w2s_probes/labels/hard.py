"""Hard labels: the most probable class, with probability one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, FitProblem, Strategy
from w2s_probes.labels.relabelled import with_changed
from w2s_probes.labels.wrapped import CLASSES, Procedure, Shared, Wrapper
from w2s_probes.standardise import check_labels


@dataclass(frozen=True, kw_only=True)
class Hard(Wrapper):
    """Fits the student on one-hot labels.

    The pseudo-label of Lee ("Pseudo-Label", ICML 2013 workshop): the class with the largest probability as if it were
    true. Only the labels are taken from there, not the weight that grows while training. Ties go to the first class.
    """

    student: Strategy

    @property
    def outputs(self) -> frozenset[str]:
        """Classes, where the student handles them."""
        return self.student.outputs & CLASSES

    def procedure(self, problem: FitProblem, shared: Shared) -> Procedure:
        """One fit."""
        check_labels(problem)
        return (yield with_changed(problem, one_hot))


def one_hot(values: Array) -> Array:
    """Labels (n, k) as rows of the identity: 1 at the largest value, the first of them where several are."""
    hard: Array = np.eye(values.shape[1])[values.argmax(axis=1)]
    return hard
