"""What a run folder holds is never replaced by less, whatever became of the store; what is damaged is made again."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from conftest import Command, untimed_rows
from polars.testing import assert_frame_equal

import w2s_bench as w2s_bench_face
from w2s_bench.running.audience import Audience, Progress
from w2s_bench.store.artifacts import Store

MATRIX = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--strategy", "ridge", "--also",
          "diabetes[limit=200]", "--seeds", "0..1")
RUN = ("run", *MATRIX, "--executor", "here", "--store", "s", "-o", "r")


def _content(folder: Path) -> dict[str, bytes]:
    files = [folder / name for name in ("rows.parquet", "bounds.parquet", "also.parquet", "terms.parquet")]
    return {file.name: file.read_bytes() for file in [*files, *sorted((folder / "predictions").iterdir())]}


def _only_scores_stay(store: Store) -> None:
    """As where a person has freed some disk: the score of each cell is there, and nothing that it was made from."""
    for key in sorted(store.keys()):
        about = store.about(key)
        assert about
        if about["recipe"]["stage"] not in ("score", "also"):
            store.drop(key)
    assert len(store.keys()) == 4 + 4


@pytest.fixture
def finished(w2s: Command) -> Command:
    w2s(*RUN, check=0)
    return w2s


@pytest.mark.parametrize("register", ["as it is", "of an earlier version"])
def test_a_finished_run_that_is_run_again_on_a_cleaned_store_keeps_all_that_it_holds(finished: Command, register: str) -> None:
    before = _content(finished.folder / "r")
    assert sum(pl.read_parquet(content).height for name, content in before.items() if name.startswith("diabetes-")) > 1000
    if register == "of an earlier version":
        (finished.folder / "r" / "finished.json").unlink()
    _only_scores_stay(Store(str(finished.folder / "s")))
    done = finished(*RUN, check=0)
    assert "; 0 jobs computed" in done.stdout and "not in the store any more" not in done.stderr
    assert _content(finished.folder / "r") == before


def test_predictions_that_neither_folder_nor_store_has_are_computed_again_and_no_row_is(finished: Command) -> None:
    rows, before = untimed_rows(finished.folder / "r"), _content(finished.folder / "r")
    shutil.rmtree(finished.folder / "r")
    _only_scores_stay(Store(str(finished.folder / "s")))
    done = finished(*RUN, check=0)
    assert "not in the store any more" in done.stderr and done.stderr.count("computed again") == 1
    assert_frame_equal(untimed_rows(finished.folder / "r"), rows, check_exact=True)
    after = _content(finished.folder / "r")
    assert after.keys() == before.keys()
    assert all(after[name] == before[name] for name in before if name not in ("rows.parquet", "also.parquet"))
    assert "; 0 jobs computed" in finished(*RUN, check=0).stdout


@pytest.mark.parametrize("name", ["predictions", "predictions/facts.parquet", "terms.parquet", "bounds.parquet", "finished.json"])
def test_a_file_that_is_damaged_is_made_again(finished: Command, name: str) -> None:
    before = _content(finished.folder / "r")
    damaged = finished.folder / "r" / name
    if damaged.is_dir():
        damaged = next(file for file in damaged.iterdir() if file.name.startswith("diabetes-"))
    content = damaged.read_bytes()
    damaged.write_bytes(content[: len(content) // 2] + b"?" + content[len(content) // 2 + 1:])
    finished(*RUN, check=0)
    assert _content(finished.folder / "r") == before


def test_a_run_that_is_broken_off_on_an_empty_store_loses_no_row_of_an_earlier_sitting(finished: Command) -> None:
    folder = finished.folder / "r"
    rows, before = untimed_rows(folder), _content(folder)
    shutil.rmtree(finished.folder / "s")
    (folder / "finished.json").unlink()

    def broken_off(progress: Progress) -> None:
        if progress.done == 3 and progress.left:
            raise KeyboardInterrupt

    done = w2s_bench_face.run(folder, store=str(finished.folder / "s"), executor="here",
                              audience=Audience(lambda text: None, broken_off))
    assert done.interrupted and done.statuses == {"ok": rows.height}
    assert_frame_equal(untimed_rows(folder), rows, check_exact=True)
    assert {name: content for name, content in _content(folder).items() if name != "rows.parquet"} == \
        {name: content for name, content in before.items() if name != "rows.parquet"}


def test_predictions_on_both_samples_stay_when_a_later_sitting_asks_for_one(finished: Command) -> None:
    before = _content(finished.folder / "r")
    (finished.folder / "r" / "finished.json").unlink()
    finished(*RUN, "--keep", "test", check=0)
    finished(*RUN, "--keep", "none", check=0)
    assert _content(finished.folder / "r") == before
