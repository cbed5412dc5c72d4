"""Labels replaced by what a smoother says about each row from the labels of the others."""

from __future__ import annotations

from dataclasses import dataclass

from w2s_bench.contracts import Array, FitProblem, Strategy
from w2s_probes.labels.blocks import own_features
from w2s_probes.labels.neighbours import nearest_others
from w2s_probes.labels.out_of_fold import out_of_fold
from w2s_probes.labels.relabelled import with_changed
from w2s_probes.labels.wrapped import CLASSES, Procedure, Shared, Wrapper
from w2s_probes.standardise import check_labels


@dataclass(frozen=True, kw_only=True)
class Relabel(Wrapper):
    """Fits the student on smoothed labels.

    Relabelling as in EleutherAI's w2s code ("Experiments in weak-to-strong generalization", 2024): the label of a row
    becomes the mean label of its nearest rows, itself left out (by=knn), or the answer of a logistic probe (by=logistic),
    which here is fitted on the other folds, where theirs is fitted on the row itself too. The neighbours are sought in
    the student's own features, standardised. Rows known to be true keep their label.
    by: "knn" or "logistic" (classes only). neighbours: how many nearest rows, for knn; all the others where there are fewer.
    """

    student: Strategy
    by: str = "knn"
    neighbours: int = 20

    @property
    def outputs(self) -> frozenset[str]:
        """What the student handles; classes only for by=logistic."""
        return self.student.outputs if self.by == "knn" else self.student.outputs & CLASSES

    def procedure(self, problem: FitProblem, shared: Shared) -> Procedure:
        """One fit. Raises Diverged where there are no features or a single row."""
        check_labels(problem)
        features = own_features(problem, f"relabel[by={self.by}]")
        if self.by == "logistic":
            return (yield with_changed(problem, lambda values: out_of_fold(features, values, problem)))
        near = shared.once(problem, "neighbours", lambda: nearest_others(features, self.neighbours))
        return (yield with_changed(problem, lambda values: _mean(values, near)))


def _mean(values: Array, near: Array) -> Array:
    mean: Array = values[near].mean(axis=1)
    return mean
