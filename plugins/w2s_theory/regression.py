"""The metrics that a reader of a regression table knows already. Ordered classes are numbers too: the expected step, from 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from w2s_bench.contracts import Array, Classes, MetricColumn, Missing, Sample, Value


class OfNumbers:
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

    def measured(self, truth: Array, prediction: Array) -> Value:
        """The value; both (n, k)."""
        raise NotImplementedError


class R2(OfNumbers):
    """Coefficient of determination, undefined where an output's truth is constant."""

    columns = (MetricColumn(name="r2", unit="1", meaning="R², the share of the labels' variance that is explained",
                            better="higher"),)

    def measured(self, truth: Array, prediction: Array) -> Value:
        from sklearn.metrics import r2_score

        return Missing("r2: the truth is constant") if _constant(truth) else float(r2_score(truth, prediction))


class RMSE(OfNumbers):
    """Root mean squared error."""

    columns = (MetricColumn(name="rmse", unit="label", meaning="root mean squared error", better="lower"),)

    def measured(self, truth: Array, prediction: Array) -> Value:
        from sklearn.metrics import root_mean_squared_error

        return float(root_mean_squared_error(truth, prediction))


class MAE(OfNumbers):
    """Mean absolute error."""

    columns = (MetricColumn(name="mae", unit="label", meaning="mean absolute error", better="lower"),)

    def measured(self, truth: Array, prediction: Array) -> Value:
        from sklearn.metrics import mean_absolute_error

        return float(mean_absolute_error(truth, prediction))


class Spearman(OfNumbers):
    """Spearman's rank correlation with the truth, undefined where an output's truth or prediction is constant."""

    columns = (MetricColumn(name="spearman", unit="1", meaning="Spearman's rank correlation with the truth", better="higher"),)

    def measured(self, truth: Array, prediction: Array) -> Value:
        from scipy import stats

        if _constant(truth) or _constant(prediction):
            return Missing("spearman: the truth or a prediction is constant")
        return float(np.mean([stats.spearmanr(truth[:, j], prediction[:, j]).statistic for j in range(truth.shape[1])]))


def _constant(values: Array) -> bool:
    return bool((values == values[0]).all(axis=0).any())
