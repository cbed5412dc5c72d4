"""What a reviewer reads of a change of a board, as sentences and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from w2s_bench.leaderboard.board import Entry, Ranks, TaskValue
from w2s_bench.leaderboard.checked import CHECKED, read_checked
from w2s_bench.leaderboard.difference import Change, Difference, New
from w2s_bench.leaderboard.index import read_index
from w2s_bench.leaderboard.site.figures_in_words import interval, letters, ranks
from w2s_bench.leaderboard.site.quoting import TRUST_IN_WORDS
from w2s_bench.registry.short_names import short_names
from w2s_bench.report.table import Table, listed
from w2s_bench.report.wording import counted
from w2s_bench.tables.inference import MEANINGS

GAINS = "Gain in % of the best constant's error"


def superseded_by(leaderboard: Path) -> dict[str, str]:
    """By the name of a submission of a board the one that it supersedes. Raises DataError as `read_index` and `read_checked`."""
    checked = (read_checked(leaderboard / CHECKED / each.name) for each in read_index(leaderboard))
    return {each.submission.name: each.submission.supersedes for each in checked if each.submission.supersedes is not None}


def sentences(found: Difference) -> list[str]:
    """What the second board changes as a whole."""
    said = [f"Season {found.after.season.label}: entries that are new: {len(found.new)}, taken off: {len(found.off)}, that stand "
            f"otherwise: {len(found.changed)}.", *(f"{sentence}." for sentence in found.submissions)]
    said += [f"LOST, which nothing may be: {sentence}." for sentence in found.gone]
    said += [f"{entry.name} is not on it any more." for entry in found.off]
    if found.before.comparisons != found.after.comparisons:
        said.append(f"It tests {counted(found.after.comparisons, 'comparison')}, and tested {found.before.comparisons}: what is "
                    f"told apart is so at {100 * found.after.season.false_discovery:g} % false discovery over all of them.")
    for new in found.new:
        said.append(f"{new.entry.name} ({new.entry.kind}, {new.entry.division}): {TRUST_IN_WORDS[new.entry.trust]}; "
                    f"{new.entry.done} of {new.entry.planned} cells.")
        if new.entry.above_shuffled is False:
            said.append(f"{new.entry.name} is not told to gain more than a student of shuffled labels.")
        said += [f"{new.entry.name}: {note}" for note in new.entry.notes]
    overs = dict.fromkeys(value.share.over for new in found.new for value in new.entry.values if value.share and value.share.over)
    return [*said, *(f"Intervals are over {MEANINGS.get(over, over)}." for over in overs)]


def tables(found: Difference) -> list[Table]:
    """Each new entry beside those that stand, and what changes of the others."""
    shown = [_beside(new) for new in found.new]
    if found.changed:
        heads = ("entry", "rank before", "after", "tie groups before", "after it", "numbers changed on")
        lines = [_change_line(change) for change in found.changed]
        shown.append(listed("Entries that stand otherwise", "Ranks over all tasks, or on each", heads, lines))
    moved = [line for change in found.changed for line in _value_lines(change)]
    if moved:
        shown.append(listed("Numbers that changed", GAINS, ("entry", "task", "before", "after"), moved))
    return shown


def _beside(new: New) -> Table:
    entries = [new.entry, *new.references, *([new.older] if new.older else [])]
    older = {new.older.name} if new.older else set()
    heads = ["task", *(f"{each.name} (its older self)" if each.name in older else each.name for each in entries)]
    by_task = [{value.task: value for value in each.values} for each in entries]
    tasks = list(dict.fromkeys(task for values in by_task for task in values))
    names = short_names(tasks)
    lines = [["all tasks", *(interval(each.overall) for each in entries)], ["rank", *(_rank(each.ranks) for each in entries)]]
    for task in tasks:
        lines.append([names[task], *(_value(values.get(task)) for values in by_task)])
    return listed(f"{new.entry.name} beside what stands", f"{GAINS}, and the rank on each task", heads, lines)


def _value(value: TaskValue | None) -> str:
    return "–" if value is None else f"{interval(value.share)}{f'; {_rank(value.ranks)}' if value.ranks else ''}"


def _rank(found: Ranks | None) -> str:
    return "–" if found is None else f"{ranks(found.low, found.high)} of {found.of}, {letters(found.groups)}".removesuffix(", ")


def _change_line(change: Change) -> list[str]:
    before, after = change.before, change.after
    groups = [letters(each.ranks.groups) if each.ranks else "–" for each in (before, after)]
    names = short_names([_task(pair) for pair in change.values])
    return [after.name, _place(before), _place(after), *groups, ", ".join(names.values()) or "none"]


def _place(entry: Entry) -> str:
    """Ranks over all tasks, and else on each that has one."""
    if entry.ranks is not None:
        return _rank(entry.ranks)
    found = [value.ranks for value in entry.values if value.ranks is not None]
    return "; ".join(dict.fromkeys(ranks(each.low, each.high) for each in found)) or "–"


def _value_lines(change: Change) -> Iterator[Sequence[str]]:
    for before, after in change.values:
        shares = [interval(value.share) if value is not None else "–" for value in (before, after)]
        yield change.after.name, _task((before, after)), *shares


def _task(pair: tuple[TaskValue | None, TaskValue | None]) -> str:
    found = pair[0] or pair[1]
    assert found is not None
    return found.task
