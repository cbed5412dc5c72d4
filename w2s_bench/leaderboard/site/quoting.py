"""The sentence that goes with a number of the board wherever it is quoted: who says so, and over what its interval is."""

from __future__ import annotations

from w2s_bench.leaderboard.board import Board, Entry, TaskValue
from w2s_bench.leaderboard.site.contents import Row
from w2s_bench.leaderboard.site.figures_in_words import letters, ranks, said_interval
from w2s_bench.report.wording import counted, figure
from w2s_bench.tables.laws import unit_of

TRUST_IN_WORDS: dict[str, str] = {
    "published": "published: as a paper states it, not derived here",
    "self-reported": "self-reported: as its sender states it, not derived here, and never ordered",
    "rescored": "rescored: derived here from the predictions that were sent; nobody else has made the fits again",
    "reproduced": "reproduced: somebody else made the fits again, on seeds that the sender did not choose",
}
"""What the trust of a row means, by the words of `checked.TRUSTS`."""

OF_UNIT = "of the error of the best constant"


def entry_quote(board: Board, entry: Entry) -> str:
    """What is quoted of an entry: over all tasks where it has a mean, else that it has none."""
    who = f"{entry.strategy} of the submission {entry.submission}"
    tasks = counted(len(entry.values), "task")
    if entry.overall is not None:
        said = (f"On season {board.season.label} ({entry.kind}, {entry.division}), {who} gains {said_interval(entry.overall)} "
                f"{OF_UNIT} over its teachers, on {tasks} of equal weight")
    else:
        said = (f"On season {board.season.label} ({entry.kind}, {entry.division}), {who} has no mean over tasks: it stands on "
                f"{tasks}, and an order needs 8")
    return f"{said}. {_standing(entry)}{_done(entry)}{TRUST_IN_WORDS[entry.trust].capitalize()}."


def task_quote(board: Board, entry: Entry, value: TaskValue) -> str:
    """What is quoted of an entry on one task."""
    said = (f"On {value.task} of season {board.season.label}, {entry.strategy} of the submission {entry.submission} gains "
            f"{said_interval(value.share)} {OF_UNIT} over its teacher")
    above = "" if value.above_shuffled is not False else " It is not told apart from a student of shuffled labels."
    return f"{said}.{above} {TRUST_IN_WORDS[entry.trust].capitalize()}."


def row_quote(board: Board, row: Row) -> str:
    """What is quoted of a row: one fit on one draw of the splits."""
    where = f"season {board.season.label}" if board.season.task(row["task"]) else "no season"
    who = (f"{row['task']}, seed {row['seed']}: {row['weak']} teaches {row['strong']} by {row['strategy']} (supervisor "
           f"{row['supervisor']}; {where}, submission {row['submission']})")
    trust = TRUST_IN_WORDS[row["trust"]].capitalize()
    if row["gain"] is None:
        return f"{who}. It ended as {row['status']} and has no number. {trust}."
    unit = unit_of(row["divergence"], row["output_unit"])
    ends = ""
    if row["gain_low"] is not None and row["gain_high"] is not None:
        ends = (f" (95 % interval {figure(row['gain_low'])} to {figure(row['gain_high'])}, over test examples: there is one fit, "
                "and nothing is said of other seeds)")
    return f"{who}. Its gain is {figure(row['gain'])}{f' {unit}' if unit else ''}{ends}. {trust}."


def _standing(entry: Entry) -> str:
    if entry.ranks is None:
        return "It has no rank. "
    groups = entry.ranks.groups
    tied = f", in tie group {letters(groups)}" if groups else ""
    return f"Its rank is {ranks(entry.ranks.low, entry.ranks.high)} of {entry.ranks.of}{tied}. "


def _done(entry: Entry) -> str:
    left = entry.planned - entry.done
    return f"{counted(left, 'cell')} of {entry.planned} did not end well and are not in this mean. " if left else ""
