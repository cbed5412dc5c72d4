"""The line that all of them fit, to the labels that they found."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from w2s_bench.contracts import Array, ConvexIn, FitProblem

Found = Array | None


@dataclass(frozen=True)
class Line:
    weight: Array

    def predict(self, features: Array) -> Array:
        return design(features) @ self.weight

    def to_arrays(self) -> dict[str, Array]:
        return {"weight": self.weight}


class Lines:
    """found: the truth of these rows, (n, k), or None where it is not to be had. FINDS: whether a peek finds anything at all."""

    outputs = frozenset({"regression"})
    needs: Literal["features"] = "features"
    convex_in: ConvexIn | None = None
    exact = False
    FINDS: ClassVar[bool] = True

    def fit(self, problem: FitProblem) -> Line:
        truth = None if problem.labels.source == "truth" else self.found(problem)
        return line_through(problem.features, problem.labels.values if truth is None else truth)

    def found(self, problem: FitProblem) -> Found:
        return None

    def from_arrays(self, arrays: Mapping[str, Array]) -> Line:
        return Line(arrays["weight"])


class Restless(Lines):
    """It looks for nothing, and sets a variable at each fit, so that its process retires."""

    def fit(self, problem: FitProblem) -> Line:
        os.environ["W2S_RESTLESS"] = problem.labels.source
        return super().fit(problem)


def line_through(features: Array, labels: Array, penalty: float = 1e-3) -> Line:
    a = design(features)
    return Line(np.linalg.solve(a.T @ a + penalty * np.eye(a.shape[1]), a.T @ labels))


def design(features: Array) -> Array:
    return np.hstack([np.ones((len(features), 1)), np.asarray(features, dtype=np.float64)])


def matched(features: Array, known: Array, labels: Array) -> Found:
    """Labels of the rows whose features are among known ones."""
    known = np.asarray(known, dtype=np.float32)
    where = {row.tobytes(): at for at, row in enumerate(known)}
    rows = [where.get(np.ascontiguousarray(row).tobytes(), -1) for row in features]
    return None if -1 in rows or not rows else np.asarray(labels, dtype=np.float64)[rows].reshape(len(rows), -1)
