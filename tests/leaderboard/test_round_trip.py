"""From a run to the site: season, submit, check, add and build give the numbers that the run had."""

from __future__ import annotations

import math
from pathlib import Path

import polars as pl
import pytest
from conftest import Command

from w2s_bench.leaderboard.board import board_of
from w2s_bench.leaderboard.checked import read_checked
from w2s_bench.leaderboard.site.addresses import page_of

CELL = ("--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw", "--supervisor", "ridge", "--seeds", "0..1")


@pytest.mark.slow
@pytest.mark.usefixtures("decoded_here")
def test_a_run_comes_to_the_board_with_its_numbers_and_leaves_a_board_that_still_builds(tmp_path: Path) -> None:
    w2s = Command(tmp_path)
    w2s("run", *CELL, "--strategy", "ridge", "-o", "run", check=0)
    w2s("leaderboard", "season", "new", "run", "--name", "pilot", "--title", "Small", "-o", "leaderboard/seasons/pilot.toml",
        check=0)
    empty = w2s("leaderboard", "build", "-o", "site", check=0)
    assert "wrote site/index.html" in empty.stdout
    w2s("leaderboard", "submit", "run", "--name", "mine", "--title", "Mine", "--who", "Ada", "--season", "pilot/1", "-o", "sent",
        check=0)
    assert w2s("leaderboard", "check", "sent", check=0).stdout.endswith("taken: 2 rescored\n")
    w2s("leaderboard", "add", "sent", check=0)
    stated = pl.read_parquet(tmp_path / "run" / "rows.parquet").sort("seed")
    derived = read_checked(tmp_path / "leaderboard" / "checked" / "mine").rows.sort("seed")
    for name in ("gain", "misfit", "err_weak", "err_student", "err_ceiling", "gain_low", "gain_high"):
        assert all(math.isclose(one, two, rel_tol=1e-12) for one, two in zip(stated[name], derived[name], strict=True)), name
    board = board_of(tmp_path / "leaderboard", "pilot/1")
    value = board.entries[0].values[0].share
    unit = sum(stated["err_constant"]) / 2
    assert value is not None and math.isclose(value.mean, sum(stated["gain"]) / 2 / unit, rel_tol=1e-12)
    w2s("leaderboard", "build", "-o", "site", check=0)
    assert "mine" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    w2s("leaderboard", "withdraw", "mine", "--reason", "A mistake in its seeds.", check=0)
    w2s("leaderboard", "build", "-o", "site", check=0)
    assert board_of(tmp_path / "leaderboard", "pilot/1").entries == ()
    page = (tmp_path / "site" / page_of("submissions", "mine")).read_text(encoding="utf-8")
    assert "A mistake in its seeds." in page
