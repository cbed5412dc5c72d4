"""Rows whose label is trusted least are left out of the fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, FitProblem, Strategy
from w2s_probes.labels.blocks import own_features
from w2s_probes.labels.by_chance import judge_by_chance
from w2s_probes.labels.by_confidence import judge_by_confidence
from w2s_probes.labels.by_knn import judge_by_knn
from w2s_probes.labels.by_logistic import judge_by_logistic
from w2s_probes.labels.by_overlap import judge_by_overlap
from w2s_probes.labels.by_projection import judge_by_projection
from w2s_probes.labels.by_topology import judge_by_topology
from w2s_probes.labels.keeping import Among, Verdict, kept_rows
from w2s_probes.labels.neighbours import nearest_others
from w2s_probes.labels.out_of_fold import out_of_fold
from w2s_probes.labels.relabelled import of_rows
from w2s_probes.labels.wrapped import CLASSES, Procedure, Shared, Wrapper
from w2s_probes.standardise import check_labels

OF_ANY_OUTPUT = ("projection-gap", "random")
"""Criteria that read labels as numbers, or not at all; the others need classes."""


@dataclass(frozen=True, kw_only=True)
class Filter(Wrapper):
    """Fits the student on the rows that a criterion trusts most.

    by: the criterion, each in a module of its own that names its paper: "confidence", "knn", "logistic", "topology",
    "overlap", "projection-gap", and "random", the control that keeps as many rows for no reason. None is shown the truth of a
    row with a weak label. keep: share of the rows, or "auto" for those that the criterion itself would keep.
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
        """What the student handles; classes alone where the criterion needs them."""
        return self.student.outputs if self.by in OF_ANY_OUTPUT else self.student.outputs & CLASSES

    def procedure(self, problem: FitProblem, shared: Shared) -> Procedure:
        """One fit. Raises Diverged where the criterion needs features and there are none."""
        check_labels(problem)
        rows = kept_rows(self.judge(problem, shared), spoken_for(problem), self.keep, self.among, problem.labels.known)
        return (yield of_rows(problem, rows))

    def judge(self, problem: FitProblem, shared: Shared) -> Verdict:
        """What the criterion says about each row."""
        values = problem.labels.values
        if self.by == "confidence":
            return judge_by_confidence(values)
        if self.by == "random":
            return judge_by_chance(len(values), problem.context.seed)
        features = own_features(problem, f"filter[by={self.by}]")
        if self.by == "overlap":
            return judge_by_overlap(features, values)
        if self.by == "projection-gap":
            return judge_by_projection(features, values)
        if self.by == "logistic":
            return judge_by_logistic(values, out_of_fold(features, values, problem))
        near = shared.once(problem, "neighbours", lambda: nearest_others(features, self.neighbours))
        return judge_by_knn(values, near) if self.by == "knn" else judge_by_topology(features, values, near)


def spoken_for(problem: FitProblem) -> Array:
    """(n,) the class that each label speaks for; one and the same where labels are numbers."""
    values = problem.labels.values
    classes: Array = values.argmax(axis=1) if problem.context.output.kind == "classes" else np.zeros(len(values), dtype=np.int64)
    return classes
