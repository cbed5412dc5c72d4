"""Predictions that look like the truth. docs/checking.md says what each rule can catch, and what it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from w2s_bench.contracts import Array, Classes, Sample
from w2s_bench.leaderboard.derived import Side
from w2s_bench.scoring.flags import constant_labels
from w2s_bench.scoring.intervals import estimate

FEWEST_HITS = 5
HIT_SHARE = 0.05
"""A student that is exactly right on fewer examples than these, or on this share, is not looked at."""

SWAPPED = 0.2
"""How much more often a teacher may be exactly right on one of its two samples than on the other, beside noise."""

TOO_GOOD = 0.01
"""A student whose error is below this share of both its teacher's and its ceiling's has seen the truth."""

FEWEST_WRONG = 10
MUCH_BETTER = 0.2
"""A student that names a wrong class on less than this share of the examples on which teacher and ceiling each do, and these on
so many at least, has seen the truth."""

_EXACT = 1e-9
_FEWEST_EXAMPLES = 20


class Suspicion(NamedTuple):
    """refused: whether it is more than a thing to know."""

    refused: bool
    sentence: str


def suspicions(samples: Mapping[Side, Sample]) -> Iterator[Suspicion]:
    """What is odd about the predictions of a cell."""
    test = samples["test"]
    n = len(test.truth)
    if constant_labels(test.truth) or n < 2:
        return
    student, ceiling, weak = (int(hits(test, values).sum()) for values in (
        test.predicted.student, test.predicted.ceiling, test.predicted.weak))
    if student == n and ceiling < n:
        yield Suspicion(True, f"its student answers with the truth itself on all {n} test examples")
    elif student >= max(FEWEST_HITS, HIT_SHARE * n) and student > 2 * ceiling + HIT_SHARE * n:
        yield Suspicion(True, f"its student answers with the truth itself on {student} of {n} test examples, and the ceiling, "
                              f"the same strategy fitted on the truth, on {ceiling}")
    elif _far_too_good(test):
        yield Suspicion(True, f"its student errs by {test.err_student.mean():.3g}, less than a hundredth of its teacher's "
                              f"{test.err_weak.mean():.3g} and of its ceiling's {test.err_reference.mean():.3g}")
    yield from _too_often_right(test)
    if _many_values(test.truth) and ceiling > n / 2:
        yield Suspicion(True, f"its ceiling answers with the truth itself on {ceiling} of {n} test examples")
    yield from _teacher(samples, weak)
    yield from _copied(test)
    if estimate(test.err_reference - test.err_student).low > 0.0:
        yield Suspicion(False, "its student errs less than its ceiling, beyond noise")


def _copied(sample: Sample) -> Iterator[Suspicion]:
    """A student that is one of those that saw the truth. Where labels make no difference at all, `shuffled` is the same too."""
    made = sample.predicted
    if (made.student == made.student[0]).all() or (made.shuffled is not None and np.array_equal(made.student, made.shuffled)):
        return
    for name, values in (("ceiling", made.ceiling), ("gold", made.gold)):
        if values is not None and np.array_equal(made.student, values):
            yield Suspicion(made.shuffled is not None, f"its student answers to the last bit as its {name}, which was fitted on "
                                                       "the truth")


def hits(sample: Sample, values: Array) -> Array:
    """On which examples (n,) these predictions (n, k) are the truth itself."""
    near: Array = np.abs(values - sample.truth).max(axis=1) <= _EXACT * max(float(sample.truth.std(axis=0).max()), _EXACT)
    return near


def _teacher(samples: Mapping[Side, Sample], on_test: int) -> Iterator[Suspicion]:
    n = len(samples["test"].truth)
    if on_test == n:
        yield Suspicion(True, f"its weak predictions are the truth itself on all {n} test examples")
    if "train" not in samples:
        return
    right = hits(samples["train"], samples["train"].predicted.weak)
    first, second = float(right.mean()), on_test / n
    noise = 3.0 * float(np.sqrt(0.25 / len(right) + 0.25 / n))
    if abs(first - second) > SWAPPED + noise:
        yield Suspicion(True, f"its weak predictions are the truth itself on {first:.0%} of the student's inputs and on "
                              f"{second:.0%} of the test examples: one teacher does not answer so differently")


def _far_too_good(sample: Sample) -> bool:
    least = min(float(sample.err_weak.mean()), float(sample.err_reference.mean()))
    return len(sample.truth) >= _FEWEST_EXAMPLES and least > 0.0 and float(sample.err_student.mean()) < TOO_GOOD * least


def _too_often_right(sample: Sample) -> Iterator[Suspicion]:
    """A student that hardly ever names a wrong class, where teacher and ceiling do: the truth, if smoothed."""
    if not isinstance(sample.output, Classes):
        return
    named = sample.truth.argmax(axis=1)
    student, ceiling, weak = (int((values.argmax(axis=1) != named).sum()) for values in (
        sample.predicted.student, sample.predicted.ceiling, sample.predicted.weak))
    if min(ceiling, weak) >= FEWEST_WRONG and student < MUCH_BETTER * min(ceiling, weak):
        yield Suspicion(True, f"its student names a wrong class on {student} test examples, its teacher on {weak} and its "
                              f"ceiling on {ceiling}")


def _many_values(truth: Array) -> bool:
    """Whether labels are numbers of which hardly two are equal."""
    return truth.shape[1] == 1 and len(np.unique(truth)) > len(truth) / 2
