"""The test examples in two halves, so that what chooses by one is judged on the other."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts import Classes, Sample

HALVES = (1, 2)
HALVED = ("err_weak", "err_student", "misfit")
"""Terms of the ledger whose means over each half a row holds."""
HALF_COLUMNS = tuple(f"{name}_half{half}" for name in (*HALVED, "accuracy_student") for half in HALVES)
"""The columns that `half_means` fills."""


def first_half(ids: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which examples (n,) are in the first half, by their ids (n,) alone: sorted by a digest of the id, every other one.

    So all cells of one test set have the same halves, whatever the order of its examples, which differ by one at most.
    """
    digests = [hashlib.sha256(str(name).encode("utf-8", "surrogatepass")).digest() for name in np.asarray(ids).tolist()]
    order = sorted(range(len(digests)), key=lambda place: digests[place])
    first = np.zeros(len(digests), dtype=bool)
    first[order[::2]] = True
    return first


def half_means(sample: Sample, first: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """The columns <term>_half1 and <term>_half2 of a sample of 2 examples or more, and accuracy_student_half… of classes."""
    terms = {name: getattr(sample, name) for name in HALVED}
    if isinstance(sample.output, Classes):
        terms["accuracy_student"] = sample.truth.argmax(axis=1) == sample.predicted.student.argmax(axis=1)
    return {f"{name}_half{half}": float(values[first if half == 1 else ~first].mean())
            for name, values in terms.items() for half in HALVES}
