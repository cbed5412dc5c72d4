"""Expected calibration error of the likeliest class, and what the student gains in it."""

from __future__ import annotations

import math

import numpy as np

from w2s_bench.contracts import Array, Measured, MetricColumn, Sample, Value, generator_for
from w2s_theory.classification import OfClasses, OfPairs, gain, wrong

ECE_BINS = 15
"""Equal-width bins of (0, 1], each closed on the right (Guo et al. 2017, arXiv 1706.04599)."""

RESAMPLES = 256
"""Bootstrap resamples behind the standard error of a gain; it is then itself known to about 4 %."""

_BLOCK = 500_000
"""About so many drawn examples are held at once while resampling."""


class ECE(OfClasses):
    """Σ_b n_b/n·|accuracy_b − confidence_b| over ECE_BINS bins of the top class's probability."""

    columns = (MetricColumn(name="ece", unit="1", meaning="expected calibration error of the likeliest class, 15 bins",
                            better="lower", source="Guo et al. 2017"),)

    def measured(self, sample: Sample, prediction: Array) -> Value:
        return float(_ece(sample.truth, prediction, _once(len(prediction)))[0])


class ECEGain(OfPairs):
    """ece(weak) − ece(student), two plug-in values, each biased upwards.

    The standard error is that of RESAMPLES paired bootstrap resamples of the examples, drawn from a seed that only their
    number decides.
    """

    columns = gain("ece", "1", "weak − student")

    def measured(self, sample: Sample, prediction: Array) -> Value:
        truth, weak = sample.truth, sample.predicted.weak
        n = len(truth)
        value = float((_ece(truth, weak, _once(n)) - _ece(truth, prediction, _once(n)))[0])
        if n == 1:
            return Measured(value, math.nan)
        generator = generator_for("ece resamples", n=n)
        rows = max(1, min(RESAMPLES, _BLOCK // n))
        resampled = []
        for start in range(0, RESAMPLES, rows):
            drawn = generator.integers(n, size=(min(rows, RESAMPLES - start), n))
            resampled.append(_ece(truth, weak, drawn) - _ece(truth, prediction, drawn))
        return Measured(value, float(np.concatenate(resampled).std(ddof=1)))


def _ece(truth: Array, prediction: Array, drawn: Array) -> Array:
    """ECE of r samples of these examples, (r,). drawn: (r, m), the examples of each sample, repeated or not."""
    confidence = prediction.max(axis=1)
    bins = np.clip(np.ceil(confidence * ECE_BINS).astype(np.intp) - 1, 0, ECE_BINS - 1)
    right_less_confidence = 1.0 - wrong(truth, prediction) - confidence
    cells = bins[drawn] + ECE_BINS * np.arange(len(drawn))[:, None]
    summed = np.bincount(cells.ravel(), right_less_confidence[drawn].ravel(), minlength=ECE_BINS * len(drawn))
    sizes: Array = np.abs(summed.reshape(len(drawn), ECE_BINS)).sum(axis=1) / drawn.shape[1]
    return sizes


def _once(n: int) -> Array:
    return np.arange(n, dtype=np.intp)[None, :]
