"""The part of a row that only classes have: metrics of each predictor, paired gains, agreement."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from w2s_bench.contracts import Array, Classes
from w2s_bench.scoring.agreement import agreement
from w2s_bench.scoring.classification import classification_metrics, metric_reasons, paired_gains, pgr_accuracy
from w2s_bench.scoring.metrics import regression_metrics


def class_columns(output: Classes, truth: Array, roles: Mapping[str, Array]) -> dict[str, Any]:
    """Columns of one row. truth: (n, k) distributions. roles: predictions (n, k) by role, of the same examples.

    Ordered classes are scored as a number too: the expected step, counted from 0.
    """
    names = output.names or tuple(map(str, range(output.k)))
    row: dict[str, Any] = {"classes": output.k, "metrics_missing": list(metric_reasons(truth, names))}
    for role, values in roles.items():
        row |= {f"{metric}_{role}": value for metric, value in classification_metrics(truth, values).items()}
        if output.ordered:
            steps = np.arange(output.k, dtype=np.float64)
            row |= {f"{metric}_{role}": value for metric, value in regression_metrics(truth @ steps, values @ steps).items()}
    for metric, gain in paired_gains(truth, roles["weak"], roles["student"]).items():
        row |= {f"gain_{metric}": None if gain is None else gain.mean, f"gain_{metric}_se": None if gain is None else gain.se}
    of_three = (roles[role] for role in ("weak", "student", "ceiling"))
    row["pgr_accuracy"], row["pgr_accuracy_reason"] = pgr_accuracy(truth, *of_three)
    found = dataclasses.asdict(agreement(truth, roles["weak"], roles["student"]))
    names_of = {"overall": "agreement", "where_weak_right": "agreement_weak_right", "where_weak_wrong": "agreement_weak_wrong"}
    return row | {names_of.get(name, name): value for name, value in found.items() if name != "gain_acc"}
