"""Truth, weak, student and ceiling meet here, side by side, for the first and only time; one row and its bounds leave."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_bench.compute.splits import PARTS, LoadedTask
from w2s_bench.contracts import Array, Classes, LinearPredictor, SoftmaxPredictor, declared
from w2s_bench.planning.recipes import Part
from w2s_bench.scoring.bounds import Bound, Facts, bounds
from w2s_bench.scoring.certificates import EXACT, ClassCertificate, certify
from w2s_bench.scoring.class_columns import class_columns
from w2s_bench.scoring.columns import ASSUMPTIONS, TRAIN
from w2s_bench.scoring.divergence import Divergence, divergence
from w2s_bench.scoring.flags import flags
from w2s_bench.scoring.intervals import estimate
from w2s_bench.scoring.ledger import ledger
from w2s_bench.scoring.metrics import regression_metrics
from w2s_bench.scoring.ratios import gain_over_misfit, pgr
from w2s_bench.scoring.representations import predicted_variance
from w2s_bench.store.artifacts import Artifact

UNFINISHED = 0.01
"""δ above this share of the weak labels' variance, on the inputs that were fitted, is a fit that did not converge."""

Predictions = Mapping[str, Mapping[str, Array] | None]


@dataclass(frozen=True)
class Pair:
    """What is known of a weak and a strong model beside their predictions.

    same: they are one model. sizes: declared, None where unknown or of two families. truncated: inputs that were cut.
    overlap: two splits share the content that the strong model reads. independent: the transfer inputs are independent
    of the weak model.
    """

    same: bool
    weak_size: int | None
    strong_size: int | None
    truncated: int
    overlap: bool
    independent: bool


def score(task: LoadedTask, strategy: Any, student: Any, features: Mapping[str, Array], predictions: Predictions,
          pair: Pair, between: Mapping[str, Any]) -> Artifact:
    """The row and the bounds of one cell as a payload of plain JSON values.

    features: the strong model's, by split, (n, d) float32. predictions: by role, then split, (n, k) float64.
    between: the fields of `Representations`, or empty where the features were not compared.
    """
    measure = divergence(task.payload["divergence"])
    roles = {role: found["test"] for role, found in predictions.items() if found is not None}
    truth = task.splits.test.truth
    row = {
        "divergence": measure.name, "output_unit": getattr(task.output, "unit", ""),
        "class_balance": {None: None, True: "on", False: "off"}[task.payload["balanced"]],
        "truth_share": float(declared(strategy, "truth_share", 0.0)),
        **{f"n_{part}": len(task.part(part).truth) for part in PARTS},
        "truncated": pair.truncated, "fingerprint_task": task.payload["fingerprint"],
        "fingerprint_data": task.payload["data"],
    }
    certificates: dict[str, ClassCertificate] = {}
    written: list[dict[str, Any]] = []
    for split, part in _SAMPLES:
        at, known = _at(predictions, part), task.part(part).truth
        certificates[split] = certify(strategy, student, features[part], at, known, measure)
        facts = _facts(task, strategy, student, features["transfer"], certificates[split], split, measure, pair)
        written += [_bound_row(b) for b in bounds(known, at["weak"], at["student"], at["ceiling"], facts)]
    row |= _scores(truth, roles, measure) | _fitted(task, predictions, measure) | _compared(task, between)
    row |= {
        "delta_exact": _plain(certificates["test"].delta), "delta_exact_train": _plain(certificates["train"].delta),
        "ceiling_in_class": certificates["train"].reference_in_class, **_direction(pair, row),
        "flags": _flags(task, roles, measure, pair) + _unfinished(strategy, certificates["train"], predictions),
    }
    if isinstance(task.output, Classes):
        row |= {name: _plain(value) for name, value in class_columns(task.output, truth, roles).items()}
    else:
        for role, values in roles.items():
            row |= {f"{name}_{role}": _plain(value) for name, value in regression_metrics(truth, values).items()}
    return Artifact({}, {"row": row, "bounds": written})


_SAMPLES: tuple[tuple[str, Part], ...] = (("train", "transfer"), ("test", "test"))


def _facts(task: LoadedTask, strategy: Any, student: Any, fitted_on: Array, certificate: ClassCertificate, split: str,
           measure: Divergence, pair: Pair) -> Facts:
    linear = isinstance(student, LinearPredictor) and measure.name != "kl"
    softmax = isinstance(student, SoftmaxPredictor) and measure.name == "kl"
    design = np.asarray(student.design(fitted_on), dtype=np.float64) if linear else None
    return Facts(
        split=split, divergence=measure.name, convex_in=strategy.convex_in, exact=bool(strategy.exact),
        exact_projection=certificate.exact_projection, reference_in_class=certificate.reference_in_class,
        truth_in_class=certificate.truth_in_class, subspace=(linear or softmax) and student.radius is None,
        independent_transfer=pair.independent, contains_constant=linear, delta=certificate.delta,
        spans_sample=certificate.spans_sample, deterministic=split == "train",
        n_transfer=len(task.splits.transfer.truth), head_norm=float(student.head_norm) if linear else None,
        sum_squared_features=float((design ** 2).sum()) if design is not None else None,
        label_range=float(np.ptp(task.splits.transfer.truth)), known_truth=bool(task.payload["known_truth"]))


def _scores(truth: Array, roles: Mapping[str, Array], measure: Divergence) -> dict[str, Any]:
    entries = ledger(truth, roles["weak"], roles["student"], roles["ceiling"], measure)
    terms = {"err_weak": entries.err_weak, "err_student": entries.err_student, "err_ceiling": entries.err_reference,
             "gain": entries.gain, "misfit": entries.misfit, "misfit_reverse": entries.misfit_reverse,
             "projection": entries.projection, "realizability": entries.realizability,
             "predicted_err": entries.err_weak - entries.misfit}
    for role in ("gold", "base"):
        if role in roles:
            terms[f"err_{role}"] = measure.between(truth, roles[role])
    row: dict[str, Any] = {}
    for name, values in terms.items():
        found = estimate(values)
        row[name], row[f"{name}_se"] = _plain(found.mean), _plain(found.se)
    row["gain_over_misfit"] = _plain(gain_over_misfit(entries.gain, entries.misfit, entries.err_weak))
    recovered, reason = pgr(entries.err_weak, entries.err_student, entries.err_reference)
    return row | {"pgr": _plain(recovered), "pgr_reason": reason, "ledger_residue": entries.residue()}


def _fitted(task: LoadedTask, predictions: Predictions, measure: Divergence) -> dict[str, float]:
    """The ledger's means on the student's training inputs, where an exact linear head makes the law an identity."""
    at = _at(predictions, "transfer")
    entries = ledger(task.splits.transfer.truth, at["weak"], at["student"], at["ceiling"], measure)
    return {f"{name}_train": float(getattr(entries, name).mean()) for name in TRAIN}


def _compared(task: LoadedTask, between: Mapping[str, Any]) -> dict[str, Any]:
    """What the features say of each other, and of the student's variance where the label noise is known."""
    noise = task.payload["label_noise"]
    row = {**between, "label_noise": noise}
    if between and noise is not None:
        row["predicted_variance"] = predicted_variance(
            between["dim_weak"], between["dim_strong"], between["dim_overlap"], noise,
            len(task.splits.supervise.truth), len(task.splits.transfer.truth))
    return row


def _flags(task: LoadedTask, roles: Mapping[str, Array], measure: Divergence, pair: Pair) -> list[str]:
    truth = task.splits.test.truth
    err_weak, err_ceiling = (measure.between(truth, roles[role]) for role in ("weak", "ceiling"))
    raised = list(flags(truth, roles["weak"], roles["student"], roles["ceiling"], err_weak, err_ceiling))
    if isinstance(task.output, Classes):
        lacking = {part for part in PARTS if (task.part(part).truth.sum(axis=0) == 0.0).any()}
        raised += [f"class-missing-in-{part}" for part in PARTS if part in lacking]
    return raised + (["splits-overlap"] if pair.overlap else [])


def _unfinished(strategy: Any, certificate: ClassCertificate, predictions: Predictions) -> list[str]:
    """`not-converged` where δ on the training inputs is over a share of the variance of the weak labels there.

    A strategy that declares no convex class means to end elsewhere.
    """
    if strategy.convex_in is None:
        return []
    weak = _at(predictions, "transfer")["weak"]
    allowed = max(UNFINISHED * float(weak.var(axis=0).sum()), EXACT * float((weak ** 2).mean()))
    return ["not-converged"] if certificate.delta is not None and certificate.delta > allowed else []


def _direction(pair: Pair, row: Mapping[str, Any]) -> dict[str, str]:
    if pair.same:
        return {"direction": "same", "direction_by": "model"}
    weak, strong = pair.weak_size, pair.strong_size
    if weak is not None and strong is not None and weak != strong:
        return {"direction": "weak-to-strong" if weak < strong else "strong-to-weak", "direction_by": "size"}
    word = "weak-to-strong" if row["err_ceiling"] < row["err_weak"] else "strong-to-weak"
    return {"direction": word, "direction_by": "ceiling"}


def _bound_row(bound: Bound) -> dict[str, Any]:
    values = {f.name: getattr(bound, f.name) for f in dataclasses.fields(bound) if f.name != "assumptions"}
    assumed = {name: getattr(bound.assumptions, name) for name in ASSUMPTIONS}
    return {**{name: _plain(value) for name, value in values.items()}, **assumed,
            "all_assumptions": bound.all_assumptions_hold}


def _at(predictions: Predictions, part: str) -> dict[str, Array]:
    return {role: found[part] for role, found in predictions.items() if found is not None}


def _plain(value: Any) -> Any:
    """JSON has no NaN: a number that is not finite becomes null."""
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value
