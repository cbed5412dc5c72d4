"""A finished command that is given again writes nothing, and a folder that is not whole is never taken for finished."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Command
from made_components import made_plan

from w2s_bench.running.finished import NAME, finished, note_finished

RUN = ("run", "--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "random-features[width=16]",
       "--seeds", "0..1", "--store", "s", "-o", "r", "--executor", "here")


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and path.name != "lock"}


def test_a_finished_run_loses_nothing_when_the_store_was_cleaned(w2s: Command) -> None:
    w2s(*RUN, check=0)
    before = _bytes(w2s.folder / "r")
    assert any(name.startswith("predictions/") for name in before)
    shutil.rmtree(w2s.folder / "s")
    assert "2 ok; 0 jobs computed" in w2s(*RUN, check=0).stdout
    assert _bytes(w2s.folder / "r") == before and not (w2s.folder / "s").exists()


@pytest.mark.parametrize("spoiled", ["rows.parquet", "predictions/facts.parquet"])
def test_a_folder_of_which_a_file_changed_is_written_again(w2s: Command, spoiled: str) -> None:
    w2s(*RUN, check=0)
    path = w2s.folder / "r" / spoiled
    before = path.read_bytes()
    path.write_bytes(b"other")
    assert "2 ok; 0 jobs computed" in w2s(*RUN, check=0).stdout
    assert path.read_bytes() == before


def test_more_predictions_or_another_plan_than_the_folder_holds_are_not_finished(tmp_path: Path) -> None:
    for name in ("rows.parquet", "bounds.parquet", "plan.parquet"):
        (tmp_path / name).write_bytes(b"table")
    plan, part = made_plan(), replace(made_plan(), cells=())
    note_finished(tmp_path, plan, "test", 7)
    found = finished(tmp_path, plan, "test")
    assert found is not None and (found.cells, found.kept) == (1, 7)
    assert finished(tmp_path, plan, "none") == found
    assert finished(tmp_path, plan, "all") is None
    assert finished(tmp_path, made_plan(weak="letters[degree=2]"), "test") is None and finished(tmp_path, part, "test") is None
    os.utime(tmp_path / "rows.parquet", ns=(0, 0))
    assert finished(tmp_path, plan, "test") is None
    (tmp_path / NAME).write_text("{", encoding="utf-8")
    assert finished(tmp_path, plan, "none") is None
