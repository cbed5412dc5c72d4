"""Intervals cover, ratios know when to be null, flags fire, metrics are the known ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_samples import made_sample

from w2s_bench.contracts.errors import DomainError, ShapeError
from w2s_bench.scoring.flags import flags, student_equals_teacher, teacher_collapsed
from w2s_bench.scoring.intervals import across_seeds, delta_method, estimate, ratio
from w2s_bench.scoring.ratios import gain_over_misfit, pgr

REPEATS = 4000


@pytest.mark.parametrize(("kind", "n"), [("examples", 200), ("seeds", 3), ("root", 400), ("ratio", 400)])
def test_95_percent_intervals_cover_between_93_and_97_percent(kind: str, n: int) -> None:
    rng = np.random.default_rng(20)
    inside = 0
    for _ in range(REPEATS):
        a, b = rng.normal(1.0, 1.0, n), rng.normal(2.0, 1.0, n)
        if kind == "examples":
            found, target = estimate(np.exp(0.5 * a)), math.exp(0.625)
        elif kind == "seeds":
            found, target = across_seeds(a), 1.0
        elif kind == "root":
            terms = np.column_stack([a**2, b**2])
            found, target = delta_method(lambda t: math.sqrt(t[0] * t[1]), terms), math.sqrt(10.0)
        else:
            found, target = ratio(a, b), 0.5
        inside += found.low <= target <= found.high
    assert 0.93 <= inside / REPEATS <= 0.97


def test_estimate_of_a_worked_example() -> None:
    found = estimate([1.0, 2.0, 3.0])
    assert (found.mean, found.n) == (2.0, 3)
    assert found.se == pytest.approx(1.0 / math.sqrt(3.0))
    assert found.high - found.mean == pytest.approx(4.302652729911275 / math.sqrt(3.0))


def test_one_value_has_no_interval() -> None:
    for found in (estimate([1.0]), delta_method(lambda t: t[0], [[1.0]]), ratio([1.0], [2.0])):
        assert math.isnan(found.se) and math.isnan(found.low) and found.contains_zero


def test_delta_method_agrees_with_the_mean_and_with_the_ratio() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(1.0, 1.0, 50), rng.normal(5.0, 1.0, 50)
    assert delta_method(lambda t: t[0], a[:, None]).se == pytest.approx(estimate(a).se, rel=1e-9)
    by_gradient = delta_method(lambda t: t[0] / t[1], np.column_stack([a, b]))
    assert by_gradient.se == pytest.approx(ratio(a, b).se, rel=1e-6)


def test_root_of_terms_that_are_all_zero_has_no_spread() -> None:
    found = delta_method(lambda t: math.sqrt(t[0] * t[1]), np.column_stack([np.zeros(9), np.arange(9.0)]))
    assert (found.mean, found.se) == (0.0, 0.0)


def test_a_ratio_to_zero_and_unpaired_values_are_refused() -> None:
    with pytest.raises(DomainError):
        ratio([1.0, 1.0], [1.0, -1.0])
    with pytest.raises(ShapeError):
        ratio([1.0, 1.0], [1.0])
    with pytest.raises(ShapeError):
        estimate([])


def test_pgr_is_a_ratio_of_means_and_null_when_the_gap_is_noise() -> None:
    weak = np.array([2.0, 2.1, 1.9, 2.0])
    assert pgr(weak, weak - 0.5, weak - 1.0) == (pytest.approx(0.5), None)
    value, reason = pgr(weak, weak - 0.5, weak + [1.0, -1.0, 1.0, -1.0])
    assert value is None and reason == "gap's 95 % interval contains 0"
    assert pgr([1.0], [1.0], [0.0])[0] is None


def test_gain_over_misfit_is_null_for_a_student_that_is_its_teacher() -> None:
    assert gain_over_misfit([1.0, 3.0], [2.0, 2.0], [4.0, 4.0]) == 1.0
    assert gain_over_misfit([0.0, 0.0], [1e-30, 0.0], [4.0, 4.0]) is None


def test_every_flag_fires_where_it_should_and_none_on_a_sound_row() -> None:
    rng = np.random.default_rng(3)
    truth = rng.standard_normal(500)
    weak, student, ceiling = (truth + s * rng.standard_normal(500) for s in (0.7, 0.5, 0.1))
    assert flags(made_sample(truth, weak, student, ceiling)) == ()
    assert flags(made_sample(truth, np.zeros(500), student, ceiling)) == ("teacher-at-chance", "teacher-collapsed")
    assert flags(made_sample(truth, weak, weak, ceiling)) == ("student-equals-teacher",)
    assert flags(made_sample(truth, weak, ceiling, ceiling)) == ("student-equals-ceiling",)
    assert "student-equals-ceiling" not in flags(made_sample(truth, truth, ceiling, ceiling))
    assert flags(made_sample(truth, ceiling, student, weak)) == ("ceiling-not-better", "band-wider-than-misfit")
    assert flags(made_sample(truth, weak, student, weak)) == (
        "ceiling-not-better", "gap-inside-noise", "band-wider-than-misfit")
    assert flags(made_sample(truth[:9], weak[:9], student[:9], ceiling[:9]))[-1] == "few-test-examples"
    assert "constant-labels" in flags(made_sample(np.ones(500), weak, student, ceiling))


def test_a_teacher_that_names_one_class_for_all_has_collapsed() -> None:
    truth = np.eye(2)[[0, 1] * 20]
    weak = np.column_stack([np.linspace(0.6, 0.9, 40), np.linspace(0.4, 0.1, 40)])
    assert teacher_collapsed(weak, truth)
    assert not student_equals_teacher(weak, truth)
