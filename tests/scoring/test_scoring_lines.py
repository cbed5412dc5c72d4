"""Lines through cells cover what they claim, and the band about a misfit says what the law says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_samples import divergence

from w2s_bench.contracts.errors import DomainError, ShapeError
from w2s_bench.scoring.lines import fit_line
from w2s_bench.scoring.prediction import check_prediction, predicted_error, predicted_gain

REPEATS = 1500
INSIDE = (0.93, 0.97)


def covered(draw: object, truth: tuple[float, float, float | None]) -> list[float]:
    hits = np.zeros(3)
    for _ in range(REPEATS):
        line = fit_line(*draw())  # type: ignore[operator]
        assert line is not None
        for i, (name, value) in enumerate(zip(("slope", "intercept", "correlation"), truth, strict=True)):
            found = getattr(line, name)
            hits[i] += value is not None and found.low <= value <= found.high
    return list(hits / REPEATS)


def test_over_seeds_slope_and_intercept_cover_though_cells_of_a_seed_share_both() -> None:
    rng = np.random.default_rng(20)
    seeds = np.repeat(np.arange(5), 12)

    def draw() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        slope, height, place = rng.normal(0.8, 0.1, 5), rng.normal(0.1, 0.5, 5), rng.normal(2.0, 1.0, 5)
        x = place[seeds] + rng.standard_normal(60)
        return x, height[seeds] + slope[seeds] * x + 0.5 * rng.standard_normal(60), seeds

    slope, intercept, _ = covered(draw, (0.8, 0.1, None))
    assert INSIDE[0] <= slope <= INSIDE[1] and INSIDE[0] <= intercept <= INSIDE[1]


@pytest.mark.parametrize(("seeds", "over"), [
    (np.repeat(np.arange(5), 12), "seeds"), (np.repeat(np.arange(8), 3), "pooled"), (np.zeros(40), "cells")])
def test_slope_intercept_and_correlation_of_independent_cells_cover(seeds: np.ndarray, over: str) -> None:
    rng = np.random.default_rng(21)

    def draw() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = rng.normal(2.0, 1.0, seeds.size)
        return x, 0.1 + 0.8 * x + rng.standard_normal(seeds.size), seeds

    line = fit_line(*draw())
    assert line is not None and line.over == over
    assert all(INSIDE[0] <= share <= INSIDE[1] for share in covered(draw, (0.8, 0.1, 0.8 / math.sqrt(1.64))))


def test_pooled_slope_and_intercept_cover_though_small_seeds_share_both() -> None:
    rng = np.random.default_rng(23)
    seeds = np.repeat(np.arange(10), 4)

    def draw() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        slope, height, place = rng.normal(0.8, 0.1, 10), rng.normal(0.1, 0.5, 10), rng.normal(2.0, 1.0, 10)
        x = place[seeds] + rng.standard_normal(40)
        return x, height[seeds] + slope[seeds] * x + 0.5 * rng.standard_normal(40), seeds

    slope, intercept, _ = covered(draw, (0.8, 0.1, None))
    assert INSIDE[0] <= slope <= INSIDE[1] and INSIDE[0] <= intercept <= INSIDE[1]


def test_over_cells_the_slope_covers_where_noise_grows_along_x() -> None:
    rng = np.random.default_rng(22)

    def draw() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = rng.uniform(0.0, 2.0, 60)
        return x, x + 0.5 * x * rng.standard_normal(60), np.zeros(60)

    assert INSIDE[0] <= covered(draw, (1.0, 0.0, None))[0] <= INSIDE[1]


def test_points_on_a_line_give_it_back() -> None:
    x = np.arange(18.0)
    for seeds, over in ((np.zeros(18), "cells"), (np.arange(18) % 3, "seeds"), (np.arange(18) % 6, "pooled")):
        line = fit_line(x, 1.0 + 2.0 * x, seeds)
        assert line is not None and line.over == over and line.cells == 18
        assert (line.slope.mean, line.intercept.mean) == (pytest.approx(2.0), pytest.approx(1.0))
        assert line.correlation.mean == pytest.approx(1.0) and line.slope.se == pytest.approx(0.0, abs=1e-12)


def test_the_slope_over_seeds_is_the_slope_within_them() -> None:
    seeds = np.repeat([0, 1, 2], 6)
    x = np.tile(np.arange(6.0), 3) + 10.0 * seeds
    line = fit_line(x, np.tile(np.arange(6.0), 3) - 10.0 * seeds, seeds)
    assert line is not None and line.slope.mean == pytest.approx(1.0) and line.seeds == 3


def test_the_intervals_over_cells_are_hc3() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal(9), rng.standard_normal(9)
    design = np.column_stack([x, np.ones(9)])
    inverse = np.linalg.inv(design.T @ design)
    left = y - design @ (inverse @ design.T @ y)
    left /= 1.0 - np.einsum("ni,ij,nj->n", design, inverse, design)
    sandwich = inverse @ (design.T * left**2) @ design @ inverse
    line = fit_line(x, y, np.arange(9) % 2)
    assert line is not None and line.over == "cells"
    assert [line.slope.se, line.intercept.se] == pytest.approx(list(np.sqrt(np.diag(sandwich))))


def test_the_jackknife_leaves_out_one_seed_at_a_time() -> None:
    rng = np.random.default_rng(4)
    x, y, seeds = rng.standard_normal(12), rng.standard_normal(12), np.arange(12) % 4
    line = fit_line(x, y, seeds)
    assert line is not None and line.over == "pooled"
    assert line.slope.mean == pytest.approx(np.polyfit(x, y, 1)[0]) and line.slope.n == 4
    left = np.array([np.polyfit(x[seeds != s], y[seeds != s], 1)[0] for s in range(4)])
    assert line.slope.se == pytest.approx(np.sqrt(0.75 * ((left - left.mean()) ** 2).sum()))


def test_seeds_too_small_or_too_flat_are_pooled_and_too_few_leave_it_to_the_cells() -> None:
    x = np.arange(20.0)
    for seeds, over in ((np.repeat([0, 1], 10), "cells"), (np.repeat(np.arange(5), 4), "pooled"), (np.arange(20), "pooled")):
        line = fit_line(x, x, seeds)
        assert line is not None and line.over == over
    line = fit_line([0.0, 1.0, 3.0], [0.0, 1.0, 2.0], [0, 1, 2])
    assert line is not None and line.over == "cells"
    flat = np.concatenate([np.zeros(5), np.arange(15.0)])
    line = fit_line(flat, flat, np.repeat(np.arange(4), 5))
    assert line is not None and (line.over, line.seeds, line.cells) == ("seeds", 3, 15)


def test_no_line_without_three_cells_or_without_spread() -> None:
    assert fit_line([1.0, 2.0], [1.0, 2.0], [0, 1]) is None
    assert fit_line([1e6, 1e6, 1e6 + 1e-9], [1.0, 2.0, 3.0], [0, 1, 2]) is None
    line = fit_line([1.0, 2.0, 3.0], [5.0, 5.0, 5.0], [0, 1, 2])
    assert line is not None and line.slope.mean == 0.0 and math.isnan(line.correlation.mean)


def test_unpaired_or_missing_values_are_refused() -> None:
    with pytest.raises(ShapeError):
        fit_line([1.0, 2.0], [1.0], [0, 1])
    with pytest.raises(ShapeError):
        fit_line([1.0, 2.0], [1.0, 2.0], [0])
    with pytest.raises(DomainError):
        fit_line([1.0, math.nan, 2.0], [1.0, 2.0, 3.0], [0, 1, 2])


def test_the_band_is_the_misfit_itself_where_epsilon_is_a_quarter_of_it() -> None:
    assert [divergence("squared").reach(4.0, epsilon, 0.0) for epsilon in (1.0, 0.0)] == [4.0, 0.0]


@given(st.integers(0, 10_000), st.sampled_from(["squared", "squared-mean", "brier"]))
def test_with_the_students_own_error_as_epsilon_the_band_holds_for_any_two_predictors(seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    truth, weak, student = rng.dirichlet(np.ones(3), (3, 20)) if name == "brier" else rng.normal(0.0, 2.0, (3, 20, 3))
    found = check_prediction(student, weak, truth, None, divergence(name))
    assert found.epsilon_from == "student" and found.band is not None
    assert abs(found.gain_less_misfit.mean) <= found.band * (1.0 + 1e-9)


def test_terms_of_a_check_are_those_of_the_ledger() -> None:
    truth, weak, student = np.array([[0.0], [1.0]]), np.array([[1.0], [1.0]]), np.array([[0.5], [1.0]])
    found = check_prediction(student, weak, truth, truth + 0.1, divergence("squared"))
    assert (found.err_weak.mean, found.err_student.mean, found.misfit.mean) == (0.5, 0.125, 0.125)
    assert (found.gain.mean, found.predicted_err.mean) == (0.375, 0.375)
    assert found.epsilon.mean == pytest.approx(0.01) and found.band == pytest.approx(2.0 * math.sqrt(0.125 * 0.01))


def test_a_known_error_moves_the_interval_of_the_misfit() -> None:
    misfit = predicted_gain([1.0, 2.0, 4.0], [0.0, 0.0, 0.0], divergence("squared"))
    found = predicted_error(10.0, misfit)
    assert (found.mean, found.low, found.high) == (10.0 - misfit.mean, 10.0 - misfit.high, 10.0 - misfit.low)
