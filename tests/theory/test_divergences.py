"""Bregman divergences as plugins: what the contract says of them, and the edges of their domains."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from w2s_theory.quadratic import Brier, Squared, SquaredMean
from w2s_theory.relative_entropy import KL
from w2s_theory.simplex import KL_CLIP

from w2s_bench.contracts import Divergence, DomainError, ShapeError
from w2s_bench.registry.loading import load_registry

ALL = {loss.name: loss for loss in (Squared(), SquaredMean(), Brier(), KL())}


def drawn(name: str, seed: int, n: int, k: int, sharpness: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    numbers = name.startswith("squared")
    return sharpness * 10.0 * rng.standard_normal((n, k)) if numbers else rng.dirichlet(np.full(k, 1.0 / sharpness), size=n)


def test_the_registry_offers_the_four_and_each_meets_the_protocol() -> None:
    offered = {found.entry.name: found.entry.target for found in load_registry().entries("divergences")}
    assert set(ALL) <= set(offered)
    for name, loss in ALL.items():
        assert isinstance(loss, Divergence) and offered[name] == f"{type(loss).__module__}:{type(loss).__name__}"


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=50)
@given(st.integers(0, 2**32), st.floats(0.1, 10.0))
def test_between_is_the_bregman_divergence_of_its_generator(name: str, seed: int, sharpness: float) -> None:
    loss = ALL[name]
    a, b = (loss.conform(drawn(name, seed + i, 5, 3, sharpness)) for i in range(2))
    bregman = loss.generator(a) - loss.generator(b) - (loss.gradient(b) * (a - b)).sum(axis=1)
    np.testing.assert_allclose(loss.between(a, b), bregman, atol=1e-9, rtol=1e-9)
    assert (loss.between(a, b) >= -1e-12).all()
    np.testing.assert_array_equal(loss.conform(a), a)


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=50)
@given(st.integers(0, 2**32), st.floats(0.1, 10.0))
def test_the_law_reaches_no_further_below_the_misfit_than_it_says(name: str, seed: int, sharpness: float) -> None:
    """With the student itself for g the explicit law binds any two predictors: <y − f_sw, Δ> ≥ −reach."""
    loss = ALL[name]
    y, weak, student = (loss.conform(drawn(name, seed + i, 7, 3, sharpness)) for i in range(3))
    gain = (loss.between(y, weak) - loss.between(y, student)).mean()
    misfit, epsilon = loss.between(student, weak).mean(), loss.between(y, student).mean()
    reach = loss.reach(misfit, epsilon, loss.spread(student, weak).mean())
    assert reach >= 0.0 and gain >= misfit - reach - 1e-9 * (1.0 + abs(gain) + misfit)


def test_squared_mean_is_squared_over_the_number_of_outputs() -> None:
    a, b = np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]])
    assert ALL["squared"].between(a, b).tolist() == [5.0]
    assert ALL["squared-mean"].between(a, b).tolist() == [2.5]


def test_the_error_of_hard_labels_in_nats_is_their_cross_entropy_to_the_last_bit() -> None:
    kl = ALL["kl"]
    rng = np.random.default_rng(3)
    truth, f = np.eye(3)[rng.integers(3, size=50)], kl.conform(rng.dirichlet(np.ones(3), size=50))
    error = kl.between(kl.conform_truth(truth), f)
    np.testing.assert_array_equal(error, -np.log(f[np.arange(50), truth.argmax(axis=1)]))


def test_kl_clips_and_renormalises_predictions_and_leaves_truth() -> None:
    row = ALL["kl"].conform([[1.0, 0.0]])
    assert row.sum() == pytest.approx(1.0, abs=1e-15) and row[0, 1] == pytest.approx(KL_CLIP, rel=1e-6)
    assert ALL["kl"].conform_truth([[1.0, 0.0]]).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("name", ["kl", "brier"])
@pytest.mark.parametrize("row", [[0.5, 0.6], [1.2, -0.2]])
def test_a_row_that_is_no_distribution_is_refused(name: str, row: list[float]) -> None:
    for conform in (ALL[name].conform, ALL[name].conform_truth):
        with pytest.raises(DomainError, match="no distribution"):
            conform([row])


def test_nan_and_nothing_are_refused() -> None:
    with pytest.raises(DomainError, match="NaN"):
        ALL["squared"].conform([np.nan])
    with pytest.raises(ShapeError):
        ALL["squared"].conform(np.zeros((0, 2)))


def test_units_are_those_of_the_labels_squared_or_nats_or_none() -> None:
    assert [loss.unit_of("kcal/mol") for loss in ALL.values()] == ["(kcal/mol)²", "(kcal/mol)²", "", "nats"]
    assert [loss.unit_of("") for loss in ALL.values()] == ["", "", "", "nats"]
    assert ALL["squared"].unit_of("mg") == "mg²" and ALL["squared"].unit_of("1") == ""


def test_no_name_of_a_divergence_is_a_word_of_the_core() -> None:
    root = Path(__file__).resolve().parents[2] / "w2s_bench"
    quoted = [re.escape(mark + name + mark) for name in ALL for mark in "'\""]
    found = {str(path.relative_to(root)) for path in root.rglob("*.py") if path.parent.name != "scoring"
             and re.search("|".join(quoted), path.read_text(encoding="utf-8"))}
    assert found == set()
