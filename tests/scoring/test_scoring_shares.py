"""A share of few examples has an interval that stays in [0, 1] and covers."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_bench.contracts.errors import DomainError
from w2s_bench.scoring.shares import share, share_interval


def test_a_share_has_wilsons_interval() -> None:
    low, high = share_interval(9, 10)
    z = 1.959963984540054
    middle, half = (0.9 + z * z / 20) / (1 + z * z / 10), z * (0.09 / 10 + z * z / 400) ** 0.5 / (1 + z * z / 10)
    assert (low, high) == pytest.approx((middle - half, middle + half))
    found = share(np.array([1.0] * 9 + [0.0]))
    assert (found.mean, found.low, found.high, found.n) == pytest.approx((0.9, low, high, 10))


def test_all_of_a_few_examples_is_not_certainty() -> None:
    found = share([1, 1, 1, 1, 1])
    assert found.mean == 1.0 and found.high == pytest.approx(1.0) and found.low < 0.6


def test_the_interval_covers_small_shares() -> None:
    rng = np.random.default_rng(0)
    for p in (0.05, 0.43, 0.9):
        counts = rng.binomial(25, p, size=2000)
        ends = {count: share_interval(int(count), 25) for count in set(counts.tolist())}
        assert 0.92 <= np.mean([ends[c][0] <= p <= ends[c][1] for c in counts.tolist()]) <= 0.99


def test_what_is_no_count_is_refused() -> None:
    with pytest.raises(DomainError, match="0 or 1"):
        share([0.5, 1.0])
