"""The metrics that a reader of a classification table knows already, and what the student gains in each.

Truth and predictions are (n, k) rows of the simplex. A class is named by argmax, the first of several; truth that holds
probabilities counts as its likeliest class where a metric needs a class. Gains are positive where the student is better.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

import numpy as np

from w2s_bench.contracts import Array, Classes, MetricColumn, Missing, Recovered, Sample, Value
from w2s_theory.roc import auroc, auroc_gain, binary_counts
from w2s_theory.simplex import clipped_distribution

BURNS = "Burns et al. 2023"


class OfClasses(ABC):
    """A metric of one predictor of classes."""

    of: Literal["predictor", "pair"] = "predictor"
    outputs = frozenset({"classes"})
    columns: tuple[MetricColumn, ...]

    def __call__(self, sample: Sample, prediction: Array) -> Mapping[str, Value]:
        return {self.columns[0].name: self.measured(sample, prediction)}

    @abstractmethod
    def measured(self, sample: Sample, prediction: Array) -> Value:
        """The value of the one column. prediction: (n, k), as it was predicted."""


class OfPairs(OfClasses):
    """What the student gains on its teacher, paired."""

    of: Literal["predictor", "pair"] = "pair"


def gain(name: str, unit: str, better: str) -> tuple[MetricColumn, ...]:
    """The column of a gain, with its standard error."""
    return (MetricColumn(name=f"gain_{name}", unit=unit, meaning=f"gain in {name}, {better}: positive is better",
                         better="higher", spread=True),)


class Accuracy(OfClasses):
    """Share of examples whose likeliest class is the true one."""

    columns = (MetricColumn(name="accuracy", unit="1", meaning="share of examples whose likeliest class is the true one",
                            better="higher"),)

    def measured(self, sample: Sample, prediction: Array) -> Value:
        return float(np.equal(sample.truth.argmax(axis=1), prediction.argmax(axis=1)).mean())


class Majority(OfPairs):
    """Share of the most frequent class: the accuracy of who names it always, beside which every other is read."""

    columns = (MetricColumn(name="accuracy_majority", unit="1", meaning="share of the most frequent class among test examples"),)

    def measured(self, sample: Sample, prediction: Array) -> Value:
        named = sample.truth.argmax(axis=1)
        return float(np.bincount(named).max() / len(named))


class AccuracyGain(OfPairs):
    """accuracy(student) − accuracy(weak)."""

    columns = gain("accuracy", "1", "student − weak")

    def measured(self, sample: Sample, prediction: Array) -> Value:
        return wrong(sample.truth, sample.predicted.weak) - wrong(sample.truth, prediction)


class AUROC(OfClasses):
    """Of class 1 against class 0; undefined unless there are two classes and both occur."""

    columns = (MetricColumn(name="auroc", unit="1", meaning="area under the ROC curve, binary classes", better="higher"),)

    def measured(self, sample: Sample, prediction: Array) -> Value:
        return _undefined(sample, 1) or auroc(sample.truth, prediction)


class AUROCGain(OfPairs):
    """auroc(student) − auroc(weak), undefined unless both classes have two examples."""

    columns = gain("auroc", "1", "student − weak")

    def measured(self, sample: Sample, prediction: Array) -> Value:
        return _undefined(sample, 2) or auroc_gain(sample.truth, sample.predicted.weak, prediction)


class CrossEntropy(OfClasses):
    """−Σ y ln f in nats, f clipped and renormalised as for `kl`."""

    columns = (MetricColumn(name="cross_entropy", unit="nats", meaning="mean −ln p of the true class", better="lower"),)

    def measured(self, sample: Sample, prediction: Array) -> Value:
        return float(cross_entropy(sample.truth, prediction).mean())


class CrossEntropyGain(OfPairs):
    """cross_entropy(weak) − cross_entropy(student)."""

    columns = gain("cross_entropy", "nats", "weak − student")

    def measured(self, sample: Sample, prediction: Array) -> Value:
        return cross_entropy(sample.truth, sample.predicted.weak) - cross_entropy(sample.truth, prediction)


class BrierScore(OfClasses):
    """Σ (y − f)², summed over classes."""

    columns = (MetricColumn(name="brier", unit="1", better="lower",
                            meaning="mean squared distance of the probabilities from the truth, summed over classes"),)

    def measured(self, sample: Sample, prediction: Array) -> Value:
        return float(_brier(sample.truth, prediction).mean())


class BrierGain(OfPairs):
    """brier(weak) − brier(student)."""

    columns = gain("brier", "1", "weak − student")

    def measured(self, sample: Sample, prediction: Array) -> Value:
        return _brier(sample.truth, sample.predicted.weak) - _brier(sample.truth, prediction)


class RecoveredAccuracy(OfPairs):
    """The share of the gap in accuracy that the student recovers."""

    columns = (MetricColumn(name="pgr_accuracy", unit="1", meaning="performance gap recovered, on accuracy", better="higher",
                            source=BURNS, reason=True),)

    def measured(self, sample: Sample, prediction: Array) -> Value:
        of_weak, of_student, of_ceiling = (
            wrong(sample.truth, f) for f in (sample.predicted.weak, prediction, sample.predicted.ceiling))
        return Recovered(of_weak, of_student, of_ceiling)


def wrong(truth: Array, prediction: Array) -> Array:
    """1 where the likeliest class is not the true one, (n,)."""
    errors: Array = np.not_equal(prediction.argmax(axis=1), truth.argmax(axis=1)).astype(np.float64)
    return errors


def cross_entropy(truth: Array, prediction: Array) -> Array:
    """−Σ y ln f, (n,), in nats."""
    nats: Array = -np.einsum("nk,nk->n", truth, np.log(clipped_distribution(prediction)))
    return nats


def _brier(truth: Array, prediction: Array) -> Array:
    squares: Array = np.einsum("nk,nk->n", truth - prediction, truth - prediction)
    return squares


def _undefined(sample: Sample, least: int) -> Missing | None:
    """Why there is no AUROC (least = 1), or no interval of its gain (least = 2): both classes need so many examples."""
    if sample.truth.shape[1] != 2:
        return Missing(f"auroc: for two classes, and there are {sample.truth.shape[1]}")
    called = sample.output.names if isinstance(sample.output, Classes) and sample.output.names else ("0", "1")
    counts = binary_counts(sample.truth)
    for j in (0, 1):
        if counts[j] == 0:
            return Missing(f"auroc: no example of class {called[j]}")
    for j in (0, 1):
        if counts[j] < least:
            return Missing(f"auroc gain: one example of class {called[j]}, an interval needs two")
    return None


