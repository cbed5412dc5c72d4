"""The resolution floor of a season: the smallest paired difference that its design can tell apart.

A floor is d such that the rule by which a board orders (ranking.py) finds a paired difference of d in 80 % of cases. What it is
found against is the standard error that the pairs of the season's own run have in this very design: its seeds, its test
examples and what the seeds share of them, or its tasks. So a floor rests on the run that the season was made from, and on
entries that differ as much from example to example, from seed to seed and from task to task as the strategies of that run do:
pairs of which one follows the other differ less, and are told apart below it.
"""

from __future__ import annotations

import functools
import math
from math import comb, isfinite

import msgspec
import numpy as np
from scipy.special import chdtri, ndtr

from w2s_bench.leaderboard.season import KINDS, Kind, Season, SeasonTask, Spread
from w2s_bench.leaderboard.standings import ORDERED
from w2s_bench.scoring.arrays import Array
from w2s_bench.scoring.crossed import fiducial_p
from w2s_bench.scoring.intervals import around, skewness, student_t
from w2s_bench.scoring.lines import ENOUGH_TASKS

POWER = 0.8
FORESEEN = 10
"""Entries of each output kind among which a difference has to stand, where it is not the only one that is tested."""

_STEPS, _NODES, _FARTHEST, _DRAWS = 4000, 60, 1e9, 4000


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """What a paired difference of two entries must be, in shares of the unit, so that the board orders the two in 80 % of cases.

    task: None over all tasks of the kind (from 8 on). one: where this comparison is the only one. many: where it is the only
    difference among `comparisons` that are shown. least, most: `one` for the pairs of the season's run that vary least and most.
    sentence: what it is and what it rests on.
    """

    kind: Kind
    task: str | None
    one: float
    many: float
    comparisons: int
    least: float
    most: float
    sentence: str


def floors(season: Season, entries: int = FORESEEN) -> tuple[Floor, ...]:
    """Of each output kind the floor over tasks, where there are enough of them, then those of its tasks; of those whose spread
    the season knows. entries: of each kind, in one division."""
    tests = comparisons(season, entries)
    found = []
    for kind in KINDS:
        tasks = [task for task in season.tasks if task.output == kind]
        if len(tasks) >= ENOUGH_TASKS and kind in season.spread:
            found.append(_floor(season, kind, None, season.spread[kind], tests, f"over {len(tasks)} tasks"))
        found += [_floor(season, kind, task, task.spread, tests, _design(task)) for task in tasks
                  if task.spread is not None and len(task.seeds) > 1]
    return tuple(found)


def comparisons(season: Season, entries: int) -> int:
    """How many comparisons a board of so many entries of each kind shows: pairs and controls, on each task and over tasks."""
    total = 0
    for kind in KINDS:
        tasks = sum(task.output == kind for task in season.tasks)
        sets = tasks + (tasks >= ENOUGH_TASKS)
        total += sets * (comb(entries, 2) * len(ORDERED[kind]) + entries)
    return total


def smallest_told_apart(se: float, degrees: float, level: float) -> float:
    """The difference that Student's two-sided test of size `level` finds with probability POWER, in the unit of its standard
    error `se`."""
    beyond = student_t(degrees, 1.0 - level)
    if not isfinite(beyond):
        return float("inf")
    spread = np.sqrt(chdtri(degrees, (np.arange(_STEPS) + 0.5) / _STEPS) / degrees)
    return se * _found(beyond * spread)


@functools.lru_cache(maxsize=1024)
def smallest_of_crossed(of_seeds: float, seeds: int, n: int, level: float) -> float:
    """The same of the test by which entries are ordered on one task, in standard errors. of_seeds: the part of the variance that
    is seen from seed to seed, on seeds − 1 degrees of freedom; the rest is of n test examples that they share."""
    if of_seeds >= 1.0:
        return smallest_told_apart(1.0, seeds - 1, level)
    seen = of_seeds * chdtri(seeds - 1, (np.arange(_NODES) + 0.5) / _NODES) / (seeds - 1)
    low, high = np.zeros(_NODES), np.full(_NODES, _FARTHEST)
    for _ in range(50):
        middle = np.where(low > 1.0, np.sqrt(low * high), np.minimum((low + high) / 2.0, 2.0 * low + 1.0))
        beyond = fiducial_p(middle, seen, 1.0 - of_seeds, seeds, n) < level
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return _found(high)


@functools.lru_cache(maxsize=256)
def smallest_over_tasks(tasks: int, level: float) -> float:
    """The same of the test over tasks, whose interval takes skewness out, and with it some power: from _DRAWS draws of normal
    differences of tasks, each of which says beyond which mean it would be found."""
    values = np.random.default_rng(0).standard_normal((_DRAWS, tasks))
    means, spreads = values.mean(axis=1), values.std(axis=1, ddof=1) / math.sqrt(tasks)
    reach = student_t(tasks - 1, 1.0 - level)
    skews = [skewness(each - mean) / math.sqrt(tasks) for each, mean in zip(values, means, strict=True)]
    critical = np.array([-around(0.0, 1.0, tasks - 1, n=tasks, skew=skew, reach=reach).low for skew in skews])
    found = float(np.quantile(critical * spreads - means, POWER))
    return found * math.sqrt(tasks)


def _found(criticals: Array) -> float:
    """The difference beyond criticals (k,), each as likely as the others, with probability POWER; its standard error is 1."""
    low, high = 0.0, 10.0 + float(criticals.max())
    for _ in range(100):
        middle = (low + high) / 2.0
        low, high = (middle, high) if float(ndtr(middle - criticals).mean()) < POWER else (low, middle)
    return high


def _floor(season: Season, kind: Kind, task: SeasonTask | None, spread: Spread, tests: int, design: str) -> Floor:
    def reach(level: float) -> float:
        if task is None:
            return smallest_over_tasks(round(spread.degrees) + 1, level)
        sizes = [splits.n_test for splits in task.splits]
        return smallest_of_crossed(round(spread.of_seeds, 3), len(task.seeds), sum(sizes) // len(sizes), level)

    alone, among = reach(season.false_discovery), reach(season.false_discovery / max(tests, 1))
    least, one, most, many = alone * spread.least, alone * spread.middle, alone * spread.most, among * spread.middle
    where = "over all tasks" if task is None else f"on {task.name}"
    sentence = (
        f"Of two entries that differ by {one:.2g} of the unit {where}, the better is told in {100 * POWER:.0f} % of cases where "
        f"this is the only comparison, and at {many:.2g} where it is the only difference among {tests} comparisons that are "
        f"shown ({design}). It rests on the run that the season was made from: the middle one of {spread.pairs} pairs of its "
        f"strategies has a standard error of {spread.middle:.2g} over {spread.over}; the least and the most of them "
        f"give {least:.2g} and {most:.2g}.")
    name = None if task is None else task.name
    return Floor(kind=kind, task=name, one=one, many=many, comparisons=tests, least=least, most=most, sentence=sentence)


def _design(task: SeasonTask) -> str:
    sizes = sorted({splits.n_test for splits in task.splits})
    n = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    one = len({splits.test for splits in task.splits}) == 1 and len(task.splits) > 1
    seeds = f"{len(task.seeds)} seed{'s' if len(task.seeds) > 1 else ''}"
    return f"{seeds}, {'the same ' if one else ''}{n} test examples{'' if one else ' each'}, {len(task.settings)} settings"
