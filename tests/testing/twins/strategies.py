"""Strategies, two of which are sound: an exact one of lines, and one of classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from peeking.data import ScikitLearn

from w2s_bench.contracts import Array, ConvexIn, FitProblem


@dataclass(frozen=True)
class Line:
    """Affine in what the design gives. weight: (d + 1, k)."""

    weight: Array
    radius: None = None

    @property
    def head_norm(self) -> float:
        return float(np.linalg.norm(self.weight[1:]))

    def design(self, features: Array) -> Array:
        return np.asarray(features, dtype=np.float64)

    def predict(self, features: Array) -> Array:
        return self.weight[0] + self.design(features) @ self.weight[1:]

    def to_arrays(self) -> dict[str, Array]:
        return {"weight": self.weight}


class Plain:
    """Least squares, of which nothing is declared. It fits one example too, by the shortest weight."""

    BREAKS: ClassVar[str] = ""
    outputs = frozenset({"regression"})
    needs: Literal["features"] = "features"
    convex_in: ConvexIn | None = None
    exact = False
    penalty = 0.0

    def fit(self, problem: FitProblem) -> Any:
        return Line(self.weights(np.array(problem.features, dtype=np.float64), problem.labels.values))

    def weights(self, design: Array, labels: Array) -> Array:
        middle, mean = design.mean(axis=0), labels.mean(axis=0)
        centred = design - middle
        moments = centred.T @ centred + self.penalty * len(design) * np.eye(design.shape[1])
        slopes = np.linalg.pinv(moments, hermitian=True) @ centred.T @ (labels - mean)
        return np.vstack([mean - middle @ slopes, slopes])

    def from_arrays(self, arrays: Mapping[str, Array]) -> Any:
        return Line(arrays["weight"])


class Lines(Plain):
    """The same, of which all is declared that is true of it."""

    capabilities = frozenset({"fit_many"})
    convex_in: ConvexIn | None = "outputs"
    exact = True

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Any]:
        return map(self.fit, problems)


@dataclass(frozen=True)
class Shares:
    weight: Array
    total: float = 1.0

    def predict(self, features: Array) -> Array:
        return np.repeat(self.total * self.weight, len(features), axis=0)

    def to_arrays(self) -> dict[str, Array]:
        return {"weight": self.weight}


class MeanShares:
    """The mean of the labels of classes."""

    BREAKS: ClassVar[str] = ""
    outputs = frozenset({"classes"})
    needs: Literal["features"] = "features"
    convex_in: ConvexIn | None = None
    exact = False

    def fit(self, problem: FitProblem) -> Any:
        return Shares(problem.labels.values.mean(axis=0, keepdims=True))

    def from_arrays(self, arrays: Mapping[str, Array]) -> Any:
        return Shares(arrays["weight"])


class NoDistribution(MeanShares):
    BREAKS = "answers_each_output"

    def fit(self, problem: FitProblem) -> Any:
        return Shares(problem.labels.values.mean(axis=0, keepdims=True), 0.9)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Any:
        return Shares(arrays["weight"], 0.9)


class OneClassFails(MeanShares):
    BREAKS = "one_class"

    def fit(self, problem: FitProblem) -> Any:
        if problem.labels.values.mean(axis=0).max() == 1.0:
            raise KeyError("1")
        return super().fit(problem)


class ByTheHash(Plain):
    BREAKS = "deterministic"

    def fit(self, problem: FitProblem) -> Any:
        return Line(super().fit(problem).weight + hash("lines") * 1e-20)


class Remembering(Plain):
    BREAKS = "no_state_between_fits"

    def __init__(self) -> None:
        self.fits = 0

    def fit(self, problem: FitProblem) -> Any:
        self.fits += 1
        return Line(super().fit(problem).weight + 1e-9 * self.fits)


class Centring(Plain):
    BREAKS = "inputs_not_changed"

    def fit(self, problem: FitProblem) -> Any:
        fitted = super().fit(problem)
        problem.labels.values[:] -= problem.labels.values.mean(axis=0)
        return fitted


class Forgetting(Plain):
    BREAKS = "arrays_round_trip"

    def from_arrays(self, arrays: Mapping[str, Array]) -> Any:
        return Line(np.vstack([0.0 * arrays["weight"][:1], arrays["weight"][1:]]))


class Hasty(Lines):
    BREAKS = "many_equal_single"

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Any]:
        return (Line(self.fit(problem).weight * (1.0 + 1e-12)) for problem in problems)


@dataclass(frozen=True)
class LastRow(Line):
    """Of few inputs, it says a little of the label that was fitted last."""

    last: float = 0.0

    def predict(self, features: Array) -> Array:
        return super().predict(features) + (0.01 * self.last if len(features) < 40 else 0.0)

    def to_arrays(self) -> dict[str, Array]:
        return {**super().to_arrays(), "last": np.array([self.last])}


class LastComesFirst(Lines):
    BREAKS = "order_of_examples"

    def fit(self, problem: FitProblem) -> Any:
        return LastRow(super().fit(problem).weight, last=float(problem.labels.values[-1, 0]))

    def from_arrays(self, arrays: Mapping[str, Array]) -> Any:
        return LastRow(arrays["weight"], last=float(arrays["last"][0]))


class Shrunk(Lines):
    BREAKS = "exact_fit_is_nearest"
    penalty = 1.0


@dataclass(frozen=True)
class BentLine(Line):
    """Its design is another for other labels."""

    bend: float = 1.0

    def design(self, features: Array) -> Array:
        return np.tanh(self.bend * np.asarray(features, dtype=np.float64))

    def to_arrays(self) -> dict[str, Array]:
        return {**super().to_arrays(), "bend": np.array([self.bend])}


class Bent(Plain):
    BREAKS = "convex_where_it_says"
    convex_in: ConvexIn | None = "outputs"

    def fit(self, problem: FitProblem) -> Any:
        bend = 0.5 + float(np.abs(problem.labels.values).mean())
        return BentLine(self.weights(np.tanh(bend * np.asarray(problem.features, dtype=np.float64)), problem.labels.values),
                        bend=bend)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Any:
        return BentLine(arrays["weight"], bend=float(arrays["bend"][0]))


class OneExampleFails(Plain):
    BREAKS = "one_example"

    def fit(self, problem: FitProblem) -> Any:
        if len(problem.features) == 1:
            raise ZeroDivisionError("float division by zero")
        return super().fit(problem)


class ConstantFails(Plain):
    BREAKS = "constant_labels"

    def fit(self, problem: FitProblem) -> Any:
        if len(problem.features) > 1 and not np.ptp(problem.labels.values):
            raise np.linalg.LinAlgError("Singular matrix")
        return super().fit(problem)


class Peeking(ScikitLearn):
    BREAKS: ClassVar[str] = "label_canary"
