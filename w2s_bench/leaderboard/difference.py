"""Two boards of one season: what the second changes beside the first, and each new entry beside two that stand and its older
self."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from w2s_bench.leaderboard.board import Board, Entry, TaskValue
from w2s_bench.leaderboard.index import Listed, lost

REFERENCES = 2
"""Entries of others beside which a new one is shown."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that both boards have and that stands otherwise. values: its tasks whose numbers differ, before and after."""

    before: Entry
    after: Entry
    values: tuple[tuple[TaskValue | None, TaskValue | None], ...]


class New(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that the first board has not. references: others of its kind and division, the best and the middle one there, as
    the second board shows them. older: the same strategy in the submission that it supersedes, as it stood."""

    entry: Entry
    references: tuple[Entry, ...]
    older: Entry | None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What `after` changes. submissions: sentences on the index; gone: what of it is lost, which nothing may be. off: entries
    that are not on it any more."""

    before: Board
    after: Board
    submissions: tuple[str, ...]
    gone: tuple[str, ...]
    new: tuple[New, ...]
    off: tuple[Entry, ...]
    changed: tuple[Change, ...]


def difference(before: Board, after: Board, older: dict[str, str]) -> Difference:
    """What the second board changes beside the first, of one season. older: by the name of a submission the one that it
    supersedes."""
    mine, theirs = _by_name(before), _by_name(after)
    new = [New(entry=entry, references=tuple(theirs.get((each.kind, each.name), each)
                                                 for each in _references(entry, before, older.get(entry.submission))),
               older=mine.get((entry.kind, f"{older.get(entry.submission)}/{entry.strategy}")))
           for name, entry in theirs.items() if name not in mine]
    both = ((mine[name], entry) for name, entry in theirs.items() if name in mine)
    return Difference(before=before, after=after, submissions=tuple(_listed(before.submissions, after.submissions)),
                      gone=tuple(lost(before.submissions, after.submissions)), new=tuple(new),
                      off=tuple(entry for name, entry in mine.items() if name not in theirs),
                      changed=tuple(change for pair in both if (change := _change(*pair)) is not None))


def _by_name(board: Board) -> dict[tuple[str, str], Entry]:
    return {(entry.kind, entry.name): entry for entry in board.entries}


def _references(entry: Entry, board: Board, older: str | None) -> tuple[Entry, ...]:
    """The first of the order that is for the eye, and the one in its middle."""
    others = [each for each in board.entries if (each.kind, each.division) == (entry.kind, entry.division) and each.ordered
              and each.submission not in (entry.submission, older)]
    return tuple(others) if len(others) <= REFERENCES else (others[0], others[len(others) // 2])


def _listed(before: Sequence[Listed], after: Sequence[Listed]) -> Iterator[str]:
    known = {each.name: each for each in before}
    for each in after:
        if each.name not in known:
            yield f"{each.name} is new, added {each.added}{f', {each.state}: {each.reason}' if each.state != 'active' else ''}"
        elif each.state != known[each.name].state:
            yield f"{each.name} was {known[each.name].state}, and is {each.state}: {each.reason}"


def _change(before: Entry, after: Entry) -> Change | None:
    if before == after:
        return None
    old, new = ({value.task: value for value in entry.values} for entry in (before, after))
    tasks = [*new, *(task for task in old if task not in new)]
    values = tuple((old.get(task), new.get(task)) for task in tasks if _numbers(old.get(task)) != _numbers(new.get(task)))
    return Change(before=before, after=after, values=values)


def _numbers(value: TaskValue | None) -> TaskValue | None:
    """A value without what depends on the other entries."""
    return value and msgspec.structs.replace(value, ranks=None, ranks_accuracy=None, above_shuffled=None)
