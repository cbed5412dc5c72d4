"""Divergences and the ledger: an identity for every divergence, and the errors at its edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_bench.contracts.errors import DomainError, ShapeError, W2SError
from w2s_bench.scoring.divergence import KL_CLIP, divergence
from w2s_bench.scoring.ledger import ledger

NAMES = ("squared", "squared-mean", "brier", "kl")


def four_predictors(name: str, seed: int, n: int, k: int, sharpness: float) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    if name.startswith("squared"):
        return [sharpness * 10.0 * rng.standard_normal((n, k)) for _ in range(4)]
    rows = [rng.dirichlet(np.full(k, 1.0 / sharpness), size=n) for _ in range(3)]
    return [np.eye(k)[rng.integers(k, size=n)], *rows]


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(2, 6), st.floats(0.1, 10.0))
def test_gain_is_misfit_plus_projection_plus_realizability(
    name: str, seed: int, n: int, k: int, sharpness: float
) -> None:
    parts = ledger(*four_predictors(name, seed, n, k, sharpness), divergence(name))
    assert parts.residue() <= 1e-9 * (1.0 + abs(parts.gain.mean()))
    split = parts.misfit + parts.projection + parts.realizability
    np.testing.assert_allclose(parts.gain, split, atol=1e-9 * (1.0 + np.abs(parts.gain).max()))


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.floats(0.1, 10.0))
def test_between_is_the_bregman_divergence_of_its_generator(name: str, seed: int, sharpness: float) -> None:
    loss = divergence(name)
    a, b = (loss.conform(v) for v in four_predictors(name, seed, 5, 3, sharpness)[:2])
    bregman = loss.generator(a) - loss.generator(b) - (loss.gradient(b) * (a - b)).sum(axis=1)
    np.testing.assert_allclose(loss.between(a, b), bregman, atol=1e-9, rtol=1e-9)
    assert (loss.between(a, b) >= -1e-12).all()
    np.testing.assert_array_equal(loss.conform(a), a)


def test_squared_errors_of_a_worked_example() -> None:
    parts = ledger([0.0, 2.0], [2.0, 2.0], [1.0, 1.0], [0.0, 1.0], divergence("squared"))
    assert parts.err_weak.tolist() == [4.0, 0.0]
    assert parts.err_student.tolist() == [1.0, 1.0]
    assert parts.err_reference.tolist() == [0.0, 1.0]
    assert parts.gain.tolist() == [3.0, -1.0]
    assert parts.misfit.tolist() == [1.0, 1.0]
    assert parts.projection.tolist() == [2.0, 0.0]
    assert parts.realizability.tolist() == [0.0, -2.0]


def test_squared_mean_is_squared_over_the_number_of_outputs() -> None:
    a, b = np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]])
    assert divergence("squared").between(a, b).tolist() == [5.0]
    assert divergence("squared-mean").between(a, b).tolist() == [2.5]


def test_kl_to_one_hot_labels_is_cross_entropy() -> None:
    value = divergence("kl").between([[1.0, 0.0]], [[0.25, 0.75]])
    assert value[0] == pytest.approx(np.log(4.0), abs=1e-5)


def test_kl_clips_and_renormalises() -> None:
    row = divergence("kl").conform([[1.0, 0.0]])
    assert row.sum() == pytest.approx(1.0, abs=1e-15)
    assert row[0, 1] == pytest.approx(KL_CLIP, rel=1e-6)


@pytest.mark.parametrize("name", ["kl", "brier"])
@pytest.mark.parametrize("row", [[0.5, 0.6], [1.2, -0.2]])
def test_a_row_that_is_no_distribution_is_refused(name: str, row: list[float]) -> None:
    with pytest.raises(DomainError, match="no distribution"):
        divergence(name).conform([row])


def test_nan_and_unpaired_and_unknown_are_refused() -> None:
    with pytest.raises(DomainError, match="NaN"):
        divergence("squared").conform([np.nan])
    with pytest.raises(ShapeError):
        divergence("squared").between([1.0, 2.0], [1.0])
    with pytest.raises(ShapeError):
        divergence("squared").conform(np.zeros((0, 2)))
    with pytest.raises(ShapeError, match="truth and student"):
        ledger([1.0], [1.0], [1.0, 2.0], [1.0], divergence("squared"))
    with pytest.raises(W2SError, match="huber"):
        divergence("huber")
