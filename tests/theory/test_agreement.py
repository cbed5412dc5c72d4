"""Agreement of student and teacher: the 0/1 identity is exact, CAPA is the paper's on cases worked by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_samples import made_sample
from w2s_theory.agreement import Agreement, capa

from w2s_bench.contracts import Missing


def agreement(truth: np.ndarray, weak: np.ndarray, student: np.ndarray) -> dict[str, float | None]:
    sample = made_sample(truth, weak, student, truth, "brier")
    return dict(Agreement()(sample, sample.predicted.student))


@settings(max_examples=300)
@given(st.integers(2, 5).flatmap(lambda k: st.lists(st.tuples(*[st.integers(0, k - 1)] * 3), min_size=1, max_size=90)))
def test_the_gain_in_accuracy_is_what_is_mended_less_what_is_spoilt_exactly(classes: list[tuple[int, int, int]]) -> None:
    labels = np.array(classes)
    truth, weak, student = (np.eye(5)[labels[:, j]] for j in range(3))
    found, n = agreement(truth, weak, student), len(labels)
    assert found["residue_01"] == 0.0
    mended, spoilt = (Fraction(share).limit_denominator(n) for share in (
        found["weak_wrong_student_right"], found["weak_right_student_wrong"]))
    right, of_weak, of_student = labels.T
    assert Fraction(int((of_student == right).sum()) - int((of_weak == right).sum()), n) == mended - spoilt


def test_agreement_of_six_examples_worked_by_hand() -> None:
    truth, weak, student = (np.eye(3)[list(c)] for c in ([0, 0, 1, 1, 2, 2], [0, 0, 1, 0, 0, 1], [0, 1, 1, 1, 0, 2]))
    found = agreement(truth, weak, student)
    assert found["agreement"] == 0.5
    assert found["agreement_weak_right"] == 2 / 3
    assert found["agreement_weak_wrong"] == 1 / 3
    assert (found["weak_wrong_student_right"], found["weak_right_student_wrong"]) == (2 / 6, 1 / 6)


def test_a_share_of_no_example_is_none() -> None:
    truth, other = np.eye(2)[[0, 1, 0]], np.eye(2)[[1, 0, 1]]
    assert agreement(truth, truth, other)["agreement_weak_wrong"] is None
    assert agreement(truth, other, truth)["agreement_weak_right"] is None
    assert agreement(truth, truth, other)["agreement_weak_right"] == 0.0


def test_capa_of_certain_predictors_worked_by_hand() -> None:
    truth = np.eye(2)[[0, 0, 0, 0]]
    first, second = np.eye(2)[[0, 0, 1, 0]], np.eye(2)[[0, 0, 0, 1]]
    assert capa(truth, first, second) == pytest.approx((0.5 - 0.625) / 0.375)
    assert capa(truth, first, first) == 1.0


def test_capa_spreads_what_is_left_over_the_wrong_classes() -> None:
    truth = np.eye(3)[[0]]
    assert capa(truth, np.array([[0.6, 0.3, 0.1]]), np.array([[0.5, 0.25, 0.25]])) == pytest.approx(0.0)
    assert capa(truth, np.array([[0.5, 0.5, 0.0]]), np.array([[0.5, 0.5, 0.0]])) == pytest.approx((0.5 - 0.375) / 0.625)


def test_capa_of_independent_predictors_is_near_0_whatever_their_accuracy() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(4, size=40_000)

    def predictor(accuracy: float) -> np.ndarray:
        wrong = (labels + rng.integers(1, 4, size=labels.size)) % 4
        return np.eye(4)[np.where(rng.uniform(size=labels.size) < accuracy, labels, wrong)]

    assert abs(capa(np.eye(4)[labels], predictor(0.9), predictor(0.6))) < 0.02


def test_capa_is_undefined_where_chance_explains_everything() -> None:
    truth = np.eye(2)[[0, 1, 1]]
    assert isinstance(capa(truth, truth, truth), Missing)
    assert isinstance(capa(truth, 1.0 - truth, 1.0 - truth), Missing)
    assert isinstance(capa(np.ones((3, 1)), np.ones((3, 1)), np.ones((3, 1))), Missing)
