"""Rows whose label is trusted least are left out of the fit."""

from __future__ import annotations

from dataclasses import dataclass

from w2s_bench.contracts import FitProblem, Strategy
from w2s_probes.labels.blocks import own_features
from w2s_probes.labels.by_confidence import judge_by_confidence
from w2s_probes.labels.by_knn import judge_by_knn
from w2s_probes.labels.by_logistic import judge_by_logistic
from w2s_probes.labels.by_overlap import judge_by_overlap
from w2s_probes.labels.by_topology import judge_by_topology
from w2s_probes.labels.keeping import Among, Verdict, kept_rows
from w2s_probes.labels.neighbours import nearest_others
from w2s_probes.labels.out_of_fold import out_of_fold
from w2s_probes.labels.relabelled import of_rows
from w2s_probes.labels.wrapped import CLASSES, Procedure, Shared, Wrapper
from w2s_probes.standardise import check_labels


@dataclass(frozen=True, kw_only=True)
class Filter(Wrapper):
    """Fits the student on the rows that a criterion trusts most.

    by: the criterion, each in a module of its own that names its paper: "confidence", "knn", "logistic", "topology",
    "overlap". keep: share of the rows, or "auto" for those that the criterion itself would keep.
    among: "classes" keeps that share of each class of the labels, "all" of the rows together (`kept_rows` says what is
    kept in any case). neighbours: how many nearest rows, for knn and topology, in the student's own standardised features.
    Soft labels stay soft; truth is filtered like weak labels, so that the ceiling is fitted on as many rows.
    """

    student: Strategy
    by: str = "confidence"
    keep: float | str = 0.5
    among: Among = "classes"
    neighbours: int = 20

    @property
    def outputs(self) -> frozenset[str]:
        """Classes, where the student handles them."""
        return self.student.outputs & CLASSES

    def procedure(self, problem: FitProblem, shared: Shared) -> Procedure:
        """One fit. Raises Diverged where the criterion needs features and there are none."""
        check_labels(problem)
        labels = problem.labels
        rows = kept_rows(self.judge(problem, shared), labels.values.argmax(axis=1), self.keep, self.among, labels.known)
        return (yield of_rows(problem, rows))

    def judge(self, problem: FitProblem, shared: Shared) -> Verdict:
        """What the criterion says about each row."""
        values = problem.labels.values
        if self.by == "confidence":
            return judge_by_confidence(values)
        features = own_features(problem, f"filter[by={self.by}]")
        if self.by == "overlap":
            return judge_by_overlap(features, values)
        if self.by == "logistic":
            return judge_by_logistic(values, out_of_fold(features, values, problem))
        near = shared.once(problem, "neighbours", lambda: nearest_others(features, self.neighbours))
        return judge_by_knn(values, near) if self.by == "knn" else judge_by_topology(features, values, near)
