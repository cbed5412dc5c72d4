"""What a season found, in three sentences, each beside the count that carries it; and what cannot be concluded from it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from w2s_bench.leaderboard.board import Board, Entry, TaskValue
from w2s_bench.leaderboard.standings import SHUFFLED
from w2s_bench.report.wording import counted

_BY_CHANCE = 0.025
"""Share of 95 % intervals that lie wholly on one side of the truth."""


class Finding(msgspec.Struct, frozen=True):
    """One sentence. count: the number that carries it, as "31 of 120". where: the address of the table that it is counted in."""

    count: str
    sentence: str
    where: str


def findings(board: Board, where: str) -> list[Finding]:
    """The three sentences. where: the address of the first table of the board."""
    ordered = [entry for entry in board.entries if entry.ordered]
    if not ordered:
        return [Finding("0", "No entry is ordered: none has numbers that were derived here from predictions.", where)]
    return [_gains(ordered, where), _pairs(board, where), _controls(board, ordered, where)]


def not_concluded(board: Board) -> list[str]:
    """What the board does not say, in sentences; the floor of the season first."""
    said = [floor.sentence for floor in board.floor if floor.task is None]
    said.append("Which of two entries that share a letter is better: their difference is within the noise of this design.")
    if any(entry.ranks is not None for entry in board.entries):
        said.append("What an entry would do on tasks of another kind: the tasks of a season are chosen, not drawn, so that an "
                    "interval over them says how much they differ among themselves.")
    else:
        said.append("An order over tasks: fewer than 8 tasks of a kind make none, and entries stand side by side.")
    stated = board.rows.filter(~board.rows["trust"].is_in(["rescored", "reproduced"])).height
    if stated:
        said.append(f"Anything from {counted(stated, 'row')} of {board.rows.height} whose numbers could not be derived here: "
                    "they are shown as their senders state them.")
    return said


def _gains(entries: Sequence[Entry], where: str) -> Finding:
    known = [value.share for entry in entries for value in entry.values if value.share and value.share.low is not None]
    above = sum(share.low is not None and share.low > 0.0 for share in known)
    below = sum(share.high is not None and share.high < 0.0 for share in known)
    chance = _BY_CHANCE * len(known)
    return Finding(f"{above} of {len(known)}",
                   f"The student is better than its teacher, by more than the 95 % interval of its gain, in {above} of "
                   f"{len(known)} cases, each an entry on a task; in {below} it is worse. If no student differed from its "
                   f"teacher, chance alone would give about {chance:.0f} of each.", where)


def _pairs(board: Board, where: str) -> Finding:
    import polars as pl

    pairs = board.compared.filter((pl.col("second") != SHUFFLED) & pl.col("p").is_not_null() & (pl.col("measure") == "share"))
    over_tasks = pairs.filter(pl.col("task").is_null())
    shown, what = (over_tasks, "over all tasks") if over_tasks.height else (pairs, "on a task")
    told = int(shown["separable"].sum())
    left = shown.height - told
    rate = f"{100 * board.season.false_discovery:g} %"
    return Finding(f"{told} of {shown.height}",
                   f"Of {counted(shown.height, 'pair')} of entries that are compared {what}, {told} can be told apart, at a "
                   f"false discovery rate of {rate} over all {board.comparisons} comparisons shown; of the other {left} the "
                   "board does not say which is better.", where)


def _controls(board: Board, entries: Sequence[Entry], where: str) -> Finding:
    """Whether the weak labels are needed: beside shuffled labels, and beside the few true ones."""
    judged = [entry for entry in entries if entry.above_shuffled is not None]
    above = sum(bool(entry.above_shuffled) for entry in judged)
    best: dict[str, float] = {}
    for entry in entries:
        for value in entry.values:
            if value.share is not None:
                best[value.task] = max(best.get(value.task, value.share.mean), value.share.mean)
    gold = {task.name: task.controls["gold"] for task in board.season.tasks if "gold" in task.controls and task.name in best}
    beaten = sum(gain > best[task] for task, gain in gold.items())
    few = (f"; on {beaten} of {counted(len(gold), 'task')} the strong model that is fitted on the teacher's few true labels "
           "gains more than the best entry (means, without intervals): there the weak labels bring less than those few true ones"
           if gold else "")
    return Finding(f"{above} of {len(judged)}", f"Of {len(judged)} {'entry' if len(judged) == 1 else 'entries'} {above} are "
                                                "told to be "
                   f"better than their own control, a student of shuffled weak labels{few}.", where)


def values_of(board: Board) -> list[tuple[Entry, TaskValue]]:
    """Every ordered entry on every task on which it has a gain and a misfit."""
    return [(entry, value) for entry in board.entries if entry.ordered for value in entry.values
            if value.share is not None and value.misfit is not None]
