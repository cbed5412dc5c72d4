"""The gain of a student over its teacher, split exactly.

    gain = misfit + <g − f_sw, Δ> + <y − g, Δ> = misfit + projection + realizability,   Δ = grad phi(f_sw) −
    grad phi(f_w)

This is the three-point identity of a Bregman divergence (Mulgund and Pabbaraju, arXiv 2501.19105) with a
reference predictor g put between the student and the truth; it is arithmetic and holds example by example,
for any g.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_bench.scoring.arrays import Array, check_same_shape
from w2s_bench.scoring.divergence import Divergence


@dataclass(frozen=True)
class Ledger:
    """Per-example terms, each (n,), in the divergence's unit. Means over examples are the numbers of a
    row."""

    err_weak: Array
    err_student: Array
    err_reference: Array
    gain: Array
    misfit: Array
    misfit_reverse: Array
    projection: Array
    realizability: Array

    def residue(self) -> float:
        """|gain − misfit − projection − realizability| of the means: at most 1e-9·(1 + |gain|), or scoring
        is wrong."""
        split = self.misfit.mean() + self.projection.mean() + self.realizability.mean()
        return float(abs(self.gain.mean() - split))


def ledger(
    truth: npt.ArrayLike,
    weak: npt.ArrayLike,
    student: npt.ArrayLike,
    reference: npt.ArrayLike,
    divergence: Divergence,
) -> Ledger:
    """The ledger of one student on one sample.

    truth, weak, student, reference: (n, k) or (n,), y, f_w, f_sw and g in the units of the task's output.
    `misfit` is D(f_sw, f_w), student first; `misfit_reverse` is D(f_w, f_sw). No term is found by
    subtracting the others, so `residue` is a check. Raises ShapeError and DomainError as
    `Divergence.between`.
    """
    y, f_w, f_sw, g = (divergence.conform(v) for v in (truth, weak, student, reference))
    for name, rows in (("weak", f_w), ("student", f_sw), ("reference", g)):
        check_same_shape(y, rows, f"truth and {name}")
    change = divergence.gradient(f_sw) - divergence.gradient(f_w)
    err_weak = divergence.between(y, f_w)
    err_student = divergence.between(y, f_sw)
    # For a quadratic divergence the same difference without the cancellation of two large errors.
    gain = err_weak - err_student if divergence.name == "kl" else np.einsum("nk,nk->n", y - (f_w + f_sw) / 2.0, change)
    return Ledger(
        err_weak=err_weak,
        err_student=err_student,
        err_reference=divergence.between(y, g),
        gain=gain,
        misfit=divergence.between(f_sw, f_w),
        misfit_reverse=divergence.between(f_w, f_sw),
        projection=np.einsum("nk,nk->n", g - f_sw, change),
        realizability=np.einsum("nk,nk->n", y - g, change),
    )
