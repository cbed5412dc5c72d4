"""Parts that are drawn: none is empty, and each has its share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from w2s_bench.contracts import PluginError, draw_splits


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


@pytest.mark.parametrize(("given", "words"), [
    ({"inputs": {"text": ["a", "b", "c"]}}, "the column 'text' is a list, no array"),
    ({"ids": ["1", "2", "3"]}, "ids is a list, no array"),
    ({"inputs": {"x": np.zeros((4, 2))}}, r"the column 'x' has shape \(4, 2\), and truth \(3, 1\)"),
    ({"truth": np.zeros(())}, r"truth has shape \(\)"),
])
def test_what_is_no_array_or_of_another_length_is_refused_in_words(given: dict[str, Any], words: str) -> None:
    whole: dict[str, Any] = {"inputs": {"x": np.arange(3)}, "truth": np.zeros((3, 1)), "ids": np.array(list("abc")), "seed": 0}
    with pytest.raises(PluginError, match=words):
        draw_splits(**whole | given)
