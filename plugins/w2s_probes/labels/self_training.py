"""A student refitted on its own confident answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import FitProblem, Strategy
from w2s_probes.labels.by_confidence import judge_by_confidence
from w2s_probes.labels.hard import one_hot
from w2s_probes.labels.inner_fits import inner_fits
from w2s_probes.labels.keeping import kept_rows
from w2s_probes.labels.relabelled import of_rows, with_values
from w2s_probes.labels.wrapped import CLASSES, Procedure, Shared, Wrapper, answers_on
from w2s_probes.standardise import check_labels


@dataclass(frozen=True, kw_only=True)
class SelfTraining(Wrapper):
    """Fits the student on the given labels, then on hard labels of its own for the rows that it is surest of, and again.

    Self-training (Scudder, "Probability of error of some adaptive pattern-recognition machines", 1965) as analysed by
    Wei, Shen, Chen & Ma (ICLR 2021, arXiv 2010.03622): a new model is fitted on the pseudolabels of the one before. The
    given labels serve the first fit alone; the input-consistency term of the analysis is not taken, since frozen features
    have no augmentations. keep: share of the rows in each pseudo-class that is kept, the most confident first. rounds:
    refits after the first fit. Rows known to be true stay, with their label.
    """

    student: Strategy
    rounds: int = 1
    keep: float = 0.5

    @property
    def outputs(self) -> frozenset[str]:
        """Classes, where the student handles them."""
        return self.student.outputs & CLASSES

    def procedure(self, problem: FitProblem, shared: Shared) -> Procedure:
        """rounds + 1 fits."""
        check_labels(problem)
        fits = inner_fits(self.student, problem)
        known = problem.labels.known
        predictor = yield from fits.fit(problem)
        for _ in range(self.rounds):
            answers = answers_on(predictor, problem)
            pseudo = with_values(problem, one_hot(answers))
            classes = np.asarray(pseudo.labels.values).argmax(axis=1)
            rows = kept_rows(judge_by_confidence(answers), classes, self.keep, "classes", known)
            predictor = yield from fits.fit(of_rows(pseudo, rows))
        return predictor
