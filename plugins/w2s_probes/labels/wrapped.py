"""What strategies that wrap another one share: a procedure for each problem, run side by side so that inner fits stay batched."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

import numpy as np

from w2s_bench.contracts import Array, ConvexIn, Demand, FitProblem, Strategy, can, declared
from w2s_probes.shared_features import in_order

Procedure = Generator[FitProblem, Any, Any]
"""Yields the problems that the inner strategy is to fit, is sent each predictor, and returns the last one."""
Made = TypeVar("Made")

CLASSES = frozenset({"classes", "preferences"})
"""Kinds of output whose labels are probabilities."""


class Shared:
    """What problems with one feature matrix need once, for the length of a batch."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Any] = {}

    def once(self, problem: FitProblem, purpose: str, make: Callable[[], Made]) -> Made:
        """What make() returned for the first problem with these features and this purpose."""
        key = (purpose, problem.features_key or f"#{id(problem.features)}")
        if key not in self._made:
            self._made[key] = make()
        found: Made = self._made[key]
        return found


class Wrapper(ABC):
    """A strategy that fits another, `student`, on problems of its own making.

    It handles and needs what the student does, and can do what the student can. It promises neither convexity nor exactness:
    it fits something else than it was given, on purpose.
    """

    student: Strategy
    convex_in: ConvexIn | None = None
    exact = False

    @abstractmethod
    def procedure(self, problem: FitProblem, shared: Shared) -> Procedure:
        """The fits that one problem takes."""

    @property
    def outputs(self) -> frozenset[str]:
        """The kinds of output that the student handles."""
        return self.student.outputs

    @property
    def needs(self) -> Literal["features", "module"]:
        """What the student needs."""
        return self.student.needs

    @property
    def capabilities(self) -> frozenset[str]:
        """Of batches, a start without labels, a share of truth and a demand what the student has."""
        words = ("fit_many", "across_features", "untrained", "truth_share", "demand")
        return frozenset(word for word in words if can(self.student, word))

    @property
    def across_features(self) -> bool:
        """Whether the student gains by problems of different features."""
        return declared(self.student, "across_features", False)

    @property
    def demand(self) -> Demand:
        """What the student's jobs ask of the machine."""
        return declared(self.student, "demand", Demand())

    @property
    def truth_share(self) -> float:
        """The share of true labels that the student asks for."""
        return declared(self.student, "truth_share", 0.0)

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Any]:
        """One predictor or exception per problem, equal to single fits; the student's fits stay batched."""
        shared = Shared()
        return run_together(self.student, [self.procedure(problem, shared) for problem in problems])

    def untrained(self, problem: FitProblem) -> Any:
        """The predictor before any label."""
        return untrained_of(self.student, problem)

    def fit(self, problem: FitProblem) -> Any:
        """The predictor for one problem. Raises what the student raises, and Diverged for labels that cannot be used."""
        answer, = self.fit_many([problem])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def from_arrays(self, arrays: Mapping[str, Array]) -> Any:
        """The predictor whose `to_arrays` gave `arrays`."""
        return self.student.from_arrays(arrays)


def run_together(student: Strategy, procedures: Sequence[Procedure]) -> Iterator[Any]:
    """What each procedure returns or raises, in their order; the fits that they wait for at the same time go to the student as
    one batch."""
    return in_order(_run(student, procedures))


def _run(student: Strategy, procedures: Sequence[Procedure]) -> Iterator[tuple[int, Any]]:
    """The same, numbered, in the order in which they end."""
    waiting: dict[int, FitProblem] = {}

    def ended(index: int, sent: Any) -> Iterator[tuple[int, Any]]:
        try:
            waiting[index] = procedures[index].send(sent)
        except StopIteration as end:
            yield index, end.value
        except Exception as error:
            yield index, error

    for index in range(len(procedures)):
        yield from ended(index, None)
    while waiting:
        batch, waiting = waiting, {}
        for index, fitted in zip(batch, fit_each(student, list(batch.values())), strict=True):
            if isinstance(fitted, Exception):
                yield index, fitted
            else:
                yield from ended(index, fitted)


def fit_each(student: Strategy, problems: Sequence[FitProblem]) -> Iterator[Any]:
    """One predictor or exception per problem, by the student's `fit_many` where it has one."""
    if can(student, "fit_many"):
        batched: Any = student
        yield from batched.fit_many(problems)
        return
    for problem in problems:
        try:
            answer: Any = student.fit(problem)
        except Exception as error:
            answer = error
        yield answer


def untrained_of(student: Strategy, problem: FitProblem) -> Any:
    """The student's predictor before any label, from a network of its own where it trains one."""
    begin: Any = student
    return begin.untrained(fresh(problem))


def fresh(problem: FitProblem) -> FitProblem:
    """The problem with a copy of its network, so that one fit does not find what another left."""
    return problem if problem.model is None else replace(problem, model=copy.deepcopy(problem.model))


def answers_on(predictor: Any, problem: FitProblem) -> Array:
    """What a fitted predictor says about the rows that a problem is fitted on: (n, k) float64."""
    if problem.model is None:
        found = predictor.predict(problem.features)
    else:
        found = predictor.predict(copy.deepcopy(problem.model), problem.inputs)
    return np.asarray(found, dtype=np.float64)


def under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays with a prefix and a slash before their names."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def within(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Inverse of `under`: the arrays with this prefix, without it."""
    start = f"{prefix}/"
    return {name[len(start):]: array for name, array in arrays.items() if name.startswith(start)}
