"""Entries: what a strategy of a submission does on each task of a season, with its intervals."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from w2s_bench.leaderboard.checked import Trust
from w2s_bench.leaderboard.season import Kind
from w2s_bench.leaderboard.submission import Division


class Value(msgspec.Struct, frozen=True):
    """A mean with its 95 % interval. low, high: None where there is no interval. over: a key of inference.MEANINGS, which says
    over what the interval is. n: seeds (each once) behind it, or tasks of a value over tasks."""

    mean: float
    low: float | None
    high: float | None
    over: str | None
    n: int


class Ranks(msgspec.Struct, frozen=True):
    """Where an entry stands among those that it is compared with. low, the best that it can be, is 1 + those that are told to be
    better; high is their number less those that are told to be worse. of: how many are compared. groups: numbers of the tie
    groups that it is in, from 1, the best first: two entries have one in common exactly where they cannot be told apart."""

    low: int
    high: int
    of: int
    groups: tuple[int, ...]


class TaskValue(msgspec.Struct, frozen=True, kw_only=True):
    """An entry on one task. Means are over settings, then seeds, of cells that are ok.

    share: gain in shares of the season's unit; nats, accuracy: of classes, the gain in the divergence's unit and the gain in
    accuracy; misfit: in shares of the unit; tightness: lhs/rhs of the tightest certified bound, mean over the cells that have
    one (`certified` of them). done: cells that are ok, of `planned`; failed: how many ended how, by status ("not run" where
    there is no row). imputed: the mean share with every cell that is not ok as the worst (see docs/board-statistics.md).
    copies: seeds that are another one again. ranks: None where the entry is not compared on this task; ranks_accuracy: of
    classes, by gain in accuracy. above_shuffled: whether its students are told to be better than its own control of shuffled
    labels; None where that was not fitted or cannot be judged.
    """

    task: str
    share: Value | None
    nats: Value | None
    accuracy: Value | None
    misfit: Value | None
    tightness: float | None
    certified: int
    done: int
    planned: int
    failed: Mapping[str, int]
    imputed: float
    copies: int
    ranks: Ranks | None
    ranks_accuracy: Ranks | None = None
    above_shuffled: bool | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy of a submission on the tasks of one output kind.

    trust: the least of its cells'. done, planned: cells. values: by task of the season, in its order, those that it has a row
    of. mean: of the tasks' shares, each task with the same weight; imputed: the same with cells that are not ok as the worst,
    over all tasks of the kind. overall: the mean with its interval over tasks, None below 8 tasks. ranks: over all tasks, None
    below 8 tasks, or where nothing of it is ordered; ranks_accuracy: of classes, by gain in accuracy. above_shuffled: over
    tasks from 8 on; below, whether it is so on each of its tasks. beside: by the task that is left out, the ranks without it.
    notes: sentences for the reader.
    """

    submission: str
    strategy: str
    division: Division
    kind: Kind
    trust: Trust
    done: int
    planned: int
    values: tuple[TaskValue, ...]
    mean: float | None
    imputed: float | None
    overall: Value | None
    ranks: Ranks | None
    ranks_accuracy: Ranks | None = None
    above_shuffled: bool | None
    beside: Mapping[str, Ranks]
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """submission/strategy, which is one entry's alone within an output kind."""
        return f"{self.submission}/{self.strategy}"

    @property
    def ordered(self) -> bool:
        """Whether it is compared with others: a row that is not derived from predictions never is."""
        return self.ranks is not None or any(value.ranks is not None for value in self.values)


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is shown and never ranked: the frozen gain of a control on each task, in shares of the unit, and its mean over
    tasks."""

    name: str
    kind: Kind
    values: Mapping[str, float]
    mean: float
