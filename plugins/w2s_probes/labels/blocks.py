"""Features side by side: the cell's own model first, then the models that a wrapper names, then those that its student names."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from w2s_bench.contracts import Array, Diverged, FitProblem, Model, PluginError, Strategy
from w2s_probes.labels.wrapped import under, within


def count_of(*named: Model | None) -> int:
    """How many models are named."""
    return sum(model is not None for model in named)


def own_features(problem: FitProblem, where: str) -> Array:
    """The columns of the cell's own model: (n, d). Raises Diverged where there are none."""
    features = problem.features[:, :problem.blocks[0]] if problem.blocks else problem.features
    if not features.shape[1]:
        raise Diverged(f"{where} compares rows by their features, and this student is fitted on inputs without any", where=where,
                       hint="by=confidence looks at the labels alone; or take a student that is fitted on features")
    return features


def block_columns(problem: FitProblem, named: int) -> list[Array]:
    """Columns of each of 1 + named blocks, with the blocks that the student itself names behind each of them."""
    widths = problem.blocks or (problem.features.shape[1],)
    if len(widths) < 1 + named:
        raise PluginError(f"{1 + named} blocks of features were wanted and {len(widths)} given", where="blocks")
    ends = np.cumsum(widths)
    rest = np.arange(ends[named], ends[-1])
    return [np.concatenate([np.arange(end - width, end), rest])
            for end, width in zip(ends[:1 + named], widths[:1 + named], strict=True)]


def block_problems(problem: FitProblem, named: int) -> list[FitProblem]:
    """The problem as the student sees it on each of 1 + named blocks."""
    rest = tuple(problem.blocks[1 + named:])
    found = []
    for number, columns in enumerate(block_columns(problem, named)):
        key = f"{problem.features_key}:block{number}" if problem.features_key and named else problem.features_key
        width = len(columns) - sum(rest)
        found.append(replace(problem, features=columns_of(problem.features, columns), features_key=key,
                             blocks=(width, *rest) if rest else ()))
    return found


def columns_of(features: Array, columns: Array) -> Array:
    """These columns of features (n, d), which are given back as they are where that is all of them."""
    whole = len(columns) == features.shape[1]
    return features if whole else np.ascontiguousarray(np.asarray(features)[:, columns])


@dataclass(frozen=True)
class OneBlock:
    """A predictor that reads some columns of the features, or the network and inputs where it predicts from these.

    columns: (d,) int64.
    """

    fitted: Any
    columns: Array

    def predict(self, *given: Any) -> Array:
        """Features (n, d), or a fresh network and inputs, to (n, k) float64. The network is left as it is."""
        if len(given) == 1:
            found = self.fitted.predict(columns_of(given[0], self.columns))
        else:
            found = self.fitted.predict(copy.deepcopy(given[0]), given[1])
        return np.asarray(found, dtype=np.float64)

    def to_arrays(self) -> dict[str, Array]:
        """The columns, and the fitted predictor's arrays under `student`."""
        return {"columns": self.columns, **under("student", self.fitted.to_arrays())}

    @staticmethod
    def from_arrays(student: Strategy, arrays: Mapping[str, Array]) -> OneBlock:
        """Inverse of `to_arrays`; student: what fitted the predictor."""
        return OneBlock(student.from_arrays(within("student", arrays)), np.asarray(arrays["columns"], dtype=np.int64))
