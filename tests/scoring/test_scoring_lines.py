"""Lines through configurations cover what they claim, and none goes through noise; a band says what the law says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_samples import divergence

from w2s_bench.contracts.errors import DomainError, ShapeError
from w2s_bench.scoring.lines import Cells, Line, fit_line
from w2s_bench.scoring.prediction import check_prediction, leeway_of_class, own_leeway

REPEATS = 1500
INSIDE = (0.93, 0.97)


def line(x: Any, y: Any, seeds: Any, configurations: Any = None, models: Any = None, x_error: Any = None,
         task_sets: Any = None) -> Line | None:
    """The line of cells of one task set; by default each place in a seed is a configuration, so that all seeds hold the same."""
    seeds = np.asarray(seeds)
    if configurations is None:
        configurations = [int((seeds[:i] == seed).sum()) for i, seed in enumerate(seeds)]
    return fit_line(Cells(
        x=x, y=y, seeds=seeds, configurations=configurations, models=configurations if models is None else models,
        task_sets=np.zeros(len(seeds)) if task_sets is None else task_sets,
        x_error=np.full(len(x), np.nan) if x_error is None else x_error))


def covered(draw: Any, truth: tuple[float, float, float | None], over: str) -> list[float]:
    hits = np.zeros(3)
    for _ in range(REPEATS):
        found = line(*draw())
        assert found is not None and found.over == over
        for i, (name, value) in enumerate(zip(("slope", "intercept", "correlation"), truth, strict=True)):
            part = getattr(found, name)
            hits[i] += value is not None and part.low <= value <= part.high
    return list(hits / REPEATS)


def test_over_seeds_slope_and_intercept_cover_though_the_draws_of_a_seed_share_both() -> None:
    rng = np.random.default_rng(20)
    seeds = np.repeat(np.arange(5), 12)

    def draw() -> tuple[np.ndarray, np.ndarray, np.ndarray, None, np.ndarray, np.ndarray]:
        slope, height, shift = rng.normal(0.8, 0.1, 5), rng.normal(0.1, 0.5, 5), rng.normal(0.0, 1.0, 5)
        x = rng.uniform(0.0, 4.0, 60) + shift[seeds]
        return x, height[seeds] + slope[seeds] * x + 0.5 * rng.standard_normal(60), seeds, None, np.zeros(60), np.full(60, 0.1)

    slope, intercept, _ = covered(draw, (0.8, 0.1, None), "seeds")
    assert INSIDE[0] <= slope <= INSIDE[1] and INSIDE[0] <= intercept <= INSIDE[1]


@pytest.mark.slow
def test_through_means_slope_and_intercept_cover_though_small_seeds_share_both() -> None:
    rng = np.random.default_rng(23)
    seeds, places = np.repeat(np.arange(10), 4), np.tile([0.0, 1.0, 2.5, 4.0], 10)

    def draw() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        slope, height = rng.normal(0.8, 0.1, 10), rng.normal(0.1, 0.5, 10)
        return places, height[seeds] + slope[seeds] * places + 0.5 * rng.standard_normal(40), seeds

    slope, intercept, _ = covered(draw, (0.8, 0.1, None), "means")
    assert INSIDE[0] <= slope <= INSIDE[1] and INSIDE[0] <= intercept <= INSIDE[1]


def test_slope_intercept_and_correlation_of_independent_configurations_cover() -> None:
    rng = np.random.default_rng(21)

    def draw() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = rng.normal(2.0, 1.0, 40)
        return x, 0.1 + 0.8 * x + rng.standard_normal(40), np.zeros(40)

    found = covered(draw, (0.8, 0.1, 0.8 / math.sqrt(1.64)), "configurations")
    assert all(INSIDE[0] <= share <= INSIDE[1] for share in found)


def test_over_configurations_the_slope_covers_where_noise_grows_along_x() -> None:
    rng = np.random.default_rng(22)

    def draw() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = rng.uniform(0.0, 2.0, 60)
        return x, x + 0.5 * x * rng.standard_normal(60), np.zeros(60)

    assert INSIDE[0] <= covered(draw, (1.0, 0.0, None), "configurations")[0] <= INSIDE[1]


def test_points_on_a_line_give_it_back() -> None:
    x = np.arange(18.0)
    for seeds, models, over, points in ((np.zeros(18), None, "configurations", 18), (np.arange(18) % 3, np.zeros(18), "seeds", 6),
                                        (np.arange(18) % 6, None, "means", 3)):
        found = line(x, 1.0 + 2.0 * x, seeds, models=models)
        assert found is not None and found.over == over and found.points == points
        assert (found.slope.mean, found.intercept.mean) == (pytest.approx(2.0), pytest.approx(1.0))
        assert found.correlation.mean == pytest.approx(1.0) and found.slope.se == pytest.approx(0.0, abs=1e-12)


def test_the_slope_over_seeds_is_the_slope_within_them() -> None:
    seeds = np.repeat([0, 1, 2], 6)
    x = np.tile(np.arange(6.0), 3) + 10.0 * seeds
    y = np.tile(np.arange(6.0), 3) - 10.0 * seeds
    for found in (line(x, y, seeds, models=np.zeros(18)), line(x, y, seeds)):
        assert found is not None and found.slope.mean == pytest.approx(1.0) and found.seeds == 3


@pytest.mark.slow
def test_noise_that_x_and_y_share_does_not_bend_the_line_through_configurations() -> None:
    """y does not follow the configurations; in 10 seeds of 6 a line within each seed would be beyond 0 in a tenth of cases."""
    rng = np.random.default_rng(9)
    seeds, which = np.repeat(np.arange(10), 6), np.tile(np.arange(6.0), 10)
    false = 0
    for _ in range(1000):
        noise = rng.standard_normal(60)
        found = line(3.0 * which + noise, -0.9 * noise + np.sqrt(0.19) * rng.standard_normal(60), seeds)
        assert found is not None and found.over == "means"
        false += not found.slope.low <= 0.0 <= found.slope.high
    assert false <= 65


def test_no_line_goes_through_the_seeds_of_one_configuration_or_of_two() -> None:
    """Noise that gain and misfit share would give it a slope."""
    rng = np.random.default_rng(5)
    for configurations in (1, 2):
        seeds, which = np.repeat(np.arange(10), configurations), np.tile(np.arange(configurations), 10)
        shared = rng.standard_normal(seeds.size)
        assert line(10.0 * which + shared, -shared, seeds, which) is None


def test_a_line_through_configurations_that_differ_by_noise_alone_is_drawn_in_one_of_twenty() -> None:
    rng = np.random.default_rng(6)
    seeds = np.repeat(np.arange(5), 6)
    drawn = 0
    for _ in range(1000):
        x = rng.standard_normal(5)[seeds] + rng.standard_normal(30)
        drawn += line(x, -x + rng.standard_normal(30), seeds) is not None
    assert 0.03 <= drawn / 1000 <= 0.07


def test_with_one_seed_x_must_vary_beyond_its_errors() -> None:
    x, zeros = np.array([1.0, 1.1, 0.9, 1.05]), np.zeros(4)
    assert line(x, x, zeros, x_error=np.full(4, 0.1)) is None and line(x, x, zeros, x_error=np.full(4, 0.01)) is not None


def test_draws_of_a_task_are_points_and_those_that_differ_by_noise_are_not() -> None:
    rng = np.random.default_rng(7)
    seeds, draws = np.repeat(np.arange(4), 6), np.tile(np.arange(6), 4)
    x = rng.uniform(1.0, 2.0, 24)
    one = np.zeros(24)
    found = line(x, 2.0 * x, seeds, draws, one, np.full(24, 0.01))
    assert found is not None and (found.over, found.points, found.slope.mean) == ("seeds", 6, pytest.approx(2.0))
    assert line(x, 2.0 * x, seeds, draws, one, np.full(24, 1.0)) is None


def test_a_line_through_pooled_task_sets_goes_through_their_means_from_eight_on() -> None:
    rng = np.random.default_rng(8)
    x = rng.uniform(0.0, 1.0, 80)
    sets = np.repeat(np.arange(8), 10)
    found = line(x + sets, 3.0 * sets - x, np.tile(np.arange(5), 16), task_sets=sets)
    assert found is not None and (found.over, found.points) == ("task sets", 8)
    assert found.slope.mean == pytest.approx(3.0, abs=0.3)
    assert line(x + sets, x, np.tile(np.arange(5), 16), task_sets=np.minimum(sets, 6)) is None


def test_the_intervals_over_configurations_are_hc3() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal(9), rng.standard_normal(9)
    design = np.column_stack([x, np.ones(9)])
    inverse = np.linalg.inv(design.T @ design)
    left = y - design @ (inverse @ design.T @ y)
    left /= 1.0 - np.einsum("ni,ij,nj->n", design, inverse, design)
    sandwich = inverse @ (design.T * left**2) @ design @ inverse
    found = line(x, y, np.zeros(9))
    assert found is not None and found.over == "configurations"
    assert [found.slope.se, found.intercept.se] == pytest.approx(list(np.sqrt(np.diag(sandwich))))


def test_the_jackknife_leaves_out_one_seed_at_a_time() -> None:
    rng = np.random.default_rng(4)
    seeds, which = np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4)
    x, y = 5.0 * which + rng.standard_normal(12), rng.standard_normal(12)
    found = line(x, y, seeds)
    assert found is not None and found.over == "means" and found.slope.n == 4

    def through_means(kept: np.ndarray) -> float:
        across, up = (np.bincount(which[kept], values[kept]) / np.bincount(which[kept]) for values in (x, y))
        return float(np.polyfit(across, up, 1)[0])

    assert found.slope.mean == pytest.approx(through_means(np.ones(12, dtype=bool)))
    left = np.array([through_means(seeds != s) for s in range(4)])
    assert found.slope.se == pytest.approx(np.sqrt(0.75 * ((left - left.mean()) ** 2).sum()))


def test_seeds_too_small_or_too_flat_have_no_line_of_their_own() -> None:
    x = np.arange(20.0)
    for seeds, over in ((np.repeat([0, 1], 10), "configurations"), (np.repeat(np.arange(5), 4), "means")):
        found = line(np.tile(x[: 20 // (seeds.max() + 1)], seeds.max() + 1), x, seeds)
        assert found is not None and found.over == over
    flat = np.concatenate([np.ones(5), np.tile(np.arange(5.0), 3)])
    found = line(flat, flat, np.repeat(np.arange(4), 5), models=np.zeros(20))
    assert found is not None and (found.over, found.seeds, found.points) == ("seeds", 3, 5)


def test_no_line_without_three_configurations_or_without_spread() -> None:
    assert line([1.0, 2.0], [1.0, 2.0], [0, 0]) is None
    assert line([1e6, 1e6, 1e6 + 1e-9], [1.0, 2.0, 3.0], [0, 0, 0]) is None
    found = line([1.0, 2.0, 3.0], [5.0, 5.0, 5.0], [0, 0, 0])
    assert found is not None and found.slope.mean == 0.0 and math.isnan(found.correlation.mean)


def test_unpaired_or_missing_values_are_refused() -> None:
    with pytest.raises(ShapeError):
        line([1.0, 2.0], [1.0], [0, 1])
    with pytest.raises(ShapeError):
        line([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [0, 0, 0], task_sets=[0])
    with pytest.raises(DomainError):
        line([1.0, math.nan, 2.0], [1.0, 2.0, 3.0], [0, 1, 2])


def test_the_band_is_the_misfit_itself_where_epsilon_is_a_quarter_of_it() -> None:
    assert [divergence("squared").reach(4.0, epsilon, 0.0) for epsilon in (1.0, 0.0)] == [4.0, 0.0]


@given(st.integers(0, 10_000), st.sampled_from(["squared", "squared-mean", "brier"]))
def test_with_the_students_own_error_as_epsilon_the_band_holds_for_any_two_predictors(seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    truth, weak, student = rng.dirichlet(np.ones(3), (3, 20)) if name == "brier" else rng.normal(0.0, 2.0, (3, 20, 3))
    found = check_prediction(student, weak, truth, None, divergence(name))
    leeway = own_leeway(found, divergence(name))
    assert leeway.two_sided and leeway.inside
    assert abs(found.gain_less_misfit.mean) <= leeway.half * (1.0 + 1e-9)


def test_terms_of_a_check_are_those_of_the_ledger() -> None:
    truth, weak, student = np.array([[0.0], [1.0]]), np.array([[1.0], [1.0]]), np.array([[0.5], [1.0]])
    found = check_prediction(student, weak, truth, truth + 0.1, divergence("squared"))
    assert (found.err_weak.mean, found.err_student.mean, found.misfit.mean) == (0.5, 0.125, 0.125)
    assert (found.gain.mean, found.criterion.mean) == (0.375, 0.375) and found.err_ceiling is not None
    assert found.err_ceiling.mean == pytest.approx(0.01)
    leeway = leeway_of_class(found, found.err_ceiling.mean, divergence("squared"))
    assert leeway.half == pytest.approx(2.0 * math.sqrt(0.125 * 0.01)) and not leeway.inside
