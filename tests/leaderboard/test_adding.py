"""A submission is put on a board whole or not at all, nothing ever leaves the index, and a tombstone stays."""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import polars as pl
import pytest
from conftest import Command
from filelock import FileLock
from made_seasons import made_season
from made_submissions import edited, sealed, submitted

from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.leaderboard.adding import add, withdraw
from w2s_bench.leaderboard.checked import read_checked
from w2s_bench.leaderboard.checking import check
from w2s_bench.leaderboard.index import Listed, lost, read_index, write_index
from w2s_bench.leaderboard.season import Season
from w2s_bench.leaderboard.untrusted import Refused, folder_digest, snapshot

pytestmark = pytest.mark.usefixtures("decoded_here")

HERE = Path(__file__).resolve().parents[2]
DAY = datetime.date(2026, 11, 27)
CELL = ("--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw", "--supervisor", "ridge")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    for strategy in ("ridge", "least-squares"):
        Command(folder)("run", *CELL, "--strategy", strategy, "--seeds", "0..1", "-o", strategy, check=0)
    return folder


@pytest.fixture
def sent(runs: Path, tmp_path: Path) -> Path:
    return submitted(runs / "ridge", tmp_path / "sent")


@pytest.fixture
def board(runs: Path, tmp_path: Path) -> Path:
    """A board with one entry."""
    (tmp_path / "board").mkdir()
    assert add(tmp_path / "board", submitted(runs / "least-squares", tmp_path / "first", name="first"), day=DAY).taken
    return tmp_path / "board"


def tree(folder: Path) -> dict[str, bytes]:
    """Every file, folder and link with what it holds."""
    return {os.fsdecode(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def test_a_submission_lies_on_the_board_as_it_was_sent_with_what_was_derived_of_it(board: Path, sent: Path,
                                                                                   tmp_path: Path) -> None:
    before = check(sent)
    taken = add(board, sent, day=DAY)
    assert tree(board / "submissions" / "mine") == tree(sent)
    (tmp_path / "copy").mkdir()
    digest = folder_digest(snapshot(sent, tmp_path / "copy"))
    assert read_index(board)[1] == Listed(name="mine", sha256=digest, added="2026-11-27")
    held = read_checked(board / "checked" / "mine")
    assert held.rows.equals(taken.rows) and held.rows.equals(before.rows) and held.bounds.equals(before.bounds)
    assert set(held.rows["trust"]) == {"rescored"} and held.terms.height == sum(held.rows["n_test"])
    assert sorted(path.name for path in board.iterdir()) == ["checked", "index.toml", "submissions"]


def test_the_same_submissions_make_the_same_board_byte_for_byte(board: Path, sent: Path, tmp_path: Path) -> None:
    add(board, sent, day=DAY)
    (tmp_path / "again").mkdir()
    for folder in (tmp_path / "first", sent):
        add(tmp_path / "again", folder, day=DAY)
    assert tree(tmp_path / "again") == tree(board)


def _lie(folder: Path) -> None:
    edited(folder, "rows.parquet", lambda rows: rows.with_columns(pl.col("gain") * 1.000003))


def _link(folder: Path) -> None:
    (folder / "README.md").symlink_to("/etc/passwd")


def _cut(folder: Path) -> None:
    (folder / "rows.parquet").write_bytes(b"PAR1" + b"\0" * 40)
    sealed(folder)


HOSTILE = {
    "a number in its sixth digit": _lie,
    "a link out of the folder": _link,
    "a table that is none": _cut,
    "a script": lambda folder: (folder / "run.sh").write_text("rm -rf /"),
    "an unsigned file": lambda folder: (folder / "README.md").write_text("hello"),
    "ids of other examples": lambda folder: edited(folder, "predictions/diabetes", lambda table: table.with_columns(
        pl.col("id") + "x")),
    "a name that stands there": lambda folder: sealed(folder, name="first"),
    "a name that is a path": lambda folder: (folder / "submission.toml").write_text(
        (folder / "submission.toml").read_text(encoding="utf-8").replace('"mine"', '"../../first"'), encoding="utf-8"),
    "a season that is not there": lambda folder: sealed(folder, season="pilot/9"),
    "it stands in for nobody's": lambda folder: sealed(folder, supersedes="nobody"),
    "it stands in for another's": lambda folder: sealed(folder, supersedes="first", who=("a thief",)),
    "no submission": lambda folder: (folder / "submission.toml").unlink(),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_board_is_byte_for_byte_as_before_after_each_refused_one(board: Path, sent: Path, kind: str) -> None:
    HOSTILE[kind](sent)
    before = tree(board)
    try:
        assert not add(board, sent).taken
    except Refused as refused:
        assert refused.what and all(letter.isprintable() for letter in refused.message().replace("\n", ""))
    assert tree(board) == before


def test_another_s_entry_under_a_new_name_is_refused_also_once_that_one_was_withdrawn(board: Path, runs: Path,
                                                                                      tmp_path: Path) -> None:
    withdraw(board, "first", "A mistake.")
    before = tree(board)
    refused = add(board, submitted(runs / "least-squares", tmp_path / "copy", name="copy", who=("a thief",)))
    assert not refused.taken and tree(board) == before


def test_at_the_prompt_it_is_taken_superseded_and_withdrawn(board: Path, runs: Path, tmp_path: Path) -> None:
    w2s = Command(tmp_path)
    submitted(runs / "ridge", tmp_path / "newer", name="newer", supersedes="first")
    done = w2s("leaderboard", "add", "newer", "--leaderboard", "board", check=0)
    assert "taken: 2 rescored\nnewer is on the board, in place of first\n" in done.stdout
    assert [(each.name, each.state, each.reason) for each in read_index(board)] == [
        ("first", "superseded", "superseded by newer"), ("newer", "active", "")]
    assert (board / "submissions" / "first" / "rows.parquet").is_file() and (board / "checked" / "first").is_dir()
    again = w2s("leaderboard", "add", "newer", "--leaderboard", "board", check=2)
    assert "refused: submission.toml: newer stands on this board" in again.stdout
    files = {path: content for path, content in tree(board).items() if path != "index.toml"}
    done = w2s("leaderboard", "withdraw", "newer", "--reason", "Its author found a mistake.", "--leaderboard", "board", check=0)
    assert done.stdout == "newer is withdrawn; its line and its files stay\n"
    assert {path: content for path, content in tree(board).items() if path != "index.toml"} == files
    assert read_index(board)[1].state == "withdrawn" and read_index(board)[1].reason == "Its author found a mistake."


def test_what_cannot_be_withdrawn_is_said(board: Path) -> None:
    with pytest.raises(UsageError, match="no submission is called 'fist'") as unknown:
        withdraw(board, "fist", "A mistake.")
    assert "first" in unknown.value.hint
    for reason in ("  ", "x" * 2_001, "two\nlines", "\x1b[2J"):
        with pytest.raises(UsageError, match="the reason is"):
            withdraw(board, "first", reason)
    withdraw(board, "first", "A mistake.")
    with pytest.raises(UsageError, match=r"first is withdrawn: A mistake\."):
        withdraw(board, "first", "Another.")


class Killed(BaseException):
    """What a kill leaves: nothing after it is done."""


@pytest.mark.slow
@pytest.mark.parametrize("step", range(6))
def test_an_add_that_is_killed_leaves_the_board_as_before_or_after(board: Path, sent: Path, tmp_path: Path, step: int,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at each step that moves something into the board, with its own folder left behind."""
    shutil.copytree(board, tmp_path / "whole")
    assert add(tmp_path / "whole", sent, day=DAY).taken
    before, after = read_index(board), read_index(tmp_path / "whole")
    left, replace = [step], os.replace

    def killed(source: Path, target: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        try:
            add(board, sent, day=DAY)
        except Killed:
            assert read_index(board) == before
        else:
            assert read_index(board) == after
    if read_index(board) == before:
        assert add(board, sent, day=DAY).taken
    else:
        withdraw(board, "first", "A mistake.")
        withdraw(tmp_path / "whole", "first", "A mistake.")
    assert tree(board) == tree(tmp_path / "whole")


def test_what_was_sent_into_the_board_itself_stays_where_it_lies(board: Path, sent: Path) -> None:
    shutil.copytree(sent, board / "submissions" / "mine")
    shutil.copytree(sent, board / "submissions" / "other")
    sealed(board / "submissions" / "other", name="mine", title="Other files")
    before = tree(board)
    with pytest.raises(Refused, match="other files lie there, which no line of the index names"):
        add(board, board / "submissions" / "other")
    assert tree(board) == before
    assert add(board, board / "submissions" / "mine").taken
    assert tree(board / "submissions" / "mine") == tree(sent)


def test_two_do_not_write_a_board_at_once(board: Path, sent: Path) -> None:
    (board / ".adding").mkdir()
    with FileLock(board / ".adding" / "lock"), pytest.raises(DataError, match="somebody else is writing this board"):
        add(board, sent)
    assert len(read_index(board)) == 1
    assert add(board, sent).taken


def line(name: str, **said: str) -> Listed:
    return msgspec.convert({"name": name, "sha256": "0" * 64, "season": "pilot/1", "added": "2026-11-27", **said}, Listed)


BEFORE = (line("aa"), line("bb", state="withdrawn", reason="A mistake."), line("cc", state="superseded"))


def test_an_index_may_grow_and_its_lines_may_end_and_nothing_else() -> None:
    aa, bb, cc = BEFORE
    for after in (BEFORE, (*BEFORE, line("dd")), (line("aa", state="superseded"), bb, cc),
                  (line("aa", state="withdrawn", reason="x"), bb, line("cc", state="withdrawn", reason="y"))):
        assert lost(BEFORE, after) == []
    for after, said in (((bb, cc), "aa was line 1 of the index, and is not in it any more"), ((), "aa was line 1"),
                        ((bb, aa, cc), "aa was line 1 of the index, and is line 2"),
                        ((line("aa", sha256="1" * 64), bb, cc), "the line of aa was changed in more than its state"),
                        ((line("aa", season="pilot/2"), bb, cc), "the line of aa was changed"),
                        ((aa, line("bb"), cc), "bb was withdrawn, and is active"),
                        ((aa, bb, line("cc")), "cc was superseded, and is active"),
                        ((aa, line("bb", state="withdrawn", reason="Nothing."), cc), "the reason why bb was withdrawn")):
        assert said in lost(BEFORE, after)[0]


def test_an_index_that_would_lose_a_line_is_not_written(tmp_path: Path) -> None:
    write_index(tmp_path, BEFORE)
    assert read_index(tmp_path) == BEFORE
    before = tree(tmp_path)
    with pytest.raises(DataError, match="bb was line 2 of the index"):
        write_index(tmp_path, (BEFORE[0], BEFORE[2]))
    assert tree(tmp_path) == before
    write_index(tmp_path, BEFORE)
    assert tree(tmp_path) == before


def git(repository: Path, *words: str) -> str:
    done = subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words], cwd=repository,
                          capture_output=True, text=True, check=True)
    return done.stdout


def disappeared(repository: Path) -> list[str]:
    """What of index, seasons and files of submissions an earlier commit had, and a later one of the same line has not."""
    commits = git(repository, "log", "--first-parent", "--reverse", "--format=%H", "--", "leaderboard").split()
    states = [_state(repository, commit) for commit in commits]
    return [said for before, after in pairwise(states) for said in _disappeared(before, after)]


def _state(repository: Path, commit: str) -> tuple[tuple[Listed, ...], dict[str, Season], set[str]]:
    files = git(repository, "ls-tree", "-r", "--name-only", commit, "leaderboard/").split("\n")
    index = git(repository, "show", f"{commit}:leaderboard/index.toml") if "leaderboard/index.toml" in files else ""
    listed = msgspec.convert(tomllib.loads(index).get("submissions", []), tuple[Listed, ...])
    seasons = [msgspec.convert(tomllib.loads(git(repository, "show", f"{commit}:{path}")), Season) for path in files
               if path.startswith("leaderboard/seasons/")]
    names = {f"leaderboard/{folder}/{each.name}/" for each in listed for folder in ("submissions", "checked")}
    return listed, {each.label: each for each in seasons}, {path for path in files if any(map(path.startswith, names))}


def _disappeared(before: tuple[tuple[Listed, ...], dict[str, Season], set[str]],
                 after: tuple[tuple[Listed, ...], dict[str, Season], set[str]]) -> Iterator[str]:
    """Entries by their names, states and places; of seasons that somebody is in tasks, settings and splits. What a line says
    besides, `write_index` keeps."""
    digests = {each.name: each.sha256 for each in before[0]}
    yield from lost(before[0], [msgspec.structs.replace(each, sha256=digests.get(each.name, each.sha256)) for each in after[0]])
    for label in dict.fromkeys(each.season for each in before[0] if each.season is not None):
        gone = _parts(before[1][label]) - (_parts(after[1][label]) if label in after[1] else set())
        yield from (f"{part} of season {label} is gone or changed" for part in sorted(gone))
    yield from (f"{path} is gone" for path in sorted(before[2] - after[2]))


def _parts(season: Season) -> set[str]:
    settings = {f"{task.name}: {each.weak}, {each.strong}, {each.supervisor}" for task in season.tasks for each in task.settings}
    return settings | {f"{task.name}: {each}" for task in season.tasks for each in task.splits}


def test_no_entry_task_or_split_ever_disappeared_from_the_board_of_this_repository() -> None:
    if not (HERE / ".git").exists():
        pytest.skip("no history here")
    assert disappeared(HERE) == []


def test_what_disappears_between_two_commits_is_found(tmp_path: Path) -> None:
    leaderboard, season = tmp_path / "leaderboard", made_season(2)
    (leaderboard / "seasons").mkdir(parents=True)
    git(tmp_path, "init", "-q")

    def commit(listed: tuple[Listed, ...], tasks: int) -> None:
        (leaderboard / "index.toml").unlink(missing_ok=True)
        write_index(leaderboard, listed)
        shorter = msgspec.structs.replace(season, tasks=season.tasks[:tasks])
        (leaderboard / "seasons" / "pilot.toml").write_text(shorter.to_toml(), encoding="utf-8")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", "x")

    (leaderboard / "submissions" / "aa").mkdir(parents=True)
    (leaderboard / "submissions" / "aa" / "README.md").write_text("x")
    commit(BEFORE, 2)
    commit((*BEFORE, line("dd")), 2)
    assert disappeared(tmp_path) == []
    commit((*BEFORE, line("dd")), 1)
    found = disappeared(tmp_path)
    assert len(found) == 4 and "task-1: weak-0, strong, plain of season pilot/1 is gone or changed" in found
    (leaderboard / "submissions" / "aa" / "README.md").unlink()
    commit(BEFORE, 1)
    assert disappeared(tmp_path)[4:] == ["dd was line 4 of the index, and is not in it any more",
                                         "leaderboard/submissions/aa/README.md is gone"]


def test_what_the_index_of_this_repository_names_lies_there_as_it_was_added(tmp_path: Path) -> None:
    for each in read_index(HERE / "leaderboard"):
        (tmp_path / each.name).mkdir()
        digests = snapshot(HERE / "leaderboard" / "submissions" / each.name, tmp_path / each.name)
        assert folder_digest(digests) == each.sha256 and read_checked(HERE / "leaderboard" / "checked" / each.name).taken
