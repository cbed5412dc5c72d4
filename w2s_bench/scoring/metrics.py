"""The metrics that a reader of a regression table knows already."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from w2s_bench.scoring.arrays import Array, as_rows, check_same_shape


def regression_metrics(truth: npt.ArrayLike, prediction: npt.ArrayLike) -> dict[str, float | None]:
    """r2, rmse, mae and spearman of a prediction; with k > 1 the plain average of the outputs' own values.

    truth, prediction: (n, k) or (n,). rmse and mae in output units. r2 is None where an output's truth is
    constant, spearman where an output's truth or prediction is. Raises ShapeError and DomainError.
    """
    y, f = as_rows(truth, "truth"), as_rows(prediction, "prediction")
    check_same_shape(y, f, "truth and prediction")
    return {
        "r2": None if _any_constant(y) else float(r2_score(y, f)),
        "rmse": float(root_mean_squared_error(y, f)),
        "mae": float(mean_absolute_error(y, f)),
        "spearman": _spearman(y, f),
    }


def _spearman(y: Array, f: Array) -> float | None:
    if _any_constant(y) or _any_constant(f):
        return None
    return float(np.mean([stats.spearmanr(y[:, j], f[:, j]).statistic for j in range(y.shape[1])]))


def _any_constant(values: Array) -> bool:
    return bool((values == values[0]).all(axis=0).any())
