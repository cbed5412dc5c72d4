"""The quick version of every study runs through the real command, and the commands that read a study read it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from conftest import Command

OFFLINE = ["paper-synthetic", "paper-finite-sample", "random-features", "correlated-features"]


def _checked(folder: Path) -> pl.DataFrame:
    rows, bounds = (pl.read_parquet(folder / f"{name}.parquet") for name in ("rows", "bounds"))
    assert set(rows["status"]) == {"ok"}
    assert (rows["ledger_residue"] <= 1e-9 * (1 + rows["gain"].abs())).all()
    assert bounds.filter(pl.col("all_assumptions") & (pl.col("verdict") == "violated")).is_empty()
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("suite", OFFLINE)
def test_a_quick_study_runs_offline(w2s: Command, suite: str) -> None:
    w2s("run", suite, "--quick", "-j", "2", "-o", "r", check=0)
    rows = _checked(w2s.folder / "r")
    w2s("predict", "r", "--by", "panel", check=0)
    if suite == "paper-synthetic":
        exact = rows.filter(pl.col("panels").list.contains("realizable") & (pl.col("strategy") == "least-squares"))
        assert ((exact["gain_train"] - exact["misfit_train"]).abs() <= 1e-6 * exact["misfit_train"]).all()
        assert "predicted-error" in w2s("select", "r", "--where", "panels == weak-family", check=0).stdout
        w2s("plot", "sample-size", "r", "--x", "strong.tasks", "--where", "panels == pretraining-tasks", "-o", "f.svg", check=0)


@pytest.mark.slow
def test_the_quick_study_of_molecules_runs_on_the_shared_data(w2s: Command, shared_data: Path) -> None:
    pytest.importorskip("rdkit")
    w2s("run", "paper-molecules", "--quick", "--data", str(shared_data), "-j", "2", "-o", "r", check=0)
    _checked(w2s.folder / "r")
    assert "whole suite" in w2s("select", "r", "--where", "panels == molecules", check=0).stdout
