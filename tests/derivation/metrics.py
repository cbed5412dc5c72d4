"""The metrics of a row (docs/scoring.md, "In full"): of each predictor, and of the student beside its teacher."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.stats import rankdata

from derivation.divergences import clipped
from derivation.intervals import of_mean
from derivation.ratios import recovered
from derivation.run_files import PREDICTORS, Answers, Array

BINS, RESAMPLES = 15, 256


def is_of_classes(output: Mapping[str, Any]) -> bool:
    """Whether rows hold probabilities: of classes, or of which of two is preferred."""
    return output["kind"] in ("classes", "preferences")


def metric_columns(answers: Answers, output: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The metrics of test answers by column, and why some are null, each reason once."""
    found: dict[str, Any] = {}
    reasons: dict[str, None] = {}
    of_classes = is_of_classes(output)
    made = {name: answers.predicted[name] for name in PREDICTORS if name in answers.predicted}
    if not of_classes or output.get("ordered"):
        steps = np.arange(output["k"], dtype=np.float64)[:, None] if of_classes else np.eye(output["k"])
        _collect(found, reasons, of_numbers(answers.truth @ steps, {name: f @ steps for name, f in made.items()}))
    if of_classes:
        names = output.get("names") or ("0", "1")
        _collect(found, reasons, of_each(answers.truth, made, names))
        _collect(found, reasons, of_pair(answers.truth, made, names))
    return found, list(reasons)


def _collect(found: dict[str, Any], reasons: dict[str, None], columns: Iterator[tuple[str, Any]]) -> None:
    for name, value in columns:
        if isinstance(value, str) and not name.endswith("_reason"):
            reasons[value] = None
            value = None
        found[name] = value


def of_numbers(y: Array, made: Mapping[str, Array]) -> Iterator[tuple[str, Any]]:
    """R², RMSE, MAE and Spearman's correlation, the mean over outputs; a sentence where one is not defined."""
    same = bool((np.ptp(y, axis=0) == 0.0).any())
    for name, f in made.items():
        unexplained = np.square(y - f).mean(axis=0)
        yield f"r2_{name}", "r2: the truth is constant" if same else float((1.0 - unexplained / y.var(axis=0)).mean())
    for name, f in made.items():
        yield f"rmse_{name}", float(np.sqrt(np.square(y - f).mean(axis=0)).mean())
        yield f"mae_{name}", float(np.abs(y - f).mean())
    for name, f in made.items():
        ranks = [(rankdata(_rounded(y[:, j])), rankdata(_rounded(f[:, j]))) for j in range(y.shape[1])]
        flat = any(np.ptp(each) == 0.0 for pair in ranks for each in pair)
        yield f"spearman_{name}", "spearman: the truth or a prediction is constant" if flat else float(np.mean(
            [_correlation(a, b) for a, b in ranks]))


def _rounded(values: Array) -> Array:
    """Values with those made equal that differ by less than 1e-12 of the largest, one after the other."""
    found, least = values.copy(), 1e-12 * float(np.abs(values).max())
    order = np.argsort(values)
    for before, after in pairwise(order):
        if values[after] - values[before] <= least:
            found[after] = found[before]
    return found


def _correlation(a: Array, b: Array) -> float:
    return float(np.mean((a - a.mean()) * (b - b.mean())) / (a.std() * b.std()))


def of_each(y: Array, made: Mapping[str, Array], names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Accuracy, AUROC, cross-entropy, Brier score and calibration error of each predictor of classes."""
    yield "accuracy_majority", float(np.bincount(named(y)).max() / len(y))
    for name, f in made.items():
        yield f"accuracy_{name}", float((named(f) == named(y)).mean())
        yield f"cross_entropy_{name}", float(cross_entropy(y, f).mean())
        yield f"brier_{name}", float(np.square(y - f).sum(axis=1).mean())
        yield f"ece_{name}", float(calibration_error(y, f, _once(y))[0])
    for name, f in made.items():
        yield f"auroc_{name}", no_auroc(y, names, 1) or float(preferred(y, f).mean())


def of_pair(y: Array, made: Mapping[str, Array], names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """What the student gains on its teacher, and where the two agree."""
    weak, student = made["weak"], made["student"]
    wrong = {name: (named(made[name]) != named(y)).astype(np.float64) for name in ("weak", "student", "ceiling")}
    yield from _with_se("gain_accuracy", wrong["weak"] - wrong["student"])
    yield from _auroc_gain(y, weak, student, names)
    yield from _with_se("gain_cross_entropy", cross_entropy(y, weak) - cross_entropy(y, student))
    yield from _with_se("gain_brier", np.square(y - weak).sum(axis=1) - np.square(y - student).sum(axis=1))
    yield "gain_ece", float((calibration_error(y, weak, _once(y)) - calibration_error(y, student, _once(y)))[0])
    yield "gain_ece_se", _resampled(y, weak, student)
    pgr, reason = recovered(wrong["weak"], wrong["student"], wrong["ceiling"])
    yield "pgr_accuracy", pgr
    yield "pgr_accuracy_reason", reason
    yield from _agreement(named(weak) == named(student), wrong["weak"] == 0.0, wrong["student"] == 0.0)
    yield "capa", capa(y, weak, student)


def named(f: Array) -> Array:
    """The likeliest class of each example, the first of several."""
    return np.asarray(f.argmax(axis=1))


def cross_entropy(y: Array, f: Array) -> Array:
    """−Σ y ln f, with f clipped as for `kl`."""
    return np.asarray(-(y * np.log(clipped(f))).sum(axis=1))


def no_auroc(y: Array, names: tuple[str, ...], least: int) -> str | None:
    """Why there is no AUROC (least = 1), or no standard error of its gain (least = 2)."""
    if y.shape[1] != 2:
        return f"auroc: for two classes, and there are {y.shape[1]}"
    counts = np.bincount(named(y), minlength=2)
    for called, count in zip(names, counts, strict=True):
        if count == 0:
            return f"auroc: no example of class {called}"
    for called, count in zip(names, counts, strict=True):
        if count < least:
            return f"auroc gain: one example of class {called}, an interval needs two"
    return None


def preferred(y: Array, f: Array) -> Array:
    """For each example of class 1 and each of class 0 whether the first has the higher probability of class 1; ½ for ties."""
    ones, zeros = f[named(y) == 1, 1], f[named(y) == 0, 1]
    return np.asarray((ones[:, None] > zeros) + 0.5 * (ones[:, None] == zeros))


def calibration_error(y: Array, f: Array, times: Array) -> Array:
    """Σ over bins of their share of examples times |accuracy − mean confidence|, 15 bins of (0, 1] closed on the right.

    times: how often each example is in each of several samples, (r, n). A bin's share times that difference is the sum of
    (right − confidence) over its examples, over n.
    """
    confidence = f.max(axis=1)
    edges = np.arange(BINS)
    inside = (confidence[:, None] * BINS > edges) & ((confidence[:, None] * BINS <= edges + 1) | (edges == BINS - 1))
    apart = (named(f) == named(y)) - confidence
    return np.asarray(np.abs(times @ (inside * apart[:, None])).sum(axis=1) / times.sum(axis=1))


def _auroc_gain(y: Array, weak: Array, student: Array, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    undefined = no_auroc(y, names, 2)
    if undefined:
        yield "gain_auroc", undefined
    else:
        better = preferred(y, student) - preferred(y, weak)
        parts = better.mean(axis=0), better.mean(axis=1)
        yield "gain_auroc", float(better.mean())
        yield "gain_auroc_se", math.sqrt(sum(float(part.var(ddof=1)) / len(part) for part in parts))


def _once(y: Array) -> Array:
    return np.ones((1, len(y)))


def _resampled(y: Array, weak: Array, student: Array) -> float | None:
    """The spread of the gain over resamples of the examples, from a seed that n alone decides."""
    n = len(y)
    if n == 1:
        return None
    text = f'{{"dimensions":{{"n":{n}}},"purpose":"ece resamples"}}'
    generator = np.random.default_rng(int(hashlib.sha256(text.encode()).hexdigest()[:16], 16) >> 1)
    times = np.stack([np.bincount(drawn, minlength=n) for drawn in generator.integers(n, size=(RESAMPLES, n))])
    return float(np.std(calibration_error(y, weak, times) - calibration_error(y, student, times), ddof=1))


def _agreement(same: Array, weak_right: Array, student_right: Array) -> Iterator[tuple[str, Any]]:
    yield "agreement", float(same.mean())
    yield "agreement_weak_right", float(same[weak_right].mean()) if weak_right.any() else None
    yield "agreement_weak_wrong", float(same[~weak_right].mean()) if not weak_right.all() else None
    yield "weak_wrong_student_right", float((~weak_right & student_right).mean())
    yield "weak_right_student_wrong", float((weak_right & ~student_right).mean())
    yield "residue_01", 0.0


def capa(y: Array, weak: Array, student: Array) -> float | str:
    """κ_p of Goel et al. 2025: agreement beyond what the two mean probabilities of the right class would give by chance."""
    k = y.shape[1]
    if k == 1:
        return "capa: there is one class"
    p, q = (float(np.take_along_axis(f, named(y)[:, None], axis=1).mean()) for f in (weak, student))
    expected = p * q + (1.0 - p) * (1.0 - q) / (k - 1)
    if 1.0 - expected <= 1e-12:
        return "capa: both are certain and right, so chance explains all agreement"
    return float(((weak * student).sum(axis=1).mean() - expected) / (1.0 - expected))


def _with_se(name: str, terms: Array) -> Iterator[tuple[str, Any]]:
    found = of_mean(terms)
    yield name, found.value
    yield f"{name}_se", found.se

