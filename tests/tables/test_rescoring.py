"""Old rows measured by what is installed now: the same numbers where nothing is new, a stranger's theorem on all, no fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from conftest import Command
from polars.testing import assert_frame_equal

from w2s_bench.scoring.halves import HALF_COLUMNS

NUMBERS = ("--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw", "--supervisor", "ridge")


def tables(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    return pl.read_parquet(folder / "rows.parquet"), pl.read_parquet(folder / "bounds.parquet")


def ran(w2s: Command, *words: str) -> None:
    w2s("run", *NUMBERS, "--strategy", "ridge", "--strategy", "least-squares", "--seeds", "0..1", "-o", "r", *words, check=0)


def test_a_run_measured_again_by_the_same_metrics_and_bounds_is_what_it_was_to_the_last_bit(w2s: Command) -> None:
    ran(w2s)
    before = tables(w2s.folder / "r")
    said = w2s("rescore", "r", "-o", "again", check=0).stdout
    assert "4 of 4 cells measured again, no fit" in said
    for old, new in zip(before, tables(w2s.folder / "again"), strict=True):
        assert_frame_equal(old, new, check_exact=True)


def test_predictions_are_kept_as_asked_and_the_run_says_their_bytes(w2s: Command) -> None:
    ran(w2s)
    kept = pl.concat([pl.read_parquet(path) for path in (w2s.folder / "r" / "predictions").glob("diabetes*.parquet")])
    assert set(kept["split"]) == {"test", "train"} and "truth" in set(kept["predictor"])
    said = w2s("run", *NUMBERS, "--strategy", "ridge", "--keep", "test", "-o", "t", check=0).stdout
    assert "Predictions kept: " in said and " MB" in said
    assert set(pl.read_parquet(next((w2s.folder / "t" / "predictions").glob("diabetes*.parquet")))["split"]) == {"test"}
    before = tables(w2s.folder / "t")
    w2s("rescore", "t", check=0)
    assert_frame_equal(before[1].sort("bound", "split"), tables(w2s.folder / "t")[1].sort("bound", "split"), check_exact=True)
    w2s("run", *NUMBERS, "--strategy", "ridge", "--keep", "none", "-o", "n", check=0)
    assert not (w2s.folder / "n" / "predictions").exists()
    assert "no predictions are kept here" in w2s("rescore", "n", check=2).stderr


def test_what_is_published_with_its_predictions_is_measured_again_too(w2s: Command) -> None:
    ran(w2s)
    earlier = w2s.folder / "board" / "predictions" / "of-another-task.parquet"
    earlier.parent.mkdir(parents=True)
    earlier.write_bytes(b"what was published before")
    assert "predictions" in w2s("show", "r", "--publish", "board", "--predictions", check=0).stdout
    assert not earlier.exists()
    before = tables(w2s.folder / "board")
    w2s("rescore", "board", check=0)
    for old, new in zip(before, tables(w2s.folder / "board"), strict=True):
        assert_frame_equal(old, new.select(old.columns), check_exact=True, check_row_order=False)


def test_the_halves_of_the_test_sample_are_written_to_rows_from_before_them(w2s: Command) -> None:
    ran(w2s)
    before = pl.read_parquet(w2s.folder / "r" / "rows.parquet")
    none = [pl.lit(None, dtype=pl.Float64).alias(name) for name in HALF_COLUMNS]
    before.with_columns(none).write_parquet(w2s.folder / "r" / "rows.parquet")
    w2s("rescore", "r", check=0)
    after = tables(w2s.folder / "r")[0]
    assert_frame_equal(before.select(HALF_COLUMNS), after.select(HALF_COLUMNS), check_exact=True)
    assert after["err_weak_half1"].null_count() == 0 and after["accuracy_student_half1"].null_count() == 4


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
def test_a_strangers_theorem_and_metric_run_over_a_finished_run_without_a_fit(w2s: Command, outside: Command) -> None:
    ran(w2s)
    lines = (Path(__file__).parents[1] / "external_plugin" / "w2s_external" / "theorem.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 20
    assert outside.folder == w2s.folder
    said = outside("rescore", "r", check=0).stdout
    assert "halfway" in said and "4 of 4 cells" in said
    rows, bounds = tables(w2s.folder / "r")
    halfway = bounds.filter(pl.col("bound") == "halfway")
    assert halfway.height == 8 and set(halfway["split"]) == {"train", "test"}
    assert rows["worst_student"].null_count() == 0 and (rows["worst_student"] >= rows["mae_student"]).all()


@pytest.mark.usefixtures("installed")
def test_the_theorem_runs_over_the_published_quick_start(w2s: Command, outside: Command) -> None:
    shutil.copytree(Path(__file__).resolve().parents[2] / "leaderboard" / "studies" / "quickstart", w2s.folder / "q")
    before = tables(w2s.folder / "q")
    assert f"{before[0].height} of {before[0].height} cells measured again, no fit" in outside("rescore", "q", check=0).stdout
    rows, bounds = tables(w2s.folder / "q")
    assert bounds.filter(pl.col("bound") == "halfway").height == 2 * before[0].height
    kept = ["cell_key", "gain", "misfit", "projection", "realizability", "err_student", "r2_student"]
    assert_frame_equal(rows.select(kept), before[0].select(kept), check_exact=True)


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
def test_the_theorem_runs_over_the_papers_study(w2s: Command, outside: Command) -> None:
    w2s("run", "paper-synthetic", "--quick", "-o", "p", check=0)
    assert "240 of 240 cells measured again, no fit" in outside("rescore", "p", check=0).stdout
    assert tables(w2s.folder / "p")[1].filter(pl.col("bound") == "halfway").height == 2 * 240
