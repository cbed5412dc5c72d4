"""Components that change in place what they are given, with NumPy and with torch; one that leaves all as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from w2s_bench.contracts import Array, Columns, Embedding, FitProblem, Pool, PrepareContext, Regression, Splits, draw_splits

X = np.random.default_rng(3).normal(size=(80, 4))


@dataclass(frozen=True)
class Points:
    """A task that keeps its arrays, and gives them to whoever asks."""

    capabilities = frozenset({"pool"})
    output = Regression()
    divergence, licence, citation = "squared", "CC0", ""

    def fingerprint(self) -> str:
        return ""

    def load(self, seed: int) -> Splits:
        return draw_splits({"x": X}, np.sin(X[:, :1]), self.pool().ids, seed)

    def pool(self) -> Pool:
        return Pool({"x": X}, np.array([f"p{i}" for i in range(len(X))], dtype=object))


@dataclass(frozen=True)
class Pooled:
    """The first columns, read once for all seeds. rude: what it is given is spoilt when it has been read."""

    width: int
    rude: bool = False
    column, family = "x", "columns"

    @property
    def size(self) -> int:
        return self.width

    def fingerprint(self) -> str:
        return ""

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        values = inputs["x"][:, :self.width].astype(np.float32)
        if self.rude:
            spoil(inputs["x"])
        return Embedding(values)


@dataclass(frozen=True)
class Scaled(Pooled):
    """The same, in units that are learnt from the unlabelled inputs of each seed."""

    capabilities = frozenset({"prepare"})
    prepare_from = frozenset({"task", "seed"})

    def prepare(self, context: PrepareContext) -> Mapping[str, Array]:
        assert context.inputs is not None
        scale = np.abs(context.inputs["x"]).max(axis=0)
        if self.rude:
            spoil(context.inputs["x"])
        return {"scale": scale}

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        values = (inputs["x"] / state["scale"])[:, :self.width].astype(np.float32)
        if self.rude:
            spoil(inputs["x"])
            spoil(state["scale"])
        return Embedding(values)


def spoil(array: Array) -> None:
    """Change an array in place in both ways that there are."""
    array -= array.mean(axis=0)
    torch.from_numpy(array).mul_(3.0).add_(1.0)


@dataclass(frozen=True)
class Head:
    solution: Array
    rude: bool
    capabilities = frozenset({"members"})
    radius = None
    weights = np.array([0.5, 0.5])

    @property
    def head_norm(self) -> float:
        return float(np.linalg.norm(self.solution))

    def design(self, features: Array) -> Array:
        made = np.c_[features, np.ones(len(features))].astype(np.float64)
        if self.rude:
            spoil(features)
        return made

    def predict(self, features: Array) -> Array:
        return np.asarray(self.design(features) @ self.solution)

    def members(self, features: Array) -> Array:
        return np.stack([self.predict(features)] * 2)

    def to_arrays(self) -> dict[str, Array]:
        return {"solution": self.solution}


@dataclass(frozen=True)
class Plain:
    """Least squares. rude: features, labels and members are spoilt in fit, and stored arrays when they are read."""

    rude: bool = False
    outputs = frozenset({"regression"})
    needs, convex_in, exact = "features", "outputs", True

    def fit(self, problem: FitProblem) -> Head:
        head = Head(np.zeros((problem.features.shape[1] + 1, 1)), self.rude)
        weight = np.linalg.lstsq(head.design(problem.features.copy()), problem.labels.values, rcond=None)[0]
        if self.rude:
            spoil(problem.features)
            spoil(problem.labels.values)
            if problem.labels.members is not None:
                spoil(problem.labels.members)
        return Head(weight, self.rude)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Head:
        head = Head(np.array(arrays["solution"]), self.rude)
        if self.rude:
            spoil(arrays["solution"])  # type: ignore[arg-type]
        return head


@dataclass(frozen=True)
class Batched(Plain):
    """The same, with a batch method."""

    capabilities = frozenset({"fit_many"})

    def fit_many(self, problems: list[FitProblem]) -> list[Any]:
        if self.rude:
            made = [self.fit(FitProblem(p.features.copy(), p.labels, p.context)) for p in problems]
            for problem in problems:
                spoil(problem.features)
            return made
        return [self.fit(problem) for problem in problems]
