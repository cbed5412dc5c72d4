"""What is told of an order, and nothing that is not."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_bench.leaderboard.ranking import Compared, compared_over_tasks, ranks_of, signs_of, standing, tie_groups


def compared(pairs: list[tuple[int, int]], differences: list[float], p: list[float]) -> Compared:
    first, second = np.array(pairs).T
    values = np.array(differences, dtype=float)
    return Compared(first, second, values, values - 1.0, values + 1.0, ("seeds and examples",) * len(pairs), values, np.array(p))


def told(entries: int, better: dict[tuple[int, int], bool]) -> np.ndarray:
    """signs of a board on which the first of each pair is better."""
    signs = np.zeros((entries, entries), dtype=np.int8)
    for i, j in better:
        signs[i, j], signs[j, i] = 1, -1
    return signs


def test_ranks_are_what_is_told_and_the_rest_is_left_open() -> None:
    signs = told(4, {(0, 2): True, (0, 3): True, (1, 3): True})
    ranks = ranks_of(signs, np.array([3.0, 2.0, 1.0, 0.0]))
    assert [(each.low, each.high) for each in ranks] == [(1, 2), (1, 3), (2, 4), (3, 4)]
    assert [each.groups for each in ranks] == [(1,), (1, 2), (2, 3), (3,)] and all(each.of == 4 for each in ranks)


def test_an_entry_that_is_alone_is_first_and_nobody_is_told_from_nobody() -> None:
    assert ranks_of(np.zeros((1, 1), dtype=np.int8), np.array([0.3]))[0].high == 1
    assert ranks_of(np.zeros((0, 0), dtype=np.int8), np.zeros(0)) == []
    assert [each.groups for each in ranks_of(np.zeros((5, 5), dtype=np.int8), np.arange(5.0))] == [(1,)] * 5


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.randoms(use_true_random=False))
def test_two_entries_are_in_one_tie_group_exactly_where_they_are_not_ordered(entries: int, random: object) -> None:
    rng = np.random.default_rng(random.randrange(2**32))  # type: ignore[attr-defined]
    signs = np.triu(rng.integers(0, 2, (entries, entries)), 1).astype(np.int8)
    signs = signs - signs.T
    means = rng.normal(size=entries)
    groups = tie_groups(signs, means)
    for i in range(entries):
        for j in range(entries):
            assert any({i, j} <= group for group in groups) == (i == j or signs[i, j] == 0)
    again = tie_groups(signs, means)
    assert groups == again


def test_a_separable_pair_is_ordered_by_its_own_sign_and_no_other() -> None:
    found = compared([(0, 1), (0, 2), (1, 2)], [0.4, -0.3, 0.1], [1e-6, 1e-5, 0.4])
    stands = standing([found], 0.05)[0]
    signs = signs_of(found, stands, 3)
    assert signs.tolist() == [[0, 1, -1], [-1, 0, 0], [1, 0, 0]]
    ranks = ranks_of(signs, np.array([0.1, 0.0, 0.2]))
    assert [(each.low, each.high) for each in ranks] == [(2, 2), (2, 3), (1, 2)]


def test_the_correction_is_over_all_comparisons_that_are_shown_and_nan_is_no_test() -> None:
    one = compared([(0, 1)], [0.4], [0.02])
    many = compared([(0, 1)] * 20, [0.1] * 20, [0.5] * 20)
    none = compared([(0, 1)] * 20, [0.1] * 20, [float("nan")] * 20)
    assert standing([one], 0.05)[0].all() and standing([one, none], 0.05)[0].all()
    assert not standing([one, many], 0.05)[0].any()
    assert standing([], 0.05) == []


def test_over_tasks_each_task_weighs_the_same_and_fewer_than_eight_common_ones_are_not_tested() -> None:
    rng = np.random.default_rng(1)
    apart = rng.normal(0.5, 0.1, size=9)
    tasks = [compared([(0, 1)], [value], [0.5]) for value in apart]
    imputed = np.stack([apart, np.zeros(9)])
    found = compared_over_tasks(tasks, imputed, np.array([True, True]))
    assert found.difference[0] == np.mean(apart) and found.over == ("task sets",) and found.p[0] < 1e-4
    gone = [*tasks[:7], compared([(0, 1)], [np.nan], [np.nan]), compared([(0, 1)], [np.nan], [np.nan])]
    few = compared_over_tasks(gone, imputed, np.array([False, True]))
    assert np.isnan(few.p[0]) and np.isnan(few.difference[0]) and few.imputed[0] == np.mean(apart)


def test_with_failed_cells_an_order_over_tasks_needs_both_readings() -> None:
    rng = np.random.default_rng(2)
    apart = rng.normal(0.5, 0.1, size=9)
    tasks = [compared([(0, 1)], [value], [0.5]) for value in apart]
    turned, wide = -apart, apart * np.array([1, 1, 1, 1, 1, 1, 1, 1, -9.0])
    whole = compared_over_tasks(tasks, np.stack([apart, np.zeros(9)]), np.array([True, True])).p[0]
    assert compared_over_tasks(tasks, np.stack([turned, np.zeros(9)]), np.array([False, True])).p[0] == 1.0
    assert compared_over_tasks(tasks, np.stack([wide, np.zeros(9)]), np.array([False, True])).p[0] == 1.0
    assert compared_over_tasks(tasks, np.stack([apart * 2.0, np.zeros(9)]), np.array([False, True])).p[0] == whole
