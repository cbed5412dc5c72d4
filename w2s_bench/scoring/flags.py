"""Reasons not to read much into a row, found from arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts import CLIPPED_SHARE, Classes, Sample
from w2s_bench.scoring.arrays import Array, as_column, as_rows, check_same_shape
from w2s_bench.scoring.baselines import constant_errors, majority_right
from w2s_bench.scoring.intervals import estimate
from w2s_bench.scoring.samples import errors_of

COLLAPSED_VARIANCE = 1e-2
"""A teacher whose predictions have less than this share of the truth's variance says the same to
everybody."""

SAME_PREDICTION = 1e-6
"""Largest difference between student and teacher, relative to 1 + the largest prediction, that is none."""

FEW_TEST_EXAMPLES = 50
"""Below this many test examples the intervals of a row are wider than most of its differences."""

CLIPPED = 1e-3
"""Weak labels are clipped where more than CLIPPED_SHARE of them hold a value that conforming to the divergence changed by more
than this part of itself."""


def teacher_at_chance(sample: Sample) -> bool:
    """Whether the teacher errs no less, beyond noise, than the best constant predictor of this very sample."""
    return not estimate(constant_errors(sample.divergence, sample.truth) - sample.err_weak).low > 0.0


def teacher_at_majority(sample: Sample) -> bool:
    """Whether the teacher names the right class no more often, beyond noise, than who always names the most frequent one."""
    if not isinstance(sample.output, Classes):
        return False
    right = sample.predicted.weak.argmax(axis=1) == sample.truth.argmax(axis=1)
    return not estimate(right.astype(np.float64) - majority_right(sample.truth)).low > 0.0


def labels_clipped(sample: Sample) -> bool:
    """Whether the misfit rests on the clip of the divergence's domain, as of hard weak labels under `kl`."""
    return clipped_share(sample.weak, sample.predicted.weak) > CLIPPED_SHARE


def clipped_share(conformed: Array, given: Array) -> float:
    """The share of examples of which conforming to a divergence changed a value. Both (n, k)."""
    moved = np.abs(conformed - given) > CLIPPED * np.abs(conformed)
    return float(moved.any(axis=1).mean())


def hard_share(conformed: Array, given: Array) -> float:
    """The share of examples whose labels give a class exactly 0, where the divergence they were conformed to is infinite. Both
    (n, k)."""
    return float(((given == 0.0) & (conformed > 0.0)).any(axis=1).mean())


def band_wider_than_misfit(sample: Sample) -> bool:
    """Whether the explicit law of the divergence, with the ceiling's error as ε, lets the gain fall below the misfit by more than
    the misfit: then it foretells no gain."""
    misfit, spread = float(sample.misfit.mean()), sample.divergence.spread(sample.student, sample.weak)
    return sample.divergence.reach(misfit, float(sample.err_reference.mean()), float(spread.mean())) > misfit


def teacher_collapsed(weak: npt.ArrayLike, truth: npt.ArrayLike) -> bool:
    """Whether the teacher is a constant, or names one class for all. weak, truth: (n, k). False for
    constant truth."""
    f_w, y = as_rows(weak, "weak"), as_rows(truth, "truth")
    check_same_shape(f_w, y, "weak and truth")
    if constant_labels(y):
        return False
    if (
        _is_distribution(y)
        and np.unique(y.argmax(axis=1)).size > 1
        and np.unique(f_w.argmax(axis=1)).size == 1
    ):
        return True
    return bool(f_w.var(axis=0).sum() < COLLAPSED_VARIANCE * y.var(axis=0).sum())


def ceiling_not_better(err_weak: npt.ArrayLike, err_ceiling: npt.ArrayLike) -> bool:
    """Whether ground truth buys the strong model nothing over the teacher. Per-example errors, (n,) each."""
    return float(_gap(err_weak, err_ceiling).mean()) <= 0.0


def gap_inside_noise(err_weak: npt.ArrayLike, err_ceiling: npt.ArrayLike) -> bool:
    """Whether the 95 % interval of err_weak − err_ceiling contains 0, or there is none. (n,) each."""
    return estimate(_gap(err_weak, err_ceiling)).contains_zero


def student_equals_teacher(student: npt.ArrayLike, weak: npt.ArrayLike) -> bool:
    """Whether the student only copies. student, weak: (n, k)."""
    f_sw, f_w = as_rows(student, "student"), as_rows(weak, "weak")
    check_same_shape(f_sw, f_w, "student and weak")
    return bool(np.abs(f_sw - f_w).max() <= SAME_PREDICTION * (1.0 + np.abs(f_w).max()))


def student_equals_ceiling(sample: Sample) -> bool:
    """Whether the student answers to the last bit what the ceiling does, although the teacher's labels are not the truth: then it
    has not learned from them."""
    said = sample.predicted
    return np.array_equal(said.student, said.ceiling) and not np.array_equal(said.weak, sample.truth)


def few_test_examples(n: int) -> bool:
    """Whether n is below FEW_TEST_EXAMPLES."""
    return n < FEW_TEST_EXAMPLES


def constant_labels(truth: npt.ArrayLike) -> bool:
    """Whether every label is the same. truth: (n, k)."""
    y = as_rows(truth, "truth")
    return bool((y == y[0]).all())


def not_above_shuffled(sample: Sample) -> bool:
    """Whether the student errs no less, beyond noise, than one of the same strategy that was taught the weak labels of other
    examples: then what it gained, it did not learn of the teacher. False where the run leaves that one out."""
    if sample.predicted.shuffled is None:
        return False
    return not estimate(errors_of(sample, sample.predicted.shuffled) - sample.err_student).low > 0.0


def flags(sample: Sample) -> tuple[str, ...]:
    """Names of the flags that a row carries, in a fixed order."""
    y, f_w, f_sw = sample.truth, sample.predicted.weak, sample.predicted.student
    raised = {
        "teacher-at-chance": teacher_at_chance(sample),
        "teacher-at-majority": teacher_at_majority(sample),
        "teacher-collapsed": teacher_collapsed(f_w, y),
        "ceiling-not-better": ceiling_not_better(sample.err_weak, sample.err_reference),
        "gap-inside-noise": gap_inside_noise(sample.err_weak, sample.err_reference),
        "student-equals-teacher": student_equals_teacher(f_sw, f_w),
        "student-equals-ceiling": student_equals_ceiling(sample),
        "labels-clipped": labels_clipped(sample),
        "band-wider-than-misfit": band_wider_than_misfit(sample),
        "not-above-shuffled": not_above_shuffled(sample),
        "few-test-examples": few_test_examples(len(y)),
        "constant-labels": constant_labels(y),
    }
    return tuple(name for name, is_raised in raised.items() if is_raised)


def _gap(err_weak: npt.ArrayLike, err_ceiling: npt.ArrayLike) -> Array:
    weak, ceiling = as_column(err_weak, "err_weak"), as_column(err_ceiling, "err_ceiling")
    check_same_shape(weak, ceiling, "err_weak and err_ceiling")
    return weak - ceiling


def _is_distribution(y: Array) -> bool:
    return y.shape[1] > 1 and bool((y >= 0.0).all() and (np.abs(y.sum(axis=1) - 1.0) < 1e-5).all())
