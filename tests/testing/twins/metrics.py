"""Metrics, the first of which is sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from w2s_bench.contracts import Array, MetricColumn, Sample, Value


class Sound:
    """Mean absolute error of each predictor."""

    BREAKS = ""
    of: ClassVar[str] = "predictor"
    outputs = frozenset({"regression", "classes"})
    columns: ClassVar[tuple[MetricColumn, ...]] = (MetricColumn(name="off", unit="1", meaning="mean |error|", better="lower"),)

    def __call__(self, sample: Sample, prediction: Array) -> Mapping[str, Value]:
        return {"off": np.abs(sample.truth - prediction).mean(axis=1)}


class NoMeaning(Sound):
    BREAKS = "columns_declared"
    columns = (MetricColumn(name="off", unit="1", meaning="", better="lower"),)


class AnotherColumn(Sound):
    BREAKS = "gives_columns"
    columns = (MetricColumn(name="on", unit="1", meaning="nothing"),)


class ByOrder(Sound):
    BREAKS = "order_free"

    def __call__(self, sample: Sample, prediction: Array) -> Mapping[str, Value]:
        off = np.abs(sample.truth - prediction).mean(axis=1)
        return {"off": float(off @ np.linspace(0.0, 1.0, len(off)))}


class Counting(Sound):
    BREAKS = "repeats"

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, sample: Sample, prediction: Array) -> Mapping[str, Value]:
        self.calls += len(sample.truth) < 200
        off = np.abs(sample.truth - prediction).mean(axis=1)
        return {"off": float(off.mean()) * (1.0 + self.calls)}


class ZeroSpread(Sound):
    BREAKS = "thin_samples"

    def __call__(self, sample: Sample, prediction: Array) -> Mapping[str, Value]:
        off = np.abs(sample.truth - prediction).mean(axis=1)
        return {"off": off.mean() / sample.truth[:, 0].std()}


class WrongWay(Sound):
    BREAKS = "truth_is_best"
    columns = (MetricColumn(name="off", unit="1", meaning="mean |error|", better="higher"),)
