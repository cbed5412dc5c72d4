"""A teacher that knows nothing has a line of its own, with its flag; no average or comparison is over it, and that is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

Ask = Callable[..., str]


@pytest.mark.slow
def test_a_teacher_at_chance_is_flagged_and_counted_and_in_no_average(ask: Ask) -> None:
    """Its labels are those of other rows: with the right spread, and worth less than their mean."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 3))
    y = x.sum(axis=1) + 0.3 * rng.standard_normal(300)
    columns = np.column_stack([x, y + 0.7 * rng.standard_normal(300), rng.permutation(y), y])
    pl.DataFrame(columns, schema=["a", "b", "c", "fair", "shuffled", "y"]).write_csv(Path("t.csv"))
    ask("run", "--task", "arrays[path=t.csv,exclude=fair+shuffled]", "--weak", "given[column=shuffled]", "--weak",
        "given[column=fair]", "--supervisor", "as-is", "--strong", "raw", "--strategy", "ridge", "--strategy", "least-squares",
        "--seeds", "0..3", "-o", "r")
    rows = pl.read_parquet("r/rows.parquet").with_columns(chance=pl.col("flags").list.contains("teacher-at-chance"))
    assert dict(rows.group_by("weak").agg(pl.col("chance").mean()).iter_rows()) == {
        "given[column=shuffled]": 1.0, "given[column=fair]": 0.0}
    assert (rows["err_constant"] < rows["err_weak"]).sum() == 8
    told = "In no average: 8 of 16 cells, teacher-at-chance (given[column=shuffled] on arrays)."
    shown = ask("show", "r")
    assert "A teacher-at-chance" in shown and "In no average" not in shown, "each line is of one teacher"
    assert told in ask("show", "r", "--by", "strong") and told in ask("predict", "r")
    by_strategy = ask("show", "r", "--by", "strategy", "--columns", "err_weak")
    fair = rows.filter(pl.col("weak") == "given[column=fair]")["err_weak"].mean()
    assert told in by_strategy and by_strategy.count(f"{fair:.3f} ") == 2
    assert "4 of 8 cells make no pair: 4 teacher-at-chance." in ask("show", "r", "--by", "strategy")
