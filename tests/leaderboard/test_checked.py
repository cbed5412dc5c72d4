"""What a check wrote is read again as it was."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from w2s_bench.contracts.errors import DataError
from w2s_bench.leaderboard.checking import Checked, Finding, read_checked, write_checked
from w2s_bench.leaderboard.submission import Submission
from w2s_bench.running.table_files import BOUND, table_of
from w2s_bench.running.terms import read_terms

ROW = {"run_id": "r", "cell_key": "k", "status": "ok", "task": "t", "weak": "w", "strong": "s", "strategy": "ridge",
       "supervisor": "ridge", "seed": 0, "gain": 0.1, "submission": "mine", "trust": "rescored", "division": "teacher-labels",
       "derived": ["gain"]}


def checked(*findings: Finding) -> Checked:
    return Checked(Submission(name="mine", title="A title", who=("somebody",)), pl.DataFrame([ROW]), table_of([], BOUND),
                   read_terms([]), findings)


def test_what_a_check_wrote_is_read_again_to_the_last_bit(tmp_path: Path) -> None:
    found = checked(Finding("note", "rows.parquet", "a thing to know"))
    write_checked(found, tmp_path / "one")
    again = read_checked(tmp_path / "one")
    assert (again.submission, again.findings, again.taken) == (found.submission, found.findings, True)
    assert_frame_equal(again.rows.select(found.rows.columns), found.rows)
    write_checked(again, tmp_path / "two")
    assert [path.read_bytes() for path in sorted((tmp_path / "one").iterdir())] == [
        path.read_bytes() for path in sorted((tmp_path / "two").iterdir())]


def test_one_refusal_is_enough_and_a_note_is_none() -> None:
    assert not checked(Finding("note", "", "n"), Finding("refused", "", "r")).taken
    assert checked(Finding("not-derived", "", "d"), Finding("note", "", "n")).taken


def test_a_folder_without_a_check_says_how_one_is_made(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="leaderboard check"):
        read_checked(tmp_path)
