"""Anybody's predictions become rows: the numbers of a run come back from a bare CSV, and wrong ids are told from near ones."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import Command

from w2s_bench.contracts import PREDICTORS
from w2s_bench.contracts.errors import DataError
from w2s_bench.leaderboard.at_hand import AtHand
from w2s_bench.leaderboard.own_predictions import Names, scored_on
from w2s_bench.running.kept import kept_table

NUMBERS, CLASSES = "diabetes", "class-mixture[transfer=60,test=80]"
RUNS = {NUMBERS: ("--task", NUMBERS, "--weak", "random-features[width=8]", "--strong", "raw", "--supervisor", "ridge",
                  "--strategy", "ridge"),
        CLASSES: ("--task", CLASSES, "--weak", "random-features[width=8]", "--strong", "raw", "--supervisor", "logistic",
                  "--strategy", "logistic")}
RUN = {NUMBERS: "n", CLASSES: "c"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    for task, words in RUNS.items():
        Command(folder)("run", *words, "--seeds", "0", "-o", RUN[task], check=0)
    return folder


def row_of(run: Path, task: str) -> dict[str, Any]:
    return pl.read_parquet(run / RUN[task] / "rows.parquet").row(0, named=True)


def own_table(run: Path, task: str) -> pl.DataFrame:
    """What a program of somebody's own would write: ids in an order of its own, a column a predictor, test and train."""
    row, kept = row_of(run, task), kept_table(run / RUN[task], task)
    assert kept is not None
    outputs = [name for name in kept.columns if name.startswith("value_")]
    parts = []
    for split in ("test", "train"):
        found = kept.filter((pl.col("predictor") == "truth") & (pl.col("split") == split)).select("id")
        for role in PREDICTORS:
            names = [pl.col(name).alias(role if len(outputs) == 1 else f"{role}_{j}") for j, name in enumerate(outputs)]
            found = found.join(kept.filter((pl.col("predictor") == row[f"predictor_{role}"]) & (pl.col("split") == split)).select(
                "id", *names), on="id")
        parts.append(found.with_columns(pl.lit(split).alias("split")))
    return pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=3)


def same(one: float, other: float, scale: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-14 * scale)


@pytest.mark.usefixtures("decoded_here")
@pytest.mark.parametrize("task", [NUMBERS, CLASSES])
def test_a_bare_csv_gives_the_numbers_of_the_run_to_1e_12_and_its_folder_is_submitted_and_taken(
        run: Path, w2s: Command, task: str) -> None:
    own_table(run, task).write_csv(w2s.folder / "own.csv")
    said = json.loads(w2s("score", "own.csv", "--task", task, "--json", "-o", "own", check=0).stdout)[0]
    row = row_of(run, task)
    compared = 0
    for name, value in said.items():
        if isinstance(value, float) and name in row and name != "ledger_residue":
            assert same(value, row[name], row["err_weak"]), name
            compared += 1
    assert compared > 50 and said["flags"] == row["flags"] and said["fingerprint_test"] == row["fingerprint_test"]
    w2s("leaderboard", "submit", "own", "-o", "s", "--name", "my-idea", "--title", "An idea", "--who", "me", check=0)
    assert w2s("leaderboard", "check", "s", check=0).stdout.splitlines()[-1] == "taken: 1 rescored"


def test_csv_npz_and_parquet_give_the_same_row(run: Path, tmp_path: Path) -> None:
    table = own_table(run, CLASSES)
    table.write_csv(tmp_path / "own.csv")
    table.write_parquet(tmp_path / "own.parquet")
    arrays = {role: table.select(f"{role}_{j}" for j in range(3)).to_numpy() for role in PREDICTORS}
    np.savez(tmp_path / "own.npz", id=np.array(table["id"].to_list()), split=np.array(table["split"].to_list()), **arrays)
    task = AtHand(None, own=True).task(CLASSES)
    rows = [scored_on(str(tmp_path / f"own.{kind}"), task, 0, Names()).row for kind in ("csv", "npz", "parquet")]
    assert rows[0] == rows[1] == rows[2]


def test_ids_of_another_split_another_seed_or_nearly_right_are_told(run: Path, tmp_path: Path) -> None:
    table = own_table(run, NUMBERS)
    task = AtHand(None, own=True).task(NUMBERS)

    def said(changed: pl.DataFrame, seed: int = 0) -> str:
        changed.write_csv(tmp_path / "own.csv")
        with pytest.raises(DataError) as error:
            scored_on(str(tmp_path / "own.csv"), task, seed, Names())
        return error.value.message()

    test = table.filter(pl.col("split") == "test").drop("split")
    train = table.filter(pl.col("split") == "train").drop("split")
    assert "all 177 are of the transfer split of seed 0" in said(train)
    assert "of the test split of seed 0" in said(test, seed=7)
    assert "2 of these are not in it" in said(test.head(-2)) and "86 are in both" in said(test.head(-2))
    bare = test.with_columns(pl.col("id").str.strip_prefix("patient "))
    assert "88 ids of it are not of the test examples" in said(bare) and "are like 'patient " in said(bare)
    assert "there is no column ceiling" in said(test.drop("ceiling"))
    assert "is of no predictor" in said(test.with_columns(pl.lit(1.0).alias("weka")))


def test_probabilities_are_asked_for_by_class_and_on_the_simplex(run: Path, tmp_path: Path) -> None:
    table = own_table(run, CLASSES)
    task = AtHand(None, own=True).task(CLASSES)
    for changed, words in ((table.drop("weak_2"), "write weak_0, weak_1, weak_2"),
                           (table.with_columns(pl.col("weak_0") + 0.1), "no distribution over 3 classes")):
        changed.write_csv(tmp_path / "own.csv")
        with pytest.raises(DataError, match=words):
            scored_on(str(tmp_path / "own.csv"), task, 0, Names())


def test_without_a_task_the_truth_is_a_column(w2s: Command) -> None:
    truth, weak = np.array([0.0, 1.0, 3.0, 2.0]), np.array([1.0, 1.0, 1.0, 1.0])
    pl.DataFrame({"id": ["a", "b", "c", "d"], "truth": truth, "weak": weak, "student": truth + 0.5, "ceiling": truth}).write_csv(
        w2s.folder / "own.csv")
    found = json.loads(w2s("score", "own.csv", "--json", check=0).stdout)[0]
    assert math.isclose(found["gain"], float(((truth - weak) ** 2).mean()) - 0.25, rel_tol=1e-12)
    assert "err_student" in w2s("score", "own.csv", check=0).stdout
    assert "name it with --task" in w2s("score", "own.csv", "-o", "rows", check=2).stderr
    pl.read_csv(w2s.folder / "own.csv").drop("truth").write_csv(w2s.folder / "bare.csv")
    assert "there is no truth in it" in w2s("score", "bare.csv", check=2).stderr


def test_a_file_a_seed(run: Path, w2s: Command) -> None:
    own_table(run, NUMBERS).write_csv(w2s.folder / "own.csv")
    assert "2 files for 1 seeds" in w2s("score", "own.csv", "own.csv", "--task", NUMBERS, check=2).stderr
