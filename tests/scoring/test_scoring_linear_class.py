"""The smallest misfit of a class of linear heads, against a general optimiser and against geometry."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from w2s_bench.contracts.errors import DomainError, ShapeError
from w2s_bench.scoring.linear_class import LinearClass


def smallest_misfit(design: np.ndarray, weak: np.ndarray, radius: float | None = None) -> float:
    return LinearClass.of(design, radius).smallest_misfit(weak)


def contains(design: np.ndarray, values: np.ndarray, radius: float | None = None) -> bool:
    return LinearClass.of(design, radius).contains(values)


def by_optimiser(design: np.ndarray, weak: np.ndarray, radius: float) -> float:
    h, y = design - design.mean(axis=0), weak - weak.mean(axis=0)
    shape = (h.shape[1], y.shape[1])

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        miss = h @ w.reshape(shape) - y
        return float((miss**2).sum() / len(h)), (2.0 * h.T @ miss / len(h)).ravel()

    ball = {"type": "ineq", "fun": lambda w: radius**2 - w @ w, "jac": lambda w: -2.0 * w}
    start = np.full(shape[0] * shape[1], 1e-3)
    found = minimize(loss, start, jac=True, method="SLSQP", constraints=[ball],
                     options={"ftol": 1e-14, "maxiter": 500})
    return float(found.fun)


@pytest.mark.parametrize("seed", range(25))
def test_smallest_misfit_with_a_radius_agrees_with_an_optimiser(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, r, k = 20, int(rng.integers(1, 5)), int(rng.integers(1, 3))
    design, weak = rng.standard_normal((n, r)) + 3.0, rng.standard_normal((n, k)) + 5.0
    radius = float(rng.uniform(0.02, 0.6))
    assert smallest_misfit(design, weak, radius) == pytest.approx(
        by_optimiser(design, weak, radius), rel=1e-6
    )


def test_without_a_radius_it_is_least_squares_with_an_intercept() -> None:
    rng = np.random.default_rng(5)
    design, weak = rng.standard_normal((30, 4)), rng.standard_normal((30, 2))
    full = np.column_stack([design, np.ones(30)])
    residual = weak - full @ np.linalg.lstsq(full, weak, rcond=None)[0]
    assert smallest_misfit(design, weak) == pytest.approx((residual**2).sum() / 30)
    assert smallest_misfit(design, weak, 1e6) == pytest.approx((residual**2).sum() / 30)
    assert smallest_misfit(design, weak, 0.0) == pytest.approx(weak.var(axis=0).sum())


def test_repeated_and_constant_columns_and_more_columns_than_rows_are_fine() -> None:
    rng = np.random.default_rng(6)
    design, weak = rng.standard_normal((30, 3)), rng.standard_normal(30)
    repeated = np.column_stack([design, design, np.full(30, 7.0)])
    assert smallest_misfit(repeated, weak) == pytest.approx(smallest_misfit(design, weak))
    assert smallest_misfit(np.ones((30, 2)), weak, 1.0) == pytest.approx(weak.var())
    assert smallest_misfit(rng.standard_normal((10, 40)), weak[:10]) == pytest.approx(0.0, abs=1e-20)


def test_the_class_contains_its_own_heads_up_to_its_radius() -> None:
    rng = np.random.default_rng(7)
    design, head = rng.standard_normal((50, 4)), rng.standard_normal((4, 2))
    values, norm = design @ head + [1.0, -2.0], float(np.linalg.norm(head))
    assert contains(design, values)
    assert contains(design, values, norm)
    assert not contains(design, values, 0.99 * norm)
    assert not contains(design, values + 0.1 * rng.standard_normal((50, 2)))


def test_a_head_with_as_many_parameters_as_points_spans_the_sample() -> None:
    assert LinearClass.of(np.zeros((5, 4))).spans_sample
    assert not LinearClass.of(np.zeros((6, 4))).spans_sample


def test_a_negative_radius_and_unpaired_rows_are_refused() -> None:
    with pytest.raises(DomainError):
        smallest_misfit(np.eye(3), np.ones(3), -1.0)
    with pytest.raises(ShapeError):
        smallest_misfit(np.eye(3), np.ones(4))
