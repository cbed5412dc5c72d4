"""A submission opened: what was sent, decoded elsewhere, and nothing lost on the way."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest
from made_submissions import sealed
from polars.testing import assert_frame_equal

from w2s_bench.leaderboard.opening import opened
from w2s_bench.leaderboard.untrusted import Refused
from w2s_bench.running.kept import kept_facts
from w2s_bench.running.table_files import BOUND, ROW, read_table


def test_what_is_opened_is_what_the_run_kept(sent: Path, kept_run: Path) -> None:
    with opened(sent) as found:
        assert_frame_equal(found.rows, read_table(kept_run / "rows.parquet", ROW))
        assert_frame_equal(found.bounds, read_table(kept_run / "bounds.parquet", BOUND))
        assert found.tasks == ("diabetes",) and found.facts() == kept_facts(kept_run)
        kept = pl.read_parquet(next((kept_run / "predictions").glob("diabetes-*.parquet")))
        table, answers, ids = found.table("diabetes"), found.answers("diabetes"), found.ids("diabetes")
        assert table is not None
        assert_frame_equal(table, kept)
        student = found.rows["predictor_student"][1]
        mine = kept.filter(pl.col("predictor") == student, pl.col("split") == "test")
        assert answers[student, "test"][:, 0].tolist() == mine["value_0"].to_list()
        assert ids[student, "test"] == mine["id"].to_list()
        assert (found.readme, found.versions["numpy"], found.submission.who) == ("# Ridge on raw numbers\n", "2.4.6", ("Ada",))
        digest = hashlib.sha256((sent / "submission.toml").read_bytes()).hexdigest()
        assert found.digests["submission.toml"] == digest and len(found.sha256) == 64
        private = found.folder
        assert private.parent.stat().st_mode & 0o077 == 0
    assert not private.exists()


def test_a_division_is_of_a_strategy_that_has_rows(sent: Path) -> None:
    with pytest.raises(Refused, match="`divisions` names 'lasso', and no row has that strategy"), opened(
            sealed(sent, divisions={"lasso": "some-truth"}), own=True):
        pass


def test_rows_alone_are_a_submission(sent: Path) -> None:
    for path in [*sent.glob("predictions/*"), sent / "bounds.parquet", sent / "spec.toml", sent / "env.json", sent / "README.md"]:
        path.unlink()
    with opened(sealed(sent)) as found:
        assert (found.rows.height, found.bounds.height, found.facts(), found.answers("diabetes")) == (2, 0, {}, {})
        assert (found.readme, found.spec, dict(found.versions)) == ("", "", {})
