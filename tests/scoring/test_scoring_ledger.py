"""The ledger of a sample: an identity for every divergence, and the errors at its edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_samples import made_sample

from w2s_bench.contracts.errors import ShapeError
from w2s_bench.scoring.samples import residue

NAMES = ("squared", "squared-mean", "brier", "kl")


def four_predictors(name: str, seed: int, n: int, k: int, sharpness: float) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    if name.startswith("squared"):
        return [sharpness * 10.0 * rng.standard_normal((n, k)) for _ in range(4)]
    rows = [rng.dirichlet(np.full(k, 1.0 / sharpness), size=n) for _ in range(3)]
    return [np.eye(k)[rng.integers(k, size=n)], *rows]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(2, 6), st.floats(0.1, 10.0))
def test_gain_is_misfit_plus_projection_plus_realizability(
    name: str, seed: int, n: int, k: int, sharpness: float
) -> None:
    parts = made_sample(*four_predictors(name, seed, n, k, sharpness), name)
    assert residue(parts) <= 1e-9 * (1.0 + abs(parts.gain.mean()))
    split = parts.misfit + parts.projection + parts.realizability
    np.testing.assert_allclose(parts.gain, split, atol=1e-9 * (1.0 + np.abs(parts.gain).max()))


def test_squared_errors_of_a_worked_example() -> None:
    parts = made_sample([0.0, 2.0], [2.0, 2.0], [1.0, 1.0], [0.0, 1.0])
    assert parts.err_weak.tolist() == [4.0, 0.0]
    assert parts.err_student.tolist() == [1.0, 1.0]
    assert parts.err_reference.tolist() == [0.0, 1.0]
    assert parts.gain.tolist() == [3.0, -1.0]
    assert parts.misfit.tolist() == [1.0, 1.0]
    assert parts.projection.tolist() == [2.0, 0.0]
    assert parts.realizability.tolist() == [0.0, -2.0]


def test_unpaired_predictions_are_refused() -> None:
    with pytest.raises(ShapeError, match="truth and student"):
        made_sample([1.0], [1.0], [1.0, 2.0], [1.0])
