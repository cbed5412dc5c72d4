"""One cell on one sample: its predictions conformed once, its ledger computed once.

    gain = misfit + <g − f_sw, Δ> + <y − g, Δ> = misfit + projection + realizability,   Δ = grad phi(f_sw) − grad phi(f_w)

This is the three-point identity of a Bregman divergence (Mulgund and Pabbaraju, arXiv 2501.19105) with a reference predictor g
put between the student and the truth; it is arithmetic and holds example by example, for any g. The harness uses the ceiling.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from w2s_bench.contracts import Divergence, Output, Predictions, Sample
from w2s_bench.scoring.arrays import Array, check_same_shape


def sample_of(split: Literal["test", "train"], output: Output, divergence: Divergence, truth: Array,
              predicted: Predictions) -> Sample:
    """The sample of one cell. truth: (n, k) or (n,), as are the predictions, in the units of the task's output.

    No term of the ledger is found by subtracting the others, so `residue` is a check. Raises ShapeError and DomainError as
    `Divergence.conform`.
    """
    y = divergence.conform_truth(truth)
    f_w, f_sw, g = (divergence.conform(v) for v in (predicted.weak, predicted.student, predicted.ceiling))
    for name, rows in (("weak", f_w), ("student", f_sw), ("ceiling", g)):
        check_same_shape(y, rows, f"truth and {name}")
    change = divergence.gradient(f_sw) - divergence.gradient(f_w)
    err_weak, err_student = divergence.between(y, f_w), divergence.between(y, f_sw)
    # Of a quadratic divergence the same difference without the cancellation of two large errors.
    quadratic = divergence.geometry == "quadratic"
    gain = np.einsum("nk,nk->n", y - (f_w + f_sw) / 2.0, change) if quadratic else err_weak - err_student
    return Sample(
        split=split, output=output, divergence=divergence, truth=y, weak=f_w, student=f_sw, ceiling=g, predicted=predicted,
        err_weak=err_weak, err_student=err_student, err_reference=divergence.between(y, g), gain=gain,
        misfit=divergence.between(f_sw, f_w), misfit_reverse=divergence.between(f_w, f_sw),
        projection=np.einsum("nk,nk->n", g - f_sw, change), realizability=np.einsum("nk,nk->n", y - g, change))


def errors_of(sample: Sample, predicted: Array) -> Array:
    """D(y, p) (n,) of predictions (n, k) as they were made. Raises as `sample_of`."""
    return sample.divergence.between(sample.truth, sample.divergence.conform(predicted))


def residue(sample: Sample) -> float:
    """|gain − misfit − projection − realizability| of the means: at most 1e-9·(1 + |gain|), or scoring is wrong."""
    split = sample.misfit.mean() + sample.projection.mean() + sample.realizability.mean()
    return float(abs(sample.gain.mean() - split))
