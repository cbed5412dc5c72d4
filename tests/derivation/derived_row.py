"""A row derived anew from what the run kept of its cell (docs/scoring.md)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from derivation.columns import HALVED, ON_TRAIN, WITH_ENDS, WITH_SE
from derivation.divergences import Divergence, Ledger
from derivation.flags import flags_of
from derivation.intervals import of_mean
from derivation.metrics import is_of_classes, metric_columns, named
from derivation.ratios import ratio, recovered
from derivation.run_files import SPLITS, Array, Cell


def ledgers_of(cell: Cell) -> dict[str, Ledger]:
    """The ledger of a cell on both samples."""
    divergence = Divergence(cell.row["divergence"], cell.output["k"])
    return {split: Ledger(divergence, cell.answers[split]) for split in SPLITS}


def derived_row(cell: Cell, ledgers: Mapping[str, Ledger]) -> dict[str, Any]:
    """Every column that predictions and certificates decide; a column that is not there is null."""
    test, train, row = ledgers["test"], ledgers["train"], dict(cell.row)
    metrics, missing = metric_columns(cell.answers["test"], cell.output)
    classes = is_of_classes(cell.output)
    pgr, reason = recovered(*(test.terms[name] for name in ("err_weak", "err_student", "err_ceiling")))
    return {
        **_means(test), **{f"{name}_train": train.means[name] for name in ON_TRAIN}, **_halves(test, classes), **metrics,
        "gain_over_misfit": ratio(test.means["gain"], test.means["misfit"], test.means["err_weak"]),
        "pgr": pgr, "pgr_reason": reason,
        "ledger_residue": abs(test.means["gain"] - sum(test.means[name] for name in ("misfit", "projection", "realizability"))),
        "metrics_missing": missing, "flags": flags_of(test, train, cell.facts["train"], cell.output),
        "status": "ok", "n_test": len(test.y), "n_transfer": len(train.y), "classes": cell.output["k"] if classes else None,
        "output_unit": cell.output.get("unit", ""),
        "delta_exact": cell.facts["test"]["delta"], "delta_exact_train": cell.facts["train"]["delta"],
        "ceiling_in_class": cell.facts["train"]["reference_in_class"], "predicted_variance": _predicted_variance(row)}


def _means(test: Ledger) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name in WITH_SE:
        if name in test.terms:
            value, se, low, high = (None if math.isnan(part) else part for part in of_mean(test.terms[name])[:4])
            found |= {name: value, f"{name}_se": se}
            found |= {f"{name}_low": low, f"{name}_high": high} if name in WITH_ENDS else {}
    return found


def _halves(test: Ledger, classes: bool) -> dict[str, float]:
    """Means over every other example in the order of the SHA-256 of their ids, from the first on and from the second on."""
    order = np.argsort([hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest() for name in test.answers.ids])
    terms = {name: test.terms[name] for name in HALVED if name in test.terms}
    if classes:
        right: Array = (named(test.answers.predicted["student"]) == named(test.y)).astype(np.float64)
        terms["accuracy_student"] = right
    return {f"{name}_half{half}": float(values[order[half - 1::2]].mean()) for name, values in terms.items() for half in (1, 2)}


def _predicted_variance(row: Mapping[str, Any]) -> float | None:
    """σ²·(d_s∧w/n + (d_s/N)·(d_w − d_s∧w)/n), n and N the sizes of supervise and transfer."""
    noise, overlap = row["label_noise"], row["dim_overlap"]
    if noise is None or overlap is None:
        return None
    n, transfer = row["n_supervise"], row["n_transfer"]
    return float(noise * (overlap / n + row["dim_strong"] / transfer * (row["dim_weak"] - overlap) / n))
