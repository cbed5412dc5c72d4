"""Metrics of numbers on cases worked by hand; ordered classes are scored as numbers too."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_samples import made_sample

from w2s_bench.contracts import Classes
from w2s_bench.registry.measures import measures
from w2s_bench.scoring.measured import metric_columns


def regression_metrics(truth: list[float], prediction: list[float]) -> tuple[dict[str, float | str | None], list[str]]:
    row, reasons = metric_columns(made_sample(truth, prediction, prediction, prediction), measures().metrics)
    return {name: row[f"{name}_student"] for name in ("r2", "rmse", "mae", "spearman")}, reasons


def test_regression_metrics_of_a_worked_example() -> None:
    found, reasons = regression_metrics([1.0, 2.0, 3.0], [1.0, 2.0, 5.0])
    assert found["r2"] == pytest.approx(-1.0) and found["rmse"] == pytest.approx(math.sqrt(4.0 / 3.0))
    assert found["mae"] == pytest.approx(2.0 / 3.0) and found["spearman"] == pytest.approx(1.0) and reasons == []


def test_spearman_of_a_constant_and_r2_of_constant_truth_are_null_and_say_why() -> None:
    found, reasons = regression_metrics([1.0, 2.0], [1.0, 1.0])
    assert found["spearman"] is None and reasons == ["spearman: the truth or a prediction is constant"]
    found, reasons = regression_metrics([1.0, 1.0], [1.0, 2.0])
    assert found["r2"] is None and "r2: the truth is constant" in reasons


def test_spearman_ranks_nothing_by_rounding() -> None:
    sums = [0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1, 1.0]
    assert sums[0] != sums[1]
    for prediction in (sums, [sums[1], sums[0], 1.0]):
        found, _ = regression_metrics([1.0, 2.0, 3.0], prediction)
        assert found["spearman"] == pytest.approx(np.sqrt(0.75))
    found, reasons = regression_metrics([1.0, 2.0, 3.0], [sums[0], sums[1], sums[0]])
    assert found["spearman"] is None and reasons == ["spearman: the truth or a prediction is constant"]


def test_ordered_classes_are_scored_as_their_expected_step() -> None:
    truth, f = np.eye(3)[[0, 2]], np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    for ordered in (True, False):
        row, _ = metric_columns(made_sample(truth, f, f, f, "brier", output=Classes(3, ordered=ordered)), measures().metrics)
        assert ("mae_student" in row) is ordered and "accuracy_student" in row
        assert not ordered or row["mae_student"] == 0.25
