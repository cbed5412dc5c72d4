"""Truth and predictions of one cell become two samples; its row, its bounds and what certifies its student leave."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np

from w2s_bench.compute.splits import PARTS, LoadedTask, part_fingerprints
from w2s_bench.contracts import (
    CLIPPED_SHARE,
    REFERENCES,
    Array,
    Bound,
    Classes,
    DataError,
    Divergence,
    Facts,
    LinearPredictor,
    Metric,
    Predictions,
    Sample,
    SoftmaxPredictor,
    declared,
)
from w2s_bench.planning.recipes import Part
from w2s_bench.scoring.baselines import constant_errors
from w2s_bench.scoring.certificates import EXACT, ClassCertificate, certify
from w2s_bench.scoring.columns import TRAIN, Scores
from w2s_bench.scoring.flags import flags, hard_share
from w2s_bench.scoring.halves import first_half, half_means
from w2s_bench.scoring.intervals import estimate
from w2s_bench.scoring.linear_class import Factorise, factorised
from w2s_bench.scoring.long_designs import design_of, sum_of_squares
from w2s_bench.scoring.measured import metric_columns
from w2s_bench.scoring.ratios import gain_over_misfit, pgr
from w2s_bench.scoring.representations import predicted_variance
from w2s_bench.scoring.samples import errors_of, residue, sample_of
from w2s_bench.scoring.verdict import bound_rows
from w2s_bench.store.artifacts import Artifact

UNFINISHED = 0.01
"""δ above this share of the weak labels' variance, on the inputs that were fitted, is a fit that did not converge."""

BALANCE = {None: None, True: "on", False: "off"}
"""Words for whether classes are thinned to one size."""

WITH_ENDS = ("err_weak", "err_student", "err_ceiling", "gain", "misfit")
"""Means whose interval over test examples is written too."""

Answers = Mapping[str, Mapping[str, Array] | None]
"""Predictions by predictor, then split, (n, k) float64; None for a predictor that the run leaves out."""

_SAMPLES: tuple[tuple[Literal["test", "train"], Part], ...] = (("train", "transfer"), ("test", "test"))


@dataclass(frozen=True)
class Pair:
    """What is known of a weak and a strong model beside their predictions.

    direction, direction_by: declared, see planning/direction.py. truncated: inputs that weak and strong cut, None where a model
    does not say. overlap: two splits share the content that the strong model reads. independent: the transfer inputs are
    independent of the weak model.
    """

    direction: str
    direction_by: str | None
    truncated: tuple[int | None, int | None]
    overlap: bool
    independent: bool


@dataclass(frozen=True)
class Fitted:
    """A student, the strategy that fitted it, and the features that it reads, by split, (n, d) float32. factorise: of designs."""

    strategy: Any
    student: Any
    features: Mapping[str, Array]
    factorise: Factorise = factorised


@dataclass(frozen=True)
class Yardsticks:
    """What a cell is measured by: its divergence, and by name the metrics and bounds that are about it."""

    divergence: Divergence
    metrics: Mapping[str, Metric]
    bounds: Mapping[str, Bound]


def score(task: LoadedTask, fitted: Fitted, answers: Answers, pair: Pair, between: Mapping[str, Any],
          measures: Yardsticks) -> Artifact:
    """The row, the bounds and the facts of one cell as a payload of plain JSON values.

    between: the fields of `Representations`, or empty where the features were not compared.
    """
    samples = {split: _sample(task, answers, split, part, measures.divergence) for split, part in _SAMPLES}
    for sample in samples.values():
        check_not_hard(sample)
    certificates = {split: certify(fitted.strategy, fitted.student, fitted.features[part], samples[split], fitted.factorise)
                    for split, part in _SAMPLES}
    facts = {split: _facts(task, fitted, certificates[split], samples[split], pair) for split in samples}
    bounds, faults = [], []
    for split, sample in samples.items():
        rows, raised = bound_rows(sample, facts[split], measures.bounds)
        bounds += rows
        faults += raised
    metrics, reasons = metric_columns(samples["test"], measures.metrics)
    test, certificate = samples["test"], certificates["train"]
    scores = Scores(
        **_described(task, fitted.strategy, test, pair), **ledger_means(test), **means_on_train(samples["train"]),
        **half_means(test, first_half(task.splits.test.ids)), **_compared(task, between),
        delta_exact=_plain(certificates["test"].delta), delta_exact_train=_plain(certificate.delta),
        ceiling_in_class=certificate.reference_in_class, metrics_missing=[*reasons, *dict.fromkeys(faults)],
        flags=_flags(task, test, pair) + _unfinished(fitted.strategy, certificate, samples["train"]))
    return Artifact({}, {
        "row": {**msgspec.to_builtins(scores), **metrics},
        "bounds": [{**{name: _plain(value) for name, value in msgspec.to_builtins(bound).items()},
                    "all_assumptions": bound.all_assumptions} for bound in bounds],
        "facts": {split: msgspec.to_builtins(found) for split, found in facts.items()}})


def _sample(task: LoadedTask, answers: Answers, split: Literal["test", "train"], part: Part, divergence: Divergence) -> Sample:
    predicted = Predictions(**{name: found[part] for name, found in answers.items() if found is not None})
    return sample_of(split, task.output, divergence, task.part(part).truth, predicted)


def check_not_hard(sample: Sample) -> None:
    """Raise DataError where gain and misfit would be set by the value that hard weak labels are clipped at."""
    share = hard_share(sample.weak, sample.predicted.weak)
    if share > CLIPPED_SHARE:
        n = len(sample.weak)
        raise DataError(f"{round(share * n)} of {n} weak labels give a class the probability 0, where "
                        f"{sample.divergence.name} is infinite", where=f"the supervisor on {sample.split}",
                        hint="score hard labels by divergence=brier, a parameter of the task; or take a supervisor that gives "
                        "probabilities")


def _facts(task: LoadedTask, fitted: Fitted, certificate: ClassCertificate, sample: Sample, pair: Pair) -> Facts:
    student, transfer = fitted.student, task.splits.transfer.truth
    linear = isinstance(student, LinearPredictor) and sample.divergence.geometry == "quadratic"
    softmax = isinstance(student, SoftmaxPredictor) and sample.divergence.geometry == "entropic"
    design = design_of(student, fitted.features["transfer"]) if linear else None
    return Facts(
        convex_in=fitted.strategy.convex_in, exact=bool(fitted.strategy.exact),
        exact_projection=certificate.exact_projection, reference_in_class=certificate.reference_in_class,
        truth_in_class=certificate.truth_in_class, subspace=(linear or softmax) and student.radius is None,
        independent_transfer=pair.independent, contains_constant=linear, delta=certificate.delta,
        spans_sample=certificate.spans_sample, deterministic=sample.split == "train", n_transfer=len(transfer),
        head_norm=float(student.head_norm) if linear else None,
        sum_squared_features=sum_of_squares(design) if design is not None else None,
        label_range=float(np.ptp(transfer)), known_truth=bool(task.payload["known_truth"]),
        delta_rounding=certificate.delta_rounding, beyond=certificate.beyond)


def _described(task: LoadedTask, strategy: Any, sample: Sample, pair: Pair) -> dict[str, Any]:
    return {
        "divergence": sample.divergence.name, **task_columns(task),
        "truth_share": float(declared(strategy, "truth_share", 0.0)),
        "truncated": max((cut for cut in pair.truncated if cut is not None), default=None),
        "truncated_weak": pair.truncated[0], "truncated_strong": pair.truncated[1],
        "direction": pair.direction, "direction_by": pair.direction_by,
    }


def task_columns(task: LoadedTask) -> dict[str, object]:
    """The columns of a row that its task and seed decide."""
    return {
        "output_unit": task.output.unit, "classes": task.output.k if isinstance(task.output, Classes) else None,
        "class_balance": BALANCE[task.payload["balanced"]], "label_noise": task.payload["label_noise"],
        **{f"n_{part}": len(task.part(part).truth) for part in PARTS},
        "fingerprint_task": task.payload["fingerprint"], "fingerprint_data": task.payload["data"],
        **{f"fingerprint_{part}": found for part, found in part_fingerprints(task).items()},
    }


def ledger_means(sample: Sample) -> dict[str, Any]:
    """The ledger's means on test with their standard errors, the baseline of a constant, and ratios."""
    constant = constant_errors(sample.divergence, sample.truth)
    terms = {"err_weak": sample.err_weak, "err_student": sample.err_student, "err_ceiling": sample.err_reference,
             "gain": sample.gain, "misfit": sample.misfit, "misfit_reverse": sample.misfit_reverse,
             "projection": sample.projection, "realizability": sample.realizability,
             "err_constant": constant, "over_constant": constant - sample.err_weak,
             "predicted_err": sample.err_weak - sample.misfit}
    terms |= {f"err_{name}": errors_of(sample, values) for name in REFERENCES
              if (values := getattr(sample.predicted, name)) is not None}
    row: dict[str, Any] = {}
    for name, values in terms.items():
        found = estimate(values)
        row[name], row[f"{name}_se"] = _plain(found.mean), _plain(found.se)
        if name in WITH_ENDS:
            row[f"{name}_low"], row[f"{name}_high"] = _plain(found.low), _plain(found.high)
    row["gain_over_misfit"] = _plain(gain_over_misfit(sample.gain, sample.misfit, sample.err_weak))
    recovered, reason = pgr(sample.err_weak, sample.err_student, sample.err_reference)
    return row | {"pgr": _plain(recovered), "pgr_reason": reason, "ledger_residue": residue(sample)}


def means_on_train(sample: Sample) -> dict[str, Any]:
    """The ledger's means on the student's training inputs, where an exact linear head makes the law an identity."""
    return {f"{name}_train": float(getattr(sample, name).mean()) for name in TRAIN}


def _compared(task: LoadedTask, between: Mapping[str, Any]) -> dict[str, Any]:
    """What the features say of each other, and of the student's variance where the label noise is known."""
    noise = task.payload["label_noise"]
    row = {**between}
    if between and noise is not None:
        row["predicted_variance"] = predicted_variance(
            between["dim_weak"], between["dim_strong"], between["dim_overlap"], noise,
            len(task.splits.supervise.truth), len(task.splits.transfer.truth))
    return row


def _flags(task: LoadedTask, sample: Sample, pair: Pair) -> list[str]:
    return [*flags(sample), *class_flags(task), *(["splits-overlap"] if pair.overlap else []), *task.payload.get("flags", ())]


def class_flags(task: LoadedTask) -> list[str]:
    """The flags of the parts that lack a class."""
    if not isinstance(task.output, Classes):
        return []
    lacking = {part for part in PARTS if (task.part(part).truth.sum(axis=0) == 0.0).any()}
    return [f"class-missing-in-{part}" for part in PARTS if part in lacking]


def _unfinished(strategy: Any, certificate: ClassCertificate, sample: Sample) -> list[str]:
    """`not-converged`, but of a strategy that declares no convex class, which means to end elsewhere."""
    return [] if strategy.convex_in is None else not_converged(certificate.delta, sample)


def not_converged(delta: float | None, sample: Sample) -> list[str]:
    """The flag of a fit whose δ on the training inputs is over a share of the variance of the weak labels there."""
    weak = sample.predicted.weak
    allowed = max(UNFINISHED * float(weak.var(axis=0).sum()), EXACT * float((weak**2).mean()))
    return ["not-converged"] if delta is not None and delta > allowed else []


def _plain(value: Any) -> Any:
    """JSON has no NaN: a number that is not finite becomes null."""
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value
