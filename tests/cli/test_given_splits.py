"""A file with given splits has one of everything: seeds are one seed again, and what is printed says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

Ask = Callable[..., str]


RAN = ("run", "--task", "arrays[path=t.csv,exclude=taught]", "--strong", "raw", "--seeds", "0..4", "-o", "r")


def written(rows: int = 240) -> None:
    """Numbers, labels, labels of a teacher who is somewhat wrong, and a column that says which split a row is in."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, 4))
    y = x.sum(axis=1) + x[:, 0] * x[:, 1] + 0.3 * rng.standard_normal(rows)
    split = np.array(["supervise", "transfer", "test"])[np.arange(rows) % 3]
    pl.DataFrame(x, schema=list("abcd")).with_columns(
        pl.Series("y", y), pl.Series("taught", y + rng.standard_normal(rows)), pl.Series("split", split)).write_csv(Path("t.csv"))


@pytest.mark.slow
def test_five_identical_rows_are_one_row_with_an_interval_over_its_test_examples(ask: Ask) -> None:
    written()
    ask(*RAN, "--strategy", "ridge", "--weak", "given[column=taught]", "--supervisor", "as-is")
    rows = pl.read_parquet("r/rows.parquet")
    assert rows["gain"].n_unique() == 1 and rows["test_shared"].all() and rows["fingerprint_supervise"].n_unique() == 1
    assert Path("r/terms.parquet").is_file()
    shown = " ".join(ask("show", "r").split())
    assert "± 0.000" not in shown and "' over test examples; there is one fit, and nothing is said of others" in shown
    means = ask("show", "r", "--by", "strategy", "--columns", "gain,misfit").splitlines()
    assert next(line for line in means if line.startswith("ridge")).count("'") == 2, "each interval has its mark"


def test_fits_that_differ_by_chance_alone_speak_of_fits_and_not_of_other_training_sets(ask: Ask) -> None:
    written()
    ask(*RAN, "--strategy", "adamw-head[epochs=5]", "--weak", "given[column=taught]", "--supervisor", "as-is")
    assert pl.read_parquet("r/rows.parquet")["gain"].n_unique() == 5
    shown = " ".join(ask("show", "r").split())
    assert "^ over fits and test examples; all seeds have one training set, and nothing is said of others" in shown
