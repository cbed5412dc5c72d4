"""projection_gap and the dimensions agree with their n × n definitions, and do not depend on how features are written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_bench.contracts.errors import ShapeError
from w2s_bench.scoring.representations import RIDGE, Representations, compare, predicted_variance, spectrum


def between(weak: np.ndarray, strong: np.ndarray) -> Representations:
    return compare(spectrum(weak), spectrum(strong))


def smoother(x: np.ndarray) -> np.ndarray:
    n = len(x)
    kernel = (x - x.mean(axis=0)) @ (x - x.mean(axis=0)).T / n
    return kernel @ np.linalg.inv(kernel + RIDGE * np.trace(kernel) / n * np.eye(n))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12))
def test_the_gap_is_the_operator_norm_of_its_definition(seed: int, weak_width: int, strong_width: int) -> None:
    rng = np.random.default_rng(seed)
    weak, strong = rng.normal(size=(30, weak_width)), rng.normal(size=(30, strong_width)) @ rng.normal(size=(strong_width,) * 2)
    brute = np.linalg.norm(smoother(strong) @ (np.eye(30) - smoother(weak)), 2)
    assert between(weak, strong).projection_gap == pytest.approx(brute, abs=1e-9)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_rotating_and_shifting_features_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weak, strong = rng.normal(size=(40, 3)), rng.normal(size=(40, 5))
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    first, second = between(weak, strong), between(7.0 * weak - 3.0, strong @ turn + 2.0)
    assert first.dim_weak == second.dim_weak and first.dim_strong == second.dim_strong
    assert second.projection_gap == pytest.approx(first.projection_gap, abs=1e-9)
    assert second.dim_overlap == pytest.approx(first.dim_overlap, abs=1e-9)


def test_shared_columns_are_the_overlap() -> None:
    x = np.random.default_rng(0).normal(size=(4000, 9))
    found = between(x[:, :5], x[:, 2:9])
    assert (found.dim_weak, found.dim_strong) == (5, 7)
    assert found.dim_overlap == pytest.approx(3.0, abs=0.05)


def test_a_weak_model_that_holds_the_strong_features_leaves_the_smallest_gap() -> None:
    x = np.random.default_rng(1).normal(size=(500, 6))
    assert between(x, x[:, :3]).projection_gap < 0.3 < 0.8 < between(x[:, :3], x).projection_gap <= 1.0


def test_small_directions_are_no_dimensions() -> None:
    x = np.random.default_rng(2).normal(size=(500, 6)) * [1, 1, 1, 1e-3, 1e-3, 1e-3]
    assert spectrum(x).dimension == 3


def test_constant_features_have_no_dimension_and_leave_everything_open() -> None:
    x = np.random.default_rng(3).normal(size=(50, 4))
    found = between(np.ones((50, 2)), x)
    assert (found.dim_weak, found.dim_overlap) == (0, 0.0) and found.projection_gap > 0.8
    assert between(x, np.ones((50, 2))).projection_gap == 0.0


def test_samples_of_two_sizes_cannot_be_compared() -> None:
    with pytest.raises(ShapeError):
        between(np.eye(5), np.eye(6))


def test_the_variance_of_dong_et_al_by_hand() -> None:
    assert predicted_variance(10, 20, 4, noise=2.0, n=100, transfer=200) == pytest.approx(2.0 * (0.04 + 0.1 * 0.06))
