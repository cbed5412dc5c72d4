"""A rule takes the smallest; what that costs is counted once for each seed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from w2s_bench.contracts.errors import DomainError, ShapeError
from w2s_bench.scoring.choice import choose, choose_across, choose_at_random, duel, rank_agreement, relative_regret
from w2s_bench.scoring.intervals import ratio
from w2s_bench.scoring.recommendation import recommended


def test_a_rule_takes_the_smallest_and_pays_the_difference() -> None:
    found = choose([0.3, 0.1, 0.2], [5.0, 7.0, 4.0])
    assert (found.index, found.err_student, found.regret, found.hit) == (1, 7.0, 3.0, 0.0)
    assert found.tau == pytest.approx(-1.0 / 3.0)
    assert choose([0.1, 0.1], [2.0, 1.0]).index == 0


def test_the_same_error_as_the_best_is_a_hit() -> None:
    assert choose([0.0, 1.0], [0.1 + 0.2, 0.3]).hit == 1.0


def test_a_choice_at_random_is_an_expectation() -> None:
    found = choose_at_random([1.0, 3.0, 5.0, 1.0])
    assert (found.index, found.err_student, found.regret, found.hit, found.tau) == (None, 2.5, 1.5, 0.5, None)


def test_the_candidate_to_take_is_told_from_those_that_it_beats_beyond_noise() -> None:
    rng = np.random.default_rng(1)
    values = np.column_stack([rng.normal(middle, 0.1, 20) for middle in (1.0, 0.5, 0.52, 2.0)])
    found = recommended(values)
    assert (found.take, found.runner_up, found.tied) == (1, 2, (2,))
    assert found.difference.mean == pytest.approx((values[:, 2] - values[:, 1]).mean())
    plain = stats.ttest_rel(values[:, 2], values[:, 1]).confidence_interval(1.0 - 0.05 / 3.0)
    ends = (found.difference.low, found.difference.high)
    assert ends == pytest.approx((plain.low, plain.high), rel=0.2) and ends[0] <= plain.low and ends[1] >= plain.high
    assert len(recommended(values[:1]).tied) == 3
    with pytest.raises(ShapeError):
        recommended(values[:, :1])


@pytest.mark.parametrize("count", [2, 5, 8])
def test_of_equal_candidates_one_is_told_from_all_others_in_one_of_twenty_at_most(count: int) -> None:
    rng = np.random.default_rng(count)
    false = sum(not recommended(rng.standard_normal((5, 1)) + rng.standard_normal((5, count))).tied for _ in range(2000))
    assert false / 2000 <= 0.06


def test_rank_agreement_is_kendalls_tau_b() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.integers(0, 4, 7).astype(float), rng.integers(0, 4, 7).astype(float)
        assert rank_agreement(a, b) == pytest.approx(float(stats.kendalltau(a, b).statistic))
    assert rank_agreement([1.0, 1.0], [1.0, 2.0]) is None


def test_duels_count_wins_ties_and_losses() -> None:
    assert duel([1.0, 2.0, 0.3, 5.0], [2.0, 1.0, 0.1 + 0.2, 6.0]) == (2, 1, 1)


def test_relative_regret_of_one_setting_is_the_ratio_of_means() -> None:
    regret, expected = [0.1, 0.3, 0.0, 0.2], [1.0, 1.5, 0.8, 1.1]
    found, known = relative_regret(regret, expected, ["a"] * 4, range(4)), ratio(regret, expected)
    assert (found.mean, found.se, found.low, found.high) == pytest.approx((known.mean, known.se, known.low, known.high))


def test_settings_of_other_units_count_alike_and_few_seeds_anywhere_widen_the_interval() -> None:
    regret, expected = np.array([0.1, 0.3, 100.0, 300.0]), np.array([1.0, 1.0, 1000.0, 1000.0])
    found = relative_regret(regret, expected, [0, 0, 1, 1], [0, 1, 0, 1])
    assert found.mean == pytest.approx(0.2) and found.se == pytest.approx(0.1) and found.n == 2
    apart = relative_regret(regret, expected, [0, 0, 1, 1], [0, 1, 2, 3])
    assert apart.mean == found.mean and apart.n == 2 and apart.se == pytest.approx(0.1 / math.sqrt(2.0))
    assert math.isnan(relative_regret([0.1], [1.0], [0], [0]).low)


def test_relative_regret_over_seeds_covers() -> None:
    rng = np.random.default_rng(20)
    setting, seed = np.repeat([0, 1, 2], 6), np.tile(np.arange(6), 3)
    scale = np.array([1.0, 10.0, 1e4])[setting]
    share = np.array([0.1, 0.3, 0.2])[setting]
    inside, repeats = 0, 3000
    for _ in range(repeats):
        shared = rng.normal(0.0, 0.1, 6)[seed]
        expected = scale * (1.0 + 0.1 * rng.standard_normal(18))
        regret = scale * (share * (1.0 + shared) + 0.03 * rng.standard_normal(18))
        found = relative_regret(regret, expected, setting, seed)
        inside += found.low <= 0.2 <= found.high
    assert 0.93 <= inside / repeats <= 0.97


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(ShapeError):
        choose([1.0], [1.0, 2.0])
    with pytest.raises(ShapeError, match="3 parts"):
        choose_across([1.0, 2.0], np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(DomainError):
        choose([math.nan, 1.0], [1.0, 2.0])
    with pytest.raises(DomainError, match="err by 0"):
        relative_regret([0.0], [0.0], [0], [0])
    with pytest.raises(ShapeError):
        relative_regret([0.0, 1.0], [1.0, 1.0], [0], [0, 1])
