"""The metrics that a reader of a regression table knows already. Ordered classes are numbers too: the expected step, from 0."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

import numpy as np

from w2s_bench.contracts import Array, Classes, MetricColumn, Missing, Sample, Value
from w2s_theory.ranks import midranks, tied


class OfNumbers(ABC):
    """A metric of one predictor whose outputs are numbers; with k > 1 outputs the plain average of their own values."""

    of: Literal["predictor", "pair"] = "predictor"
    outputs = frozenset({"regression", "classes"})
    columns: tuple[MetricColumn, ...]

    def __call__(self, sample: Sample, prediction: Array) -> Mapping[str, Value]:
        truth = sample.truth
        if isinstance(sample.output, Classes):
            if not sample.output.ordered:
                return {}
            steps = np.arange(sample.output.k, dtype=np.float64)
            truth, prediction = (truth @ steps)[:, None], (prediction @ steps)[:, None]
        return {self.columns[0].name: self.measured(truth, prediction)}

    @abstractmethod
    def measured(self, truth: Array, prediction: Array) -> Value:
        """The value; both (n, k)."""


class R2(OfNumbers):
    """Coefficient of determination, undefined where an output's truth is constant."""

    columns = (MetricColumn(name="r2", unit="1", meaning="R², the share of the labels' variance that is explained",
                            better="higher"),)

    def measured(self, truth: Array, prediction: Array) -> Value:
        if _constant(truth):
            return Missing("r2: the truth is constant")
        unexplained = ((truth - prediction) ** 2).sum(axis=0) / ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
        return float((1.0 - unexplained).mean())


class RMSE(OfNumbers):
    """Root mean squared error."""

    columns = (MetricColumn(name="rmse", unit="label", meaning="root mean squared error", better="lower"),)

    def measured(self, truth: Array, prediction: Array) -> Value:
        return float(np.sqrt(((truth - prediction) ** 2).mean(axis=0)).mean())


class MAE(OfNumbers):
    """Mean absolute error."""

    columns = (MetricColumn(name="mae", unit="label", meaning="mean absolute error", better="lower"),)

    def measured(self, truth: Array, prediction: Array) -> Value:
        return float(np.abs(prediction - truth).mean(axis=0).mean())


class Spearman(OfNumbers):
    """Spearman's rank correlation with the truth, undefined where an output's truth or prediction is constant. What only
    rounding tells apart is tied."""

    columns = (MetricColumn(name="spearman", unit="1", meaning="Spearman's rank correlation with the truth", better="higher"),)

    def measured(self, truth: Array, prediction: Array) -> Value:
        truth, prediction = (np.column_stack([tied(column) for column in values.T]) for values in (truth, prediction))
        if _constant(truth) or _constant(prediction):
            return Missing("spearman: the truth or a prediction is constant")
        ranked = ((midranks(truth[:, j]), midranks(prediction[:, j])) for j in range(truth.shape[1]))
        return float(np.mean([np.corrcoef(first, second)[1, 0] for first, second in ranked]))


def _constant(values: Array) -> bool:
    return bool((values == values[0]).all(axis=0).any())
