"""Where student and teacher differ: every example by its id, as the predictions that were sent say."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from made_sites import STUDIES, checked, checked_bounds, made_board, made_leaderboard, study

from w2s_bench.leaderboard.at_hand import AtHand
from w2s_bench.leaderboard.site.addresses import page_of
from w2s_bench.leaderboard.site.build import build
from w2s_bench.leaderboard.submission import Submission
from w2s_bench.running.kept import kept_file, kept_table

OURS = Submission(name="our-own", title="Our own suites", who=("w2s-bench",), season="pilot/1")
TASK = "python-functions"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of five rows of functions in Python, with their predictions and texts."""
    folder = tmp_path_factory.mktemp("site")
    rows, bounds = study("quickstart")
    few = checked(rows.filter(pl.col("task") == TASK).head(5), "our-own")
    leaderboard = made_leaderboard(folder / "leaderboard", [OURS])
    kept = leaderboard / "submissions" / "our-own" / "predictions"
    kept.mkdir()
    for name in ("facts.parquet", kept_file(TASK)):
        shutil.copy(STUDIES / "quickstart" / "predictions" / name, kept / name)
    build(leaderboard, made_board(few, checked_bounds(bounds, "our-own")), folder / "site", AtHand(None))
    return folder / "site"


@pytest.mark.slow
def test_every_example_that_differs_is_there_by_its_id_and_how_far(site: Path) -> None:
    found = pl.read_parquet(site / "downloads" / "examples.parquet")
    rows, _ = study("quickstart")
    row = rows.filter(pl.col("task") == TASK).row(0, named=True)
    kept = kept_table(STUDIES / "quickstart", TASK)
    assert kept is not None
    test = kept.filter(pl.col("split") == "test")
    answers = {name: test.filter((pl.col("predictor") == key) & (pl.col("seed") == row["seed"])) for name, key in (
        ("weak", row["predictor_weak"]), ("student", row["predictor_student"]), ("truth", "truth"))}
    weak, student, truth = (answers[name]["value_0"].to_numpy() for name in ("weak", "student", "truth"))
    mine = found.filter(pl.col("cell_key") == row["cell_key"])
    far = dict(zip(answers["weak"]["id"].to_list(), ((student - weak) ** 2).tolist(), strict=True))
    assert dict(zip(mine["id"].to_list(), mine["apart"].to_list(), strict=True)) == pytest.approx({
        name: value for name, value in far.items() if name in set(mine["id"].to_list())})
    assert mine.height >= 0.99 * len(far) and mine["apart"].is_sorted(descending=True)
    nearer = int((np.abs(truth - student) < np.abs(truth - weak)).sum())
    assert mine.filter(pl.col("truth_sides_with") == "student").height == nearer
    assert float(mine["apart"].sum()) / len(far) == pytest.approx(row["misfit"], rel=1e-9)


@pytest.mark.slow
def test_the_page_of_a_row_lists_the_furthest_with_their_texts(site: Path) -> None:
    found = pl.read_parquet(site / "downloads" / "examples.parquet")
    key = found["cell_key"][0]
    page = (site / page_of("rows", "our-own", key)).read_text(encoding="utf-8")
    assert "Where student and teacher differ" in page and "The truth sides with the student in" in page
    first = found.filter(pl.col("cell_key") == key)["id"].to_list()
    assert all(name in page for name in first[:50]) and first[-1] not in page
    assert page.count('<small class="text">') == 50 and "def " in page


def test_a_task_whose_truth_stays_shows_ids_alone(tmp_path: Path) -> None:
    rows, bounds = study("quickstart")
    few = checked(rows.filter(pl.col("task") == TASK).head(1), "our-own")
    leaderboard = made_leaderboard(tmp_path / "leaderboard", [OURS])
    kept = leaderboard / "submissions" / "our-own" / "predictions"
    kept.mkdir()
    shutil.copy(STUDIES / "quickstart" / "predictions" / "facts.parquet", kept / "facts.parquet")
    table = pl.read_parquet(STUDIES / "quickstart" / "predictions" / kept_file(TASK))
    table.filter(pl.col("predictor") != "truth").write_parquet(kept / kept_file(TASK))
    board = made_board(few, checked_bounds(bounds, "our-own"))
    closed = msgspec.structs.replace(board.season, tasks=tuple(
        msgspec.structs.replace(task, truth="from-task") for task in board.season.tasks))
    build(leaderboard, msgspec.structs.replace(board, season=closed), tmp_path / "site", AtHand(None))
    page = (tmp_path / "site" / page_of("rows", "our-own", few["cell_key"][0])).read_text(encoding="utf-8")
    assert "The truth stays with the task." in page and '<small class="text">' not in page
    assert pl.read_parquet(tmp_path / "site" / "downloads" / "examples.parquet")["truth_sides_with"].null_count() > 0
