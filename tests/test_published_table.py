"""The first published table guards the scorer: its cells are run again and compared."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from conftest import Command

from w2s_bench.tables.reading import CELL, read_runs

pytestmark = pytest.mark.slow

PUBLISHED = Path(__file__).resolve().parent.parent / "leaderboard" / "studies" / "quickstart"
TOLERANCE = {"diabetes": 1e-8, "mlp": 1e-4, "python-functions": 0.02}
"""Largest difference as a share of err_weak: closed forms; small networks trained in float64; GPT-2s in float32, whose
training amplifies what another processor rounds otherwise."""


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    command = Command(tmp_path_factory.mktemp("published"))
    command("run", "-o", "r", check=0)
    return command.folder / "r", command("run", "-o", "r", check=0).stdout


def test_the_quick_start_gives_the_published_numbers(again: tuple[Path, str]) -> None:
    published, _ = read_runs([PUBLISHED])
    fresh, _ = read_runs([again[0]])
    assert set(fresh["status"]) == {"ok"} and fresh.height >= 70
    both = published.join(fresh, on=list(CELL), suffix="_again")
    assert both.height == published.height == fresh.height
    for task, allowed in TOLERANCE.items():
        cells = both.filter(pl.col("task").str.starts_with(task))
        assert cells.height > 0
        same_data = cells.filter(pl.col("fingerprint_data") == pl.col("fingerprint_data_again"))
        if task == "diabetes":
            assert same_data.height == cells.height
        for name in ("err_weak", "err_student", "err_ceiling", "gain", "misfit", "projection", "realizability"):
            off = ((same_data[name] - same_data[f"{name}_again"]).abs() / same_data["err_weak"]).max()
            assert off is None or off <= allowed, f"{task}: {name} is off by {off} of err_weak"


def test_every_row_balances_and_no_certified_bound_is_violated(again: tuple[Path, str]) -> None:
    for folder in (PUBLISHED, again[0]):
        rows, bounds = read_runs([folder])
        assert (rows["ledger_residue"] <= 1e-9 * (1 + rows["gain"].abs())).all()
        assert bounds.filter(pl.col("all_assumptions") & (pl.col("verdict") == "violated")).is_empty()
        exact = bounds.join(rows.filter(pl.col("strategy") == "least-squares"), on="cell_key", how="semi")
        explicit = exact.filter((pl.col("bound") == "theorem2-explicit") & (pl.col("split") == "train"))
        assert explicit.height == rows.filter(pl.col("strategy") == "least-squares").height
        assert explicit["all_assumptions"].all() and explicit["verdict"].is_in(["holds", "says nothing"]).all()


def test_the_second_time_nothing_is_computed(again: tuple[Path, str]) -> None:
    assert "; 0 jobs computed" in again[1]
