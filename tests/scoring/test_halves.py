"""The halves of a test sample are decided by its ids alone, and what a row says of them adds up to the whole."""

from __future__ import annotations

import numpy as np
import pytest
from made_samples import made_sample

from w2s_bench.scoring.halves import first_half, half_means


@pytest.mark.parametrize("n", [2, 7, 88])
def test_an_example_is_in_the_same_half_whatever_the_order_and_the_halves_are_even(n: int) -> None:
    ids = np.array([f"x{i}" for i in range(n)], dtype=object)
    first, order = first_half(ids), np.random.default_rng(n).permutation(n)
    assert first.sum() == (n + 1) // 2 and (first_half(ids[order]) == first[order]).all()


def test_neighbours_are_not_kept_together() -> None:
    first = first_half(np.arange(1000))
    assert 0.4 < (first[1:] != first[:-1]).mean() < 0.6 and abs(first[:500].mean() - 0.5) < 0.06


def test_the_halves_of_a_row_make_its_whole() -> None:
    rng = np.random.default_rng(2)
    truth = np.eye(3)[rng.integers(3, size=21)]
    weak, student, ceiling = rng.dirichlet(np.ones(3), (3, 21))
    sample = made_sample(truth, weak, student, ceiling, "kl")
    found = half_means(sample, first_half(np.arange(21)))
    accuracy = (student.argmax(axis=1) == truth.argmax(axis=1)).mean()
    for name, whole in (("err_weak", sample.err_weak.mean()), ("err_student", sample.err_student.mean()),
                        ("misfit", sample.misfit.mean()), ("accuracy_student", accuracy)):
        assert (11 * found[f"{name}_half1"] + 10 * found[f"{name}_half2"]) / 21 == pytest.approx(whole)
    numbers = made_sample(np.arange(4.0), np.ones(4), np.zeros(4), np.ones(4))
    assert "accuracy_student_half1" not in half_means(numbers, first_half(np.arange(4)))
