"""What a board changes beside another, and the text that a reviewer reads."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from conftest import Command
from made_boards import drawn, made_checked
from made_seasons import made_season, made_task

from w2s_bench.leaderboard.board import board_of
from w2s_bench.leaderboard.checked import write_checked
from w2s_bench.leaderboard.difference import Difference, difference
from w2s_bench.leaderboard.index import Listed, write_index
from w2s_bench.leaderboard.review import sentences, superseded_by, tables

SEASON = made_season(tuple(made_task(f"task-{number}", seeds=3, settings=1, n_test=40) for number in range(8)))
MEANS = {"aa": 0.0, "bb": 0.5, "cc": 1.0, "dd": 1.5}


def made(folder: Path, states: dict[str, str], more: dict[str, str] | None = None) -> Path:
    """A board of these submissions with their states. more: by a newer one the older that it supersedes."""
    (folder / "seasons").mkdir(parents=True)
    (folder / "seasons" / "pilot.toml").write_text(SEASON.to_toml(), encoding="utf-8")
    listed = []
    for at, (name, state) in enumerate(states.items()):
        gains = drawn(SEASON, np.random.default_rng(at), mean=MEANS.get(name, 3.0), seeds=0.0, noise=0.3, n=40)
        checked = made_checked(SEASON, name, {"s": gains})
        said = msgspec.structs.replace(checked.submission, supersedes=(more or {}).get(name))
        write_checked(msgspec.structs.replace(checked, submission=said), folder / "checked" / name)
        listed.append(msgspec.convert({"name": name, "sha256": f"{at:064x}", "season": "pilot/1", "added": "2026-11-27",
                                       "state": state, "reason": "" if state == "active" else f"was {state}"}, Listed))
    write_index(folder, listed)
    return folder


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("boards")
    made(folder / "a", dict.fromkeys(MEANS, "active"))
    made(folder / "b", {**dict.fromkeys(MEANS, "active"), "bb": "superseded", "newer": "active"}, {"newer": "bb"})
    return folder


def found_in(folder: Path, before: str, after: str) -> Difference:
    return difference(board_of(folder / before, "pilot/1"), board_of(folder / after, "pilot/1"), superseded_by(folder / after))


def test_a_board_beside_itself_changes_nothing(boards: Path) -> None:
    found = found_in(boards, "a", "a")
    assert (found.submissions, found.gone, found.new, found.off, found.changed) == ((), (), (), (), ())
    assert tables(found) == []


def test_a_new_entry_stands_beside_the_best_the_middle_one_and_its_older_self(boards: Path) -> None:
    found = found_in(boards, "a", "b")
    assert found.submissions == ("bb was active, and is superseded: was superseded", "newer is new, added 2026-11-27")
    assert [entry.name for entry in found.off] == ["bb/s"] and found.gone == ()
    (new,) = found.new
    assert (new.entry.name, [each.name for each in new.references]) == ("newer/s", ["dd/s", "cc/s"])
    assert new.older is not None and new.older.name == "bb/s"
    shown = tables(found)[0]
    assert [column.head for column in shown.columns] == ["task", "newer/s", "dd/s", "cc/s", "bb/s (its older self)"]
    assert shown.cells()[1] == ["rank", "1 of 4, a", "2 of 4, b", "3 of 4, c", "3 of 4, c"]  # the last as it stood
    assert [cells[0] for cells in shown.cells()[2:]] == [f"task-{number}" for number in range(8)]


def test_who_stands_is_moved_in_rank_and_ties_and_not_in_numbers(boards: Path) -> None:
    found = found_in(boards, "a", "b")
    moved = {change.after.name: change for change in found.changed}
    assert moved["dd/s"].before.ranks is not None and moved["dd/s"].after.ranks is not None
    assert (moved["dd/s"].before.ranks.low, moved["dd/s"].after.ranks.low) == (1, 2)
    assert all(change.values == () for change in found.changed)
    assert ["dd/s", "1 of 4, a", "2 of 4, b", "a", "b", "none"] in tables(found)[1].cells()


def test_a_number_that_changed_is_shown_with_what_it_was(boards: Path, tmp_path: Path) -> None:
    before, after = made(tmp_path / "a", {"aa": "active"}), made(tmp_path / "b", {"aa": "active"})
    gains = drawn(SEASON, np.random.default_rng(0), mean=0.0, seeds=0.0, noise=0.3, n=40)
    gains["task-3", 0, 0] = gains["task-3", 0, 0] + 0.6
    write_checked(made_checked(SEASON, "aa", {"s": gains}), after / "checked" / "aa")
    (change,) = found_in(tmp_path, before.name, after.name).changed
    ((old, new),) = change.values
    assert old is not None and new is not None and old.share is not None and new.share is not None and old.task == "task-3"
    assert new.share.mean - old.share.mean == pytest.approx(0.6 / 3 / 2.0)  # of three seeds one, in shares of the unit
    assert [cells[:2] for cells in tables(found_in(tmp_path, "a", "b"))[-1].cells()] == [["aa/s", "task-3"]]


def test_at_the_prompt_what_is_lost_ends_with_2(boards: Path, tmp_path: Path) -> None:
    made(tmp_path / "shorter", dict.fromkeys(("aa", "bb", "cc"), "active"))
    w2s = Command(tmp_path)
    done = w2s("leaderboard", "diff", str(boards / "a"), "shorter", check=2)
    assert "LOST, which nothing may be: dd was line 4 of the index, and is not in it any more." in done.stdout
    done = w2s("leaderboard", "diff", str(boards / "a"), str(boards / "b"), check=0)
    assert "Season pilot/1: entries that are new: 1, taken off: 1, that stand otherwise: 2." in done.stdout
    assert "newer/s beside what stands" in done.stdout and "rescored: derived here" in done.stdout


def test_markdown_says_the_same_and_obeys_no_name(boards: Path, tmp_path: Path) -> None:
    found = found_in(boards, "a", "b")
    done = Command(tmp_path)("leaderboard", "diff", str(boards / "a"), str(boards / "b"), "--markdown", check=0)
    assert "## newer/s beside what stands" in done.stdout and "| task | newer/s | dd/s | cc/s |" in done.stdout
    assert done.stdout.startswith("- Season pilot/1: entries that are new: 1, ")
    assert len(sentences(found)) == done.stdout.count("\n- ") + 1
    gains = drawn(SEASON, np.random.default_rng(9), n=40)
    made(tmp_path / "b", dict.fromkeys(MEANS, "active"))
    write_checked(made_checked(SEASON, "dd", {"<img src=x> | [x](y)": gains}), tmp_path / "b" / "checked" / "dd")
    done = Command(tmp_path)("leaderboard", "diff", str(boards / "a"), "b", "--markdown", check=0)
    assert "<img" not in done.stdout and r"\| \[x\](y)" in done.stdout
