"""The board of this repository: what lies in it is what a check makes of it, and its site can be built."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from w2s_bench.leaderboard.board import board_of
from w2s_bench.leaderboard.checked import read_checked
from w2s_bench.leaderboard.checking import check
from w2s_bench.leaderboard.index import read_index
from w2s_bench.leaderboard.season import read_season

BOARD = Path(__file__).resolve().parents[2] / "leaderboard"
SEASONS = sorted((BOARD / "seasons").glob("*.toml"))


def test_whatever_was_added_lies_there_with_what_was_checked_of_it() -> None:
    names = [listed.name for listed in read_index(BOARD)]
    assert names and sorted(names) == sorted(path.name for path in (BOARD / "submissions").iterdir())
    assert sorted(names) == sorted(path.name for path in (BOARD / "checked").iterdir())


def test_the_pilot_season_is_as_large_as_a_pilot_should_be() -> None:
    rows = pl.concat([read_checked(BOARD / "checked" / listed.name).rows for listed in read_index(BOARD)], how="diagonal")
    rows = rows.filter(pl.col("trust").is_in(["rescored", "reproduced"]))
    (season,) = map(read_season, SEASONS)
    strategies = {name for name in rows["strategy"].unique() if season.ranks(name)}
    models = {*rows["weak"].unique(), *rows["strong"].unique()}
    assert rows.height >= 300 and rows["task"].n_unique() >= 8 and rows["seed"].n_unique() >= 5
    assert len(models) >= 5 and len(strategies) >= 6
    assert {"constant", "random-labels"} <= {name.partition("[")[0] for name in rows["strategy"].unique()}
    assert rows.select(pl.col("err_gold", "err_shuffled", "err_ceiling").is_not_null().all()).row(0) == (True, True, True)


@pytest.mark.slow
def test_what_is_checked_is_what_a_check_makes_of_each_submission(shared_data: Path) -> None:
    seasons = {season.label: season for season in map(read_season, SEASONS)}
    for listed in read_index(BOARD):
        again = check(BOARD / "submissions" / listed.name, season=seasons.get(listed.season or ""), data=shared_data)
        before = read_checked(BOARD / "checked" / listed.name)
        assert again.taken
        assert_frame_equal(again.rows.select(before.rows.columns), before.rows, rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.slow
def test_each_season_makes_a_board() -> None:
    for season in map(read_season, SEASONS):
        board = board_of(BOARD, season.label)
        assert board.entries and board.floor and {control.name for control in board.controls} == set(season.controls)
