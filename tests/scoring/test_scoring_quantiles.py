"""Quantiles and Wilson's interval are those of scipy.stats to the last bit, without the half second that it takes to import."""

from __future__ import annotations

from scipy import stats

from w2s_bench.scoring.intervals import CONFIDENCE, normal, student_t
from w2s_bench.scoring.shares import share_interval


def test_quantiles_are_those_of_scipy() -> None:
    assert normal() == stats.norm.ppf(0.5 + CONFIDENCE / 2.0)
    assert all(student_t(n) == stats.t.ppf(0.5 + CONFIDENCE / 2.0, n) for n in (*range(1, 200), 10_000))


def test_the_interval_of_a_share_is_that_of_scipy() -> None:
    for n in (1, 2, 7, 88, 1000):
        for count in {0, 1, n // 3, n - 1, n}:
            found = stats.binomtest(count, n).proportion_ci(CONFIDENCE, method="wilson")
            assert share_interval(count, n) == (found.low, found.high)
