"""Several weak models that label together, and students that learn which of them to believe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from w2s_bench.contracts import Array, FitProblem, Model, Strategy, UsageError
from w2s_probes.labels.blocks import OneBlock, block_columns, block_problems, count_of
from w2s_probes.labels.boosted import boosted
from w2s_probes.labels.inner_fits import inner_fits
from w2s_probes.labels.members import Members, equal_weights
from w2s_probes.labels.student_weights import Taught, taught
from w2s_probes.labels.wrapped import CLASSES, Procedure, Shared, Wrapper, untrained_of
from w2s_probes.standardise import check_labels


@dataclass(frozen=True, kw_only=True)
class Ensemble(Wrapper):
    """Fits the student once per model and lets the fits answer together, or weighs the members of a weak ensemble.

    weights, for a supervisor: "equal" averages one fit per model, as the naive ensembles that both papers compare with;
    "boosted" fits them one after another on resampled rows (EnsemW2S, Agrawal et al. 2024, arXiv 2410.04571; `boosted`).
    weights, for a student: "student" learns the weights over the members of the labels (RAVEN, Jeon et al. 2025, arXiv
    2510.21332; `student_weights`); labels without members, such as the truth, are fitted plainly.
    second, third: further models beside the cell's own; their features come as further blocks. rounds: members of the one
    model for "boosted" without further models, updates of the weights for "student". rate: step length of these.
    The predictor of a supervisor gives `members` and `weights`; that of a student the `weights` alone.
    """

    student: Strategy
    second: Model | None = None
    third: Model | None = None
    weights: Literal["equal", "boosted", "student"] = "equal"
    rounds: int = 5
    rate: float = 2.0

    def __post_init__(self) -> None:
        if self.named and self.weights == "student":
            raise UsageError("weights=student weighs the members of the weak labels; it fits no further model of its own",
                             where="ensemble", hint="name second and third in the supervisor's ensemble, not in the student's")

    @property
    def outputs(self) -> frozenset[str]:
        """What the student handles; classes only unless weights are equal."""
        return self.student.outputs if self.weights == "equal" else self.student.outputs & CLASSES

    @property
    def named(self) -> int:
        """Models beside the cell's own."""
        return count_of(self.second, self.third)

    def procedure(self, problem: FitProblem, shared: Shared) -> Procedure:
        """One fit a member, or rounds + 1 fits for weights=student."""
        check_labels(problem)
        fits = inner_fits(self.student, problem)
        if self.weights == "student":
            return (yield from taught(fits, problem, self.rounds, self.rate))
        problems, columns = block_problems(problem, self.named), block_columns(problem, self.named)
        if self.weights == "boosted":
            if not self.named:
                problems, columns = problems * self.rounds, columns * self.rounds
            fitted, shares = yield from boosted(fits, problems)
        else:
            fitted, shares = [], equal_weights(len(problems))
            for block in problems:
                fitted.append((yield from fits.fit(block)))
        return _together(fitted, columns, shares)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Members | Taught:
        """The predictor whose `to_arrays` gave `arrays`."""
        return (Taught if self.weights == "student" else Members).from_arrays(self.student, arrays)

    def untrained(self, problem: FitProblem) -> Members | Taught:
        """The members, or the student, before any label."""
        if self.weights == "student":
            return Taught(untrained_of(self.student, problem), np.zeros(0))
        problems = block_problems(problem, self.named)
        begun = [untrained_of(self.student, block) for block in problems]
        return _together(begun, block_columns(problem, self.named), equal_weights(len(problems)))


def _together(fitted: list[Any], columns: list[Array], shares: Array) -> Members:
    return Members(tuple(OneBlock(*pair) for pair in zip(fitted, columns, strict=True)), shares)
