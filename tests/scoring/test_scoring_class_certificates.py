"""Certificates for softmax heads and for mixtures: never below the truth found by an optimiser, and near it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_samples import Case, bounds, divergence
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from w2s_bench.contracts.errors import ShapeError
from w2s_bench.scoring import mixture_class
from w2s_bench.scoring.mixture_class import mixture_gap
from w2s_bench.scoring.softmax_class import SoftmaxClass

FACTS = Case(divergence="kl", convex_in="logits", truth_in_class=True, subspace=True, contains_constant=False, n_transfer=40,
             head_norm=None, sum_squared_features=None, known_truth=True)


def problem(seed: int, n: int = 40, r: int = 3, k: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, r)) + 2.0, divergence("kl").conform(rng.dirichlet(np.full(k, 0.7), size=n))


def head_of(theta: np.ndarray, r: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    return theta[: r * k].reshape(r, k), theta[r * k :]


def loss(design: np.ndarray, weight: np.ndarray, intercept: np.ndarray, weak: np.ndarray) -> float:
    log_f = log_softmax(design @ weight + intercept, axis=1)
    return float((divergence("kl").generator(weak) - (weak * log_f).sum(axis=1)).mean())


def fitted(design: np.ndarray, weak: np.ndarray, penalty: float = 0.0, steps: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """The ridge-penalised softmax head by Newton's method, W with zero row sums."""
    n, r = design.shape
    k = weak.shape[1]
    full = np.column_stack([design, np.ones(n)])
    shrink = np.diag([penalty] * r + [0.0])
    theta = np.zeros((r + 1, k))
    for _ in range(steps):
        f = softmax(full @ theta, axis=1)
        gradient = full.T @ (f - weak) / n + shrink @ theta
        inner = f[:, :, None] * np.eye(k) - f[:, :, None] * f[:, None, :]
        hessian = np.einsum("na,nb,ncd->acbd", full, full, inner) / n + np.einsum("ab,cd->acbd", shrink, np.eye(k))
        hessian = hessian.reshape((r + 1) * k, -1)
        theta = theta - (np.linalg.pinv(hessian, rcond=1e-11) @ gradient.ravel()).reshape(theta.shape)
    return theta[:r], theta[r]


def least_loss_in_ball(design: np.ndarray, weak: np.ndarray, radius: float) -> float:
    r, k = design.shape[1], weak.shape[1]
    ball = {"type": "ineq", "fun": lambda t: radius**2 - t[: r * k] @ t[: r * k]}
    found = minimize(lambda t: loss(design, *head_of(t, r, k), weak), np.full((r + 1) * k, 1e-3), method="SLSQP",
                     constraints=[ball], options={"ftol": 1e-13, "maxiter": 500})
    return float(found.fun)


@pytest.mark.parametrize("seed", range(6))
def test_the_gap_bounds_what_any_head_misses_and_is_near_it_for_a_good_one(seed: int) -> None:
    design, weak = problem(seed)
    weight, intercept = fitted(design, weak)
    least = loss(design, weight, intercept, weak)
    rng = np.random.default_rng(seed)
    direction = rng.standard_normal((4, 3))
    for size in (1.0, 0.1, 1e-2, 1e-3):
        w, b = weight + size * direction[:3], intercept + size * direction[3]
        missed, gap = loss(design, w, b, weak) - least, SoftmaxClass.of(design).gap(w, b, weak)
        assert missed - 1e-12 <= gap <= loss(design, w, b, weak) + 1e-12
        if size <= 1e-2:
            assert gap <= 2.0 * missed
    assert SoftmaxClass.of(design).gap(weight, intercept, weak) <= 1e-14


@pytest.mark.parametrize("seed", range(4))
def test_the_gap_in_a_ball_bounds_what_any_head_of_the_ball_misses(seed: int) -> None:
    design, weak = problem(seed)
    weight, intercept = fitted(design, weak, penalty=0.2)
    radius = float(np.linalg.norm(weight))
    least = loss(design, weight, intercept, weak)
    assert least == pytest.approx(least_loss_in_ball(design, weak, radius), abs=1e-7)
    assert SoftmaxClass.of(design, radius).gap(weight, intercept, weak) <= 1e-14
    rng = np.random.default_rng(seed)
    for size in (0.5, 0.1, 1e-2):
        w = weight + size * radius * rng.standard_normal(weight.shape)
        w *= radius / max(radius, float(np.linalg.norm(w)))
        b = intercept + size * rng.standard_normal(3)
        gap = SoftmaxClass.of(design, radius).gap(w, b, weak)
        assert loss(design, w, b, weak) - least - 1e-12 <= gap
        assert gap <= 20.0 * size


def test_a_head_outside_its_ball_has_no_gap_and_a_shift_of_all_classes_does_not_count() -> None:
    design, weak = problem(1)
    weight, intercept = fitted(design, weak, penalty=0.2)
    radius = float(np.linalg.norm(weight))
    assert SoftmaxClass.of(design, 0.99 * radius).gap(weight, intercept, weak) is None
    shifted = weight + np.array([[5.0], [-3.0], [1.0]])
    assert SoftmaxClass.of(design, radius).gap(shifted, intercept, weak) <= 1e-13


def test_separable_hard_labels_have_a_gap_between_0_and_the_loss() -> None:
    design = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    hard = divergence("kl").conform(np.eye(2)[[0, 0, 1, 1]])
    for steepness in (1.0, 5.0, 50.0):
        weight = np.array([[-steepness, steepness]])
        clipped = loss(design, weight, np.zeros(2), hard)
        assert 0.0 <= SoftmaxClass.of(design).gap(weight, np.zeros(2), hard) <= clipped * (1.0 + 1e-9)


def test_without_features_the_best_head_is_the_mean_label() -> None:
    _, weak = problem(2)
    nothing = np.zeros((40, 0))
    assert SoftmaxClass.of(nothing).gap(np.zeros((0, 3)), np.log(weak.mean(axis=0)), weak) <= 1e-14
    assert SoftmaxClass.of(nothing).gap(np.zeros((0, 3)), np.zeros(3), weak) > 1e-3


@pytest.mark.parametrize("seed", range(8))
def test_a_fit_by_newton_has_a_gap_that_makes_kl_dual_hold(seed: int) -> None:
    design, weak = problem(seed)
    truth = softmax(design @ np.random.default_rng(seed).standard_normal((3, 3)) * 0.5, axis=1)
    for steps in (4, 5, 6, 40):
        weight, intercept = fitted(design, weak, steps=steps)
        student = softmax(design @ weight + intercept, axis=1)
        gap = SoftmaxClass.of(design).gap(weight, intercept, weak)
        assert SoftmaxClass.of(design).contains(truth, 1e-18) and SoftmaxClass.of(design).contains(student, 1e-18)
        rows = bounds(truth, weak, student, truth, dataclasses.replace(FACTS, delta=gap))
        row = next(row for row in rows if row.bound == "kl-dual")
        assert row.all_assumptions and row.verdict == "holds"
    assert gap <= 1e-14 and abs(row.slack) <= 1e-12


def test_the_class_contains_its_heads_and_no_others() -> None:
    design, weak = problem(4)
    head = np.random.default_rng(4).standard_normal((3, 3))
    assert SoftmaxClass.of(design).contains(softmax(design @ head + [1.0, 0.0, -2.0], axis=1), 1e-18)
    assert not SoftmaxClass.of(design).contains(weak)
    assert not SoftmaxClass.of(design).contains(softmax(design**2 @ head, axis=1))
    assert not SoftmaxClass.of(design).contains(divergence("kl").conform(softmax(20.0 * design @ head, axis=1)))
    assert SoftmaxClass.of(design).contains(np.full((40, 3), 1.0 / 3.0))


def test_a_design_that_does_not_fit_the_head_is_refused() -> None:
    design, weak = problem(5)
    with pytest.raises(ShapeError, match="do not give labels"):
        SoftmaxClass.of(design).gap(np.zeros((2, 3)), np.zeros(3), weak)
    with pytest.raises(ShapeError, match="do not give labels"):
        SoftmaxClass.of(design[:-1]).gap(np.zeros((3, 3)), np.zeros(3), weak)


def mixtures(seed: int, m: int = 4, n: int = 20, k: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(k), size=(m, n)), rng.dirichlet(np.ones(k), size=n)


def mixed(shares: np.ndarray, members: np.ndarray) -> np.ndarray:
    return np.einsum("m,mnk->nk", shares, members)


@pytest.mark.parametrize("seed", range(6))
def test_the_gap_of_a_mixture_bounds_its_misfit_over_the_least_one(seed: int) -> None:
    members, weak = mixtures(seed)

    def misfit(shares: np.ndarray) -> float:
        return float(divergence("kl").between(mixed(shares, members), weak).mean())

    best = minimize(misfit, np.full(4, 0.25), method="SLSQP", bounds=[(0.0, 1.0)] * 4, options={"ftol": 1e-15},
                    constraints=[{"type": "eq", "fun": lambda a: a.sum() - 1.0}])
    at_best = mixture_gap(members, mixed(np.clip(best.x, 0.0, 1.0) / best.x.sum(), members), weak)
    assert at_best <= 1e-4
    for shares in np.random.default_rng(seed).dirichlet(np.ones(4), size=20):
        gap = mixture_gap(members, mixed(shares, members), weak)
        assert gap >= misfit(shares) - best.fun - 1e-9
        assert gap > at_best


def test_the_gap_of_two_members_worked_by_hand() -> None:
    members, weak = np.array([[[0.25, 0.75]], [[0.75, 0.25]]]), np.array([[0.5, 0.5]])
    assert mixture_gap(members, weak, weak) == 0.0
    assert mixture_gap(members, members[0], weak) == pytest.approx(0.5 * np.log(3.0))


def test_a_hull_contains_its_mixtures_and_no_others() -> None:
    members, other = mixtures(7, m=6)
    inside = mixed(np.array([0.5, 0.0, 0.2, 0.0, 0.3, 0.0]), members)
    assert mixture_class.contains(members, inside, 1e-18)
    assert mixture_class.contains(members, members[3], 1e-18)
    assert not mixture_class.contains(members, other)
    assert not mixture_class.contains(members[:4], inside)
    assert not mixture_class.contains(members, inside + 1e-6 * np.array([1.0, -1.0, 0.0]), 1e-18)


def test_the_affine_hull_is_not_enough() -> None:
    members = np.array([[[0.4, 0.6]], [[0.6, 0.4]]])
    assert mixture_class.contains(members, [[0.5, 0.5]]) and not mixture_class.contains(members, [[0.7, 0.3]])


def test_repeated_members_and_members_of_0_and_1_are_fine() -> None:
    hard = divergence("kl").conform(np.eye(2)[[0, 1, 0, 0, 1, 0, 1, 0, 0]]).reshape(3, 3, 2)
    inside = mixed(np.array([0.25, 0.25, 0.5]), hard)
    assert mixture_class.contains(hard, inside, 1e-12) and mixture_gap(hard, inside, inside) <= 1e-12


def test_members_of_another_sample_are_refused() -> None:
    members, weak = mixtures(8)
    with pytest.raises(ShapeError, match="members have shape"):
        mixture_gap(members[:, :-1], weak, weak)
    with pytest.raises(ShapeError, match="members have shape"):
        mixture_class.contains(members[0], weak)
