"""`leaderboard build`, `serve` and `compare`, on a board of real rows."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from conftest import Command
from made_sites import STUDIES, checked, checked_bounds, made_board, made_leaderboard, study

from w2s_bench.contracts.errors import UsageError
from w2s_bench.leaderboard.board import Board, board_of
from w2s_bench.leaderboard.checked import Checked, write_checked
from w2s_bench.leaderboard.pairs import entry_named, pairs_of, verdict
from w2s_bench.leaderboard.site.row_page import command_of
from w2s_bench.leaderboard.submission import Submission
from w2s_bench.running.terms import read_terms

OURS = Submission(name="our-own", title="Our own suites", who=("w2s-bench",), season="pilot/1")


@pytest.fixture(scope="module")
def leaderboard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board with a season, a submission of two strategies on diabetes, and its check."""
    folder = made_leaderboard(tmp_path_factory.mktemp("board") / "leaderboard", [OURS])
    rows, bounds = study("quickstart")
    rows = checked(rows.filter(pl.col("task") == "diabetes"), "our-own").with_columns(pl.lit(True).alias("test_shared"))
    season = made_board(rows, bounds).season
    (folder / "seasons").mkdir()
    (folder / "seasons" / "pilot.toml").write_text(season.to_toml(), encoding="utf-8")
    write_checked(Checked(OURS, rows, checked_bounds(bounds, "our-own"), read_terms([STUDIES / "quickstart"]), ()),
                  folder / "checked" / "our-own")
    return folder


@pytest.fixture(scope="module")
def board(leaderboard: Path) -> Board:
    return board_of(leaderboard, "pilot/1")


def test_a_difference_is_the_same_either_way_round(board: Board) -> None:
    first, second = entry_named(board, "our-own/least-squares"), entry_named(board, "ridge[penalty=auto]")
    there, back = pairs_of(board, first, second), pairs_of(board, second, first)
    assert [pair.task for pair in there] == ["diabetes"] and there[0].over is not None
    assert (back[0].difference, back[0].low, back[0].high) == (-there[0].difference, -there[0].high,
                                                               -there[0].low)  # type: ignore[operator]
    assert there[0].low < there[0].difference < there[0].high and there[0].first == back[0].second  # type: ignore[operator]
    assert "fewer than 8 tasks" in verdict(board, first, second, there)


def test_a_difference_is_the_mean_of_paired_differences(board: Board) -> None:
    pair = pairs_of(board, entry_named(board, "least-squares"), entry_named(board, "ridge[penalty=auto]"))[0]
    rows = board.rows.select("strategy", "seed", "gain").pivot("strategy", index="seed")
    apart = (rows["least-squares"] - rows["ridge[penalty=auto]"]).mean()
    assert pair.difference == pytest.approx(apart / board.season.tasks[0].unit, rel=1e-12)  # type: ignore[operator]


def test_entries_that_are_not_there_and_one_entry_twice_are_refused_in_words(board: Board) -> None:
    entry = entry_named(board, "least-squares")
    with pytest.raises(UsageError, match="these two are one entry"):
        pairs_of(board, entry, entry)
    with pytest.raises(UsageError, match="2 entries are called 'our-own'"):
        entry_named(board, "our-own")
    with pytest.raises(UsageError, match="no entry of season pilot/1 is called 'least-square'") as fault:
        entry_named(board, "least-square")
    assert "least-squares" in fault.value.hint


def test_compare_says_over_what_the_interval_is_and_whom_to_believe(leaderboard: Path, ask: Callable[..., str]) -> None:
    said = ask("leaderboard", "compare", "least-squares", "ridge[penalty=auto]", "--board", str(leaderboard))
    assert "interval over" in said and "rescored: derived here" in said and "fewer than 8 tasks" in said
    held = json.loads(ask("leaderboard", "compare", "least-squares", "ridge[penalty=auto]", "--board", str(leaderboard),
                          "--json"))
    assert held["first"] == "our-own/least-squares" and len(held["pairs"]) == 1
    assert held["pairs"][0]["difference"] is not None


def test_build_makes_a_site_and_makes_it_anew(leaderboard: Path, ask: Callable[..., str], tmp_path: Path) -> None:
    said = ask("leaderboard", "build", str(leaderboard), "-o", str(tmp_path / "site"))
    assert f"wrote {tmp_path / 'site' / 'index.html'}" in said
    (tmp_path / "site" / "rows" / "old.html").write_text("old")
    assert ask("leaderboard", "build", str(leaderboard), "-o", str(tmp_path / "site")) == said
    assert not (tmp_path / "site" / "rows" / "old.html").exists()
    front = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "No order over tasks is made of fewer than 8" in front
    (tmp_path / "empty").mkdir()
    assert "there is no season" in ask("leaderboard", "build", str(tmp_path / "empty"), code=2)
    assert "no season is called 'pilot/9'" in ask("leaderboard", "build", str(leaderboard), "--season", "pilot/9", code=2)


@pytest.mark.slow
def test_serve_shows_the_site_to_this_machine_alone(leaderboard: Path, w2s: Callable[..., object], tmp_path: Path) -> None:
    w2s("leaderboard", "build", str(leaderboard), "-o", str(tmp_path / "site"), check=0)  # type: ignore[operator]
    words = [*w2s.words("leaderboard", "serve", str(tmp_path / "site"), "--port", "0")]  # type: ignore[attr-defined]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path,
                          env=w2s.environment) as server:  # type: ignore[attr-defined]
        try:
            assert server.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)/", server.stdout.readline())
            assert found
            assert b"Pilot season" in urllib.request.urlopen(found[0], timeout=20).read()
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(f"{found[0]}../../../etc/passwd", timeout=20)
            others = [each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
            for address in set(others) - {"127.0.0.1"}:
                with contextlib.closing(socket.socket()) as reach:
                    reach.settimeout(5)
                    assert address.startswith("127.") or reach.connect_ex((address, int(found[1]))) != 0
        finally:
            server.terminate()


def test_serve_says_where_no_site_lies(ask: Callable[..., str], tmp_path: Path) -> None:
    assert "no site lies here" in ask("leaderboard", "serve", str(tmp_path), code=2)


def test_the_command_of_a_row_of_files_leaves_the_folder_to_the_reader(w2s: Command, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x1,x2,y\n" + "\n".join(f"{k % 7},{k % 5},{k % 3}" for k in range(40)) + "\n")
    row = {"task": 'arrays[path="{data}/a.csv",label=y]', "weak": "random-features[width=8]", "strong": "raw",
           "strategy": "ridge", "supervisor": "ridge", "seed": 2}
    words = shlex.split(command_of(row))
    assert words[-2:] == ["--data", "FOLDER"]
    assert "1 cells" in w2s("plan", *words[2:-1], str(tmp_path), check=0).stdout


@pytest.mark.slow
def test_the_command_of_a_row_makes_it_again(w2s: Callable[..., object], tmp_path: Path) -> None:
    rows, _ = study("quickstart")
    for row in (rows.filter(pl.col("task") == "diabetes").row(0, named=True),
                rows.filter(pl.col("task").str.starts_with("mlp")).row(9, named=True)):
        words = shlex.split(command_of(row))
        assert words[0] == "w2s-bench"
        w2s(*words[1:], "-o", str(tmp_path / row["cell_key"]), check=0)
        [again] = pl.read_parquet(tmp_path / row["cell_key"] / "rows.parquet").to_dicts()
        assert (again["task"], again["seed"], again["status"]) == (row["task"], row["seed"], "ok")
        for name in ("err_weak", "err_student", "err_ceiling", "err_gold", "err_shuffled", "gain", "misfit"):
            assert again[name] == pytest.approx(row[name], rel=1e-9), name
