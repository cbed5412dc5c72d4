"""The inner fits of a wrapper that needs several, each with a fresh network, resumed where a killed job was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from w2s_bench.contracts import Array, Checkpoints, FitProblem, Strategy
from w2s_probes.labels.wrapped import Procedure, fresh, under, within


def inner_fits(student: Strategy, problem: FitProblem) -> InnerFits:
    """The inner fits of one problem. Those of networks are kept; fits on features are too short to be worth a file each."""
    return InnerFits(student, problem.context.checkpoints if student.needs == "module" else None)


@dataclass
class InnerFits:
    """Fits in a fixed order. With checkpoints, finished ones are kept beside what the present one keeps of itself.

    checkpoints: those of the wrapped fit, or None.
    """

    student: Strategy
    checkpoints: Checkpoints | None
    begun: int = 0
    kept: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = self.checkpoints.load() if self.checkpoints is not None else None
        self.kept = dict(found or {})

    def fit(self, problem: FitProblem) -> Procedure:
        """Yields the problem unless it was fitted before the job was killed; returns its predictor."""
        step, self.begun = f"fit{self.begun}", self.begun + 1
        if self.checkpoints is None:
            return (yield _alone(problem, None))
        if finished := within(step, self.kept):
            return self.student.from_arrays(finished)
        before = {name: array for name, array in self.kept.items() if not name.startswith("now/")}
        predictor: Any = yield _alone(problem, Present(self.checkpoints, before, within("now", self.kept)))
        self.kept = {**before, **under(step, predictor.to_arrays())}
        self.checkpoints.save(self.kept)
        return predictor


def _alone(problem: FitProblem, checkpoints: Checkpoints | None) -> FitProblem:
    """The problem with a network and checkpoints that no other inner fit has."""
    return fresh(replace(problem, context=replace(problem.context, checkpoints=checkpoints)))


@dataclass
class Present:
    """Checkpoints of the present fit, written together with the predictors of the finished ones.

    finished: arrays kept of these. found: what the present fit had kept of itself when the job was killed.
    """

    checkpoints: Checkpoints
    finished: Mapping[str, Array]
    found: Mapping[str, Array]

    def load(self) -> Mapping[str, Array] | None:
        """What the fit saved last, or None."""
        return self.found or None

    def save(self, arrays: Mapping[str, Array]) -> None:
        """Keep these arrays of the present fit instead of its last ones."""
        self.checkpoints.save({**self.finished, **under("now", arrays)})
