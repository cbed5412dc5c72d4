"""Sampled labels: one class drawn per row from the soft label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, FitProblem, Strategy, generator_for
from w2s_probes.labels.relabelled import with_changed
from w2s_probes.labels.wrapped import CLASSES, Procedure, Shared, Wrapper
from w2s_probes.standardise import check_labels


@dataclass(frozen=True, kw_only=True)
class Sampled(Wrapper):
    """Fits the student on one-hot labels drawn from the weak model's probabilities.

    The other side of the comparison in Menon et al. ("A statistical perspective on distillation", ICML 2021, arXiv
    2005.10419): a one-hot draw has the soft label as its mean, so the objective is the same on average and its variance
    is larger. Fitting on both says what that variance costs. One draw a row; no draw is repeated in later epochs.
    """

    student: Strategy

    @property
    def outputs(self) -> frozenset[str]:
        """Classes, where the student handles them."""
        return self.student.outputs & CLASSES

    def procedure(self, problem: FitProblem, shared: Shared) -> Procedure:
        """One fit; the draws depend on the context's seed and on nothing else, members by the same draws."""
        check_labels(problem)
        uniform = generator_for("sampled labels", seed=problem.context.seed).random(len(problem.labels.values))
        return (yield with_changed(problem, lambda values: drawn(values, uniform)))


def drawn(values: Array, uniform: Array) -> Array:
    """One-hot rows (n, k): class j where uniform (n,) in [0, 1) falls into the j-th part of the row's probabilities."""
    reached = values.cumsum(axis=1)
    chosen = (uniform[:, None] * reached[:, -1:] >= reached).sum(axis=1)
    one_hot: Array = np.eye(values.shape[1])[chosen]
    return one_hot
