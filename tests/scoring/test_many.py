"""Stars are corrected for how many comparisons one table shows."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_bench.scoring.many import beyond_noise


def test_the_worked_example_of_benjamini_and_hochberg() -> None:
    """Their table of 15 p-values (JRSS B 57, 1995, section 3): four are rejected at 5 %."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert beyond_noise(p).tolist() == [True] * 4 + [False] * 11
    shuffled = np.random.default_rng(0).permutation(15)
    assert beyond_noise(np.array(p)[shuffled]).tolist() == [index < 4 for index in shuffled]


def test_a_p_value_above_its_own_line_stands_where_a_later_one_is_below_its_own() -> None:
    assert beyond_noise([0.03, 0.04]).tolist() == [True, True] and beyond_noise([0.03, 0.06]).tolist() == [False, False]


def test_what_has_no_interval_is_no_test() -> None:
    assert beyond_noise([float("nan"), 0.04]).tolist() == [False, True]
    assert beyond_noise([]).tolist() == [] and beyond_noise([float("nan")]).tolist() == [False]


@pytest.mark.parametrize("count", [1, 10, 300])
def test_without_any_effect_a_table_has_a_star_in_5_percent_of_draws(count: int) -> None:
    rng = np.random.default_rng(1)
    starred = np.mean([beyond_noise(rng.uniform(size=count)).any() for _ in range(4000)])
    assert 0.04 <= starred <= 0.06
