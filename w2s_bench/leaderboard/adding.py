"""Submissions put on a board, and taken off it again: whole, or not at all."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from w2s_bench.contracts.errors import DataError, UsageError, nearest
from w2s_bench.leaderboard.checked import CHECKED, Checked, write_checked
from w2s_bench.leaderboard.checking import check
from w2s_bench.leaderboard.index import SUBMISSIONS, Listed, read_index, write_index
from w2s_bench.leaderboard.submission import Submission, read_submission
from w2s_bench.leaderboard.untrusted import Refused, folder_digest, odd_character, shown, snapshot

_STAGED = ".adding"
"""Where a submission lies until all of it is there. What an add that was killed leaves in it, the next one takes away."""

_MOST_REASON = 2_000


def add(leaderboard: Path, folder: Path, *, data: Path | None = None, day: datetime.date | None = None) -> Checked:
    """Check a submission, and put it on the board where nothing is found for which it is refused: its files as they were checked
    to submissions/NAME, what was derived to checked/NAME, and last its line to the index. The board is as it was until that line
    is written, which is one step. What it supersedes is marked so, and keeps its files.

    data: as `check`. day: when it came; by default today, in UTC. Raises Refused for a folder whose form is none of a submission,
    for a name that stands on the board, and for one that supersedes what does not; DataError for a board that cannot be read or
    is being written, OSError.
    """
    with _staged(leaderboard) as staged:
        listed = read_index(leaderboard)
        copy, derived = staged / "submission", staged / CHECKED
        copy.mkdir()
        digests = snapshot(folder, copy)
        submission = read_submission(copy)
        _check_names(submission, listed)
        _take_away_unlisted(leaderboard, listed)
        checked = check(copy, data=data, board=leaderboard)
        if checked.taken:
            write_checked(checked, derived)
            _place(leaderboard / SUBMISSIONS / submission.name, copy, staged, folder_digest(digests))
            _move(derived, leaderboard / CHECKED / submission.name)
            when = day or datetime.datetime.now(datetime.UTC).date()
            line = Listed(name=submission.name, sha256=folder_digest(digests), season=submission.season, added=when.isoformat())
            write_index(leaderboard, [*(_superseded(each, submission) for each in listed), line])
    return checked


def withdraw(leaderboard: Path, name: str, reason: str) -> Listed:
    """Take a submission off the board; its line, with the reason, and its files stay. Raises UsageError for a name that the index
    does not have or that is withdrawn, and for a reason that is none; DataError as `add`, OSError."""
    if not reason.strip() or len(reason) > _MOST_REASON or odd_character(reason):
        raise UsageError(f"the reason is {shown(reason)}", where="--reason",
                         hint=f"one line, at most {_MOST_REASON:,} characters")
    with _staged(leaderboard):
        listed = read_index(leaderboard)
        known = {each.name: each for each in listed}
        if name not in known:
            raise UsageError(f"no submission is called {shown(name)}", where=str(leaderboard), hint=nearest(name, known))
        if known[name].state == "withdrawn":
            raise UsageError(f"{name} is withdrawn: {known[name].reason}", where=str(leaderboard))
        stone = msgspec.structs.replace(known[name], state="withdrawn", reason=reason.strip())
        write_index(leaderboard, [stone if each.name == name else each for each in listed])
    return stone


@contextlib.contextmanager
def _staged(leaderboard: Path) -> Iterator[Path]:
    """An empty folder of the board that nobody else has meanwhile. Raises DataError where somebody has it."""
    from filelock import FileLock, Timeout

    staged = leaderboard / _STAGED
    if staged.is_symlink():
        raise DataError("this is a link, not a folder", where=str(staged), hint="remove it")
    staged.mkdir(exist_ok=True)
    lock = FileLock(staged / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise DataError("somebody else is writing this board", where=str(leaderboard), hint="try again in a minute") from None
    try:
        for left in staged.iterdir():
            if left.name != "lock":
                shutil.rmtree(left)
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)
        lock.release()


def _check_names(submission: Submission, listed: tuple[Listed, ...]) -> None:
    known = {each.name for each in listed}
    if submission.name in known:
        raise Refused(f"{submission.name} stands on this board, and what stands there is never written again",
                      where="submission.toml", hint="send it under a new name, with `supersedes` if it stands in for that one")
    if submission.supersedes is not None and submission.supersedes not in known:
        raise Refused(f"it supersedes {submission.supersedes}, which is not on this board", where="submission.toml",
                      hint=nearest(submission.supersedes, known) if known else "")


def _take_away_unlisted(leaderboard: Path, listed: tuple[Listed, ...]) -> None:
    """What was derived of a submission whose add was killed before its line was written: others would be compared with it."""
    known = {each.name for each in listed}
    for left in (leaderboard / CHECKED).glob("*"):
        if left.is_dir() and not left.is_symlink() and left.name not in known:
            shutil.rmtree(left)


def _place(target: Path, copy: Path, staged: Path, sha256: str) -> None:
    """Put the files in their place, unless they lie there: because they were sent there, or because an add was killed."""
    if not os.path.lexists(target):
        _move(copy, target)
        return
    (staged / "there").mkdir()
    if folder_digest(snapshot(target, staged / "there")) != sha256:
        raise Refused("other files lie there, which no line of the index names", where=str(target),
                      hint="add these, or move them away")


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)


def _superseded(each: Listed, newer: Submission) -> Listed:
    if each.name != newer.supersedes or each.state != "active":
        return each
    return msgspec.structs.replace(each, state="superseded", reason=f"superseded by {newer.name}")
