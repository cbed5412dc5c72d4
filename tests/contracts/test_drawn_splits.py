"""Parts that are drawn: none is empty, and each has its share."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_bench.contracts import draw_splits


def sizes(n: int, shares: tuple[float, float, float] = (0.4, 0.4, 0.2)) -> tuple[int, ...]:
    ids = np.array([str(i) for i in range(n)])
    splits = draw_splits({"x": np.arange(n)}, np.zeros((n, 1)), ids, 0, shares)
    parts = (splits.supervise, splits.transfer, splits.test)
    assert sorted(np.concatenate([part.ids for part in parts])) == sorted(ids)
    return tuple(len(part.ids) for part in parts)


def test_four_examples_give_each_part_one_at_least() -> None:
    assert sizes(3) == (1, 1, 1) and sizes(4) == (2, 1, 1) and sizes(5) == (2, 2, 1) and sizes(442) == (177, 177, 88)


@pytest.mark.parametrize("shares", [(0.4, 0.4, 0.2), (0.5, 0.5, 0.0), (0.98, 0.01, 0.01), (0.01, 0.98, 0.01)])
def test_no_part_is_empty_and_each_is_within_one_of_its_share(shares: tuple[float, float, float]) -> None:
    for n in range(3, 200):
        drawn = sizes(n, shares)
        assert min(drawn) >= 1
        assert all(abs(size - share * n) <= 2.0 for size, share in zip(drawn, shares, strict=True))
