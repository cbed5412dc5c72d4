"""Means over seeds with one interval for all tables and figures."""

from __future__ import annotations

import polars as pl
import pytest

from w2s_bench.scoring.intervals import across_seeds
from w2s_bench.tables.over_seeds import over_seeds


def test_a_seed_is_the_mean_of_its_draws_and_the_interval_is_over_seeds() -> None:
    table = pl.DataFrame({"key": ["a"] * 6, "seed": [0, 0, 1, 1, 2, 2], "gain": [1.0, 3.0, 4.0, 4.0, 9.0, None]})
    line = over_seeds(table, ["key"], ["gain"]).row(0, named=True)
    expected = across_seeds([2.0, 4.0, 9.0])
    assert (line["mean"], line["low"], line["high"]) == pytest.approx((expected.mean, expected.low, expected.high))
    alone = over_seeds(table.filter(pl.col("seed") == 0), ["key"], ["gain"]).row(0, named=True)
    assert alone["mean"] == 2.0 and alone["low"] is None and alone["seeds"] == 1 and alone["cells"] == 2
