"""Two entries side by side: on each task that both have, and over all of them where there is an order."""

from __future__ import annotations

import msgspec

from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.leaderboard.board import Board, Entry, Value


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """The difference of two gains on the cells that both have, first − second, in shares of the unit. task: None over all tasks.
    low, high, over: its 95 % interval, and what that is over, a key of inference.MEANINGS. separable: whether the two are told
    apart among all that the board shows; None where that is not tested."""

    task: str | None
    first: Value | None
    second: Value | None
    difference: float | None
    low: float | None
    high: float | None
    over: str | None
    separable: bool | None


def entry_named(board: Board, name: str) -> Entry:
    """The entry that is called so: submission/strategy, or a strategy or a submission that only one has. Raises UsageError for a
    name that fits none or several."""
    found = [entry for entry in board.entries if name in (entry.name, f"{entry.kind}:{entry.name}")]
    found = found or [entry for entry in board.entries if name in (entry.strategy, entry.submission)]
    if len(found) == 1:
        return found[0]
    known = [entry.name
             if len({each.kind for each in board.entries if each.name == entry.name}) == 1 else f"{entry.kind}:{entry.name}"
             for entry in found or board.entries]
    what = f"{len(found)} entries are called {name!r}" if found else f"no entry of season {board.season.label} is called {name!r}"
    raise UsageError(what, hint=f"one of {', '.join(known)}" if found else nearest(name, known))


def pairs_of(board: Board, first: Entry, second: Entry) -> list[Pair]:
    """Every comparison of the two that the board shows, over all tasks first. Raises UsageError for entries that are not
    compared."""
    if first.name == second.name and first.kind == second.kind:
        raise UsageError("these two are one entry", hint="name two")
    if (first.kind, first.division) != (second.kind, second.division):
        raise UsageError(f"{first.name} ({first.kind}, {first.division}) and {second.name} ({second.kind}, {second.division}) "
                         "are not "
                         "compared", hint="entries are compared within one kind of output and one division")
    import polars as pl

    kind = (pl.col("kind") == first.kind) & (pl.col("measure") == "share")
    mine = board.compared.filter(kind & pl.col("first").is_in([first.name, second.name])
                                 & pl.col("second").is_in([first.name, second.name]))
    values = [{value.task: value.share for value in entry.values} for entry in (first, second)]
    found = []
    for line in mine.iter_rows(named=True):
        ends = (line["difference"], line["low"], line["high"])
        if line["first"] != first.name:
            ends = tuple(None if end is None else -end
                         for end in (line["difference"], line["high"], line["low"]))  # type: ignore[assignment]
        sides = (first.overall, second.overall) if line["task"] is None else tuple(each.get(line["task"]) for each in values)
        found.append(Pair(task=line["task"], first=sides[0], second=sides[1], difference=ends[0], low=ends[1], high=ends[2],
                          over=line["over"], separable=None if line["p"] is None else line["separable"]))
    return sorted(found, key=lambda pair: pair.task is not None)


def verdict(board: Board, first: Entry, second: Entry, pairs: list[Pair]) -> str:
    """What the board says of the two, in a sentence."""
    over_all = next((pair for pair in pairs if pair.task is None), None)
    rate = f"{100 * board.season.false_discovery:g} %"
    if over_all is not None and over_all.separable and over_all.difference is not None:
        better = first if over_all.difference > 0 else second
        return f"{better.name} is told to be better over all tasks (false discovery {rate} over {board.comparisons} comparisons)."
    if over_all is not None:
        return f"Over all tasks the two are not told apart (false discovery {rate} over {board.comparisons} comparisons)."
    if not pairs:
        return "The board shows no comparison of these two: they have no cells in common, or one of them is not ordered."
    told = sum(bool(pair.separable) for pair in pairs)
    return f"They are told apart on {told} of {len(pairs)} tasks; fewer than 8 tasks make no order over them."
