"""Classes that are few, missing, wrong or alone, through the real command: null with a reason, flagged, or refused."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import polars as pl
import pytest
from conftest import Command

MODELS = ("--weak", "nano[width=8,layers=1,context=16,steps=0]", "--strong", "nano[width=16,layers=1,context=16,steps=0]")
HEADS = ("--supervisor", "logistic", "--strategy", "logistic")
HERE = ("--executor", "here")


def _table(command: Command, labels: Sequence[str], splits: Sequence[str] = ()) -> str:
    """A table of texts with these labels; its name as a task."""
    with (command.folder / "t.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", *(["split"] if splits else [])])
        for row, label in enumerate(labels):
            text = f"{label} {'!' * (row % 7)}{row * 37 % 101}"
            writer.writerow([text, label, *([splits[row]] if splits else [])])
    return "text[path=t.csv,output=classes]"


def _rows(command: Command, task: str, *words: str, check: int = 0) -> pl.DataFrame:
    command("run", "--task", task, *MODELS, *(words or HEADS), *HERE, "-o", "r", check=check)
    return pl.read_parquet(command.folder / "r" / "rows.parquet")


def test_a_tiny_test_set_is_flagged_and_its_interval_is_shown(w2s: Command) -> None:
    row = _rows(w2s, _table(w2s, ["no", "yes"] * 20)).row(0, named=True)
    assert row["n_test"] == 8 and "few-test-examples" in row["flags"] and row["gain_accuracy_se"] is not None
    assert "8 test examples, too few" in w2s("show", "r", check=0).stdout


def test_a_class_missing_from_a_split_makes_its_metrics_null_with_a_reason(w2s: Command) -> None:
    splits = ["supervise"] * 20 + ["transfer"] * 20 + ["test"] * 20
    row = _rows(w2s, _table(w2s, ["no", "yes"] * 20 + ["yes"] * 20, splits)).row(0, named=True)
    assert row["auroc_weak"] is None and row["gain_auroc"] is None and row["accuracy_weak"] is not None
    assert any("no" in reason and "auroc" in reason for reason in row["metrics_missing"])
    assert "class-missing-in-test" in row["flags"] and "constant-labels" in row["flags"]


def test_a_class_that_the_teacher_never_saw_still_scores(w2s: Command) -> None:
    splits = ["supervise"] * 20 + ["transfer"] * 20 + ["test"] * 20
    row = _rows(w2s, _table(w2s, ["a", "b"] * 10 + ["a", "b", "c", "c"] * 10, splits)).row(0, named=True)
    assert row["classes"] == 3 and row["err_weak"] > 5.0 and row["flags"].count("class-missing-in-supervise") == 1
    assert row["ledger_residue"] <= 1e-9 * (1 + abs(row["gain"])) and row["residue_01"] == 0.0


def test_one_class_only_is_refused_with_the_reason(w2s: Command) -> None:
    done = w2s("run", "--task", _table(w2s, ["yes"] * 40), *MODELS, *HEADS, "-o", "r", check=2)
    assert "one class only" in done.stderr and "Traceback" not in done.stderr


def test_a_loss_that_is_no_number_ends_its_cells_as_diverged_with_the_step(w2s: Command) -> None:
    head = ("--supervisor", "logistic", "--strategy", "mlp-head[loss=product[alpha=1e38],epochs=3,lr=1e30,hidden=0]")
    row = _rows(w2s, _table(w2s, ["no", "yes"] * 20), *head, check=3).row(0, named=True)
    assert row["status"] == "diverged" and "step" in row["error"]


@pytest.mark.parametrize(("device", "words"), [("cuda:99", "there is no device cuda:99"), ("tpu", "'tpu' is no device")])
def test_a_device_that_is_not_there_is_named_before_anything_runs(w2s: Command, device: str, words: str) -> None:
    done = w2s("run", "--task", "diabetes", "--models", "raw", "--models", "random-features", "--device", device, check=2)
    assert words in done.stderr and "Traceback" not in done.stderr
