"""Metrics as columns: what each declares, and what it measured on a sample."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from w2s_bench.contracts import (
    PREDICTORS,
    Measured,
    Metric,
    MetricColumn,
    Missing,
    PluginError,
    Recovered,
    Sample,
    Value,
    nearest,
    scored_as,
)
from w2s_bench.scoring.columns import Column
from w2s_bench.scoring.intervals import estimate
from w2s_bench.scoring.ratios import pgr


def columns_of(metric: Metric) -> tuple[Column, ...]:
    """The columns of a row that a metric fills."""
    predictors = PREDICTORS if metric.of == "predictor" else ("",)
    return tuple(found for predictor in predictors for column in metric.columns for found in _columns(column, predictor))


def _columns(column: MetricColumn, predictor: str) -> Iterator[Column]:
    name = f"{column.name}_{predictor}" if predictor else column.name
    meaning = f"{column.meaning}: {predictor} predictor on test" if predictor else column.meaning
    yield Column(name, "float", column.unit, meaning, column.source, column.uses_truth)
    if column.spread:
        yield Column(f"{name}_se", "float", column.unit, f"standard error of {name}, paired", "scoring.md", column.uses_truth)
    if column.reason:
        yield Column(f"{name}_reason", "str", "", f"why {name} is null", "scoring.md", column.uses_truth)


def metric_columns(sample: Sample, metrics: Mapping[str, Metric]) -> tuple[dict[str, float | str | None], list[str]]:
    """What the metrics say of a sample, by column, and why something is missing, each reason once.

    A metric that raises costs its own columns, and its fault is among the reasons. Raises PluginError for a value of a column
    that the metric does not declare.
    """
    row: dict[str, float | str | None] = {}
    reasons: dict[str, None] = {}
    for name, metric in metrics.items():
        if scored_as(sample.output) not in metric.outputs:
            continue
        of = sample.predicted.by_name() if metric.of == "predictor" else {"": sample.predicted.student}
        for predictor, prediction in of.items():
            try:
                values = dict(metric(sample, prediction))
            except Exception as fault:
                reasons[f"{name}: {type(fault).__name__}: {fault}"] = None
                continue
            _check_declared(name, metric, values)
            for column in metric.columns:
                if column.name in values:
                    row |= _written(column, predictor, values[column.name], reasons)
    return row, list(reasons)


def _written(column: MetricColumn, predictor: str, value: Value, reasons: dict[str, None]) -> dict[str, float | str | None]:
    name = f"{column.name}_{predictor}" if predictor else column.name
    number, spread, reason = _number(value)
    if isinstance(value, Missing):
        reasons[value.reason] = None
    found: dict[str, float | str | None] = {name: number}
    if column.spread:
        found[f"{name}_se"] = spread
    if column.reason:
        found[f"{name}_reason"] = reason
    return found


def _number(value: Value) -> tuple[float | None, float | None, str | None]:
    """The number, its standard error and why there is none; what is not finite is no number."""
    if isinstance(value, Missing):
        return None, None, value.reason
    if isinstance(value, Recovered):
        recovered, reason = pgr(value.err_weak, value.err_student, value.err_ceiling)
        return recovered, None, reason
    if isinstance(value, Measured):
        return _finite(value.value), _finite(value.se), None
    if isinstance(value, np.ndarray):
        found = estimate(value)
        return _finite(found.mean), _finite(found.se), None
    return _finite(value), None, None


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _check_declared(name: str, metric: Metric, values: Mapping[str, Value]) -> None:
    declared = [column.name for column in metric.columns]
    unknown = sorted(values.keys() - set(declared))
    if unknown:
        raise PluginError(f"the metric {name} measured {unknown[0]!r}, which is none of its columns",
                          hint=nearest(unknown[0], declared))
