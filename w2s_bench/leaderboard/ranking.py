"""The rank rule: which of two entries is better, and what that says of their ranks.

Two entries are ordered where their paired difference is separable, and nowhere else. On one task the difference is that of their
cells with one teacher, student and seed, averaged over settings, then seeds; its interval is over seeds and test examples. Over
tasks it is the mean of the tasks' differences, each with the same weight, from ENOUGH_TASKS tasks on; its interval is over tasks.
Where a cell of either did not end ok there is a second reading, in which it counts as the worst (docs/board-statistics.md), and a
difference is separable only where both readings have one sign and stand. What stands is found by the false discovery rate over
all comparisons that a board shows; that correction alone depends on who else is listed: no difference, no interval, no p and
no sign does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from w2s_bench.leaderboard.entries import Ranks
from w2s_bench.scoring.arrays import Array
from w2s_bench.scoring.lines import ENOUGH_TASKS
from w2s_bench.scoring.many import beyond_noise
from w2s_bench.tables.cell_arrays import CellArrays, Design, inferred_cells
from w2s_bench.tables.inference import EXAMPLES, TASK_SETS, Inferred, over_task_sets

Flags = npt.NDArray[np.bool_]
Signs = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Compared:
    """Comparisons, (m,) each. first, second: numbers of entries. difference, low, high, imputed: first − second; NaN where the
    two have no common cell, or no interval. over: what the interval is over. p: of the reading that says less; NaN is no
    test."""

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    difference: Array
    low: Array
    high: Array
    over: tuple[str | None, ...]
    imputed: Array
    p: Array


def compared_on_task(entries: Sequence[CellArrays], worst: Array, design: Design | None) -> Compared:
    """Every pair of entries on one task. worst: (e, j, s), what a cell that is not ok counts as.

    A pair of which one seed alone is common is not tested: its interval says nothing of other fits. Where several seeds are one
    seed again, because neither side draws anything, there are no other fits.
    """
    pairs = list(combinations(range(len(entries)), 2))
    return _gathered(pairs, [_pair(entries[i], entries[j], worst[i], worst[j], design) for i, j in pairs])


def compared_with_control(entries: Sequence[CellArrays], design: Design | None) -> Compared:
    """Each entry on one task with its own control, on the same cells. entries: the differences."""
    found = [_tested_pair(inferred_cells(own, design), own.influence is not None, design) for own in entries]
    return _gathered([(at, at) for at in range(len(entries))], found)


def compared_over_tasks(on_tasks: Sequence[Compared], imputed: Array, complete: Flags, fewest: int = ENOUGH_TASKS) -> Compared:
    """The same pairs over tasks. imputed: (e, t), an entry's mean with cells that are not ok as the worst; complete: (e,),
    whether there is none such. Pairs with fewer than `fewest` common tasks are not tested.
    """
    first, second = on_tasks[0].first, on_tasks[0].second
    differences = np.stack([found.difference for found in on_tasks])
    return _gathered(list(zip(first.tolist(), second.tolist(), strict=True)), [
        _mean_over_tasks(differences[:, at], imputed[i] - imputed[j], bool(complete[i] and complete[j]), fewest)
        for at, (i, j) in enumerate(zip(first, second, strict=True))])


def without_task(on_tasks: Sequence[Compared], imputed: Array, complete: Flags, task: int) -> Compared:
    """`compared_over_tasks` of all tasks but one; the number of tasks may be ENOUGH_TASKS less one."""
    rest = [found for at, found in enumerate(on_tasks) if at != task]
    return compared_over_tasks(rest, np.delete(imputed, task, axis=1), complete, ENOUGH_TASKS - 1)


def standing(every: Iterable[Compared], level: float) -> list[Flags]:
    """Of each of these comparisons whether it stands when the false discovery rate over all of them is held to `level`."""
    found = list(every)
    stands = beyond_noise(np.concatenate([each.p for each in found]) if found else np.zeros(0), level)
    return [np.asarray(part) for part in np.split(stands, np.cumsum([each.p.size for each in found])[:-1])] if found else []


def signs_of(compared: Compared, stands: Flags, entries: int) -> Signs:
    """(e, e): 1 where the row's entry is told to be better than the column's, −1 where worse, 0 where the two are not ordered."""
    signs = np.zeros((entries, entries), dtype=np.int8)
    told = np.where(stands, np.sign(np.nan_to_num(compared.difference)), 0.0).astype(np.int8)
    signs[compared.first, compared.second] = told
    signs[compared.second, compared.first] = -told
    return signs


def ranks_of(signs: Signs, means: Array) -> list[Ranks]:
    """The ranks of entries from what is told of their order. means: (e,), by which tie groups are numbered, the best first."""
    entries = len(signs)
    groups = tie_groups(signs, means)
    return [Ranks(1 + int((signs[:, at] > 0).sum()), entries - int((signs[at] > 0).sum()), entries,
                  tuple(number + 1 for number, group in enumerate(groups) if at in group)) for at in range(entries)]


def tie_groups(signs: Signs, means: Array) -> list[frozenset[int]]:
    """Sets of entries such that two are in one of them exactly where they are not ordered, the best by its best mean first.

    Not to be ordered is no equivalence: A may be told from C and B from neither. So an entry may be in several groups (a
    compact letter display, Piepho 2004). Each pair that is in none yet makes a group, which takes in, in the order of the
    means, whoever is ordered with none of its members.
    """
    entries = len(signs)
    order = sorted(range(entries), key=lambda at: (-means[at] if means[at] == means[at] else np.inf, at))
    tied = (signs == 0)
    np.fill_diagonal(tied, True)
    together = np.zeros((entries, entries), dtype=bool)
    groups: list[frozenset[int]] = []
    for i in order:
        for j in order:
            if tied[i, j] and not together[i, j]:
                members = [i, j] if i != j else [i]
                open_to = tied[i] & tied[j]
                for other in order:
                    if open_to[other] and other not in members:
                        members.append(other)
                        open_to = open_to & tied[other]
                together[np.ix_(members, members)] = True
                groups.append(frozenset(members))
    kept = [group for group in groups if not any(group < other for other in groups)]
    place = {at: number for number, at in enumerate(order)}
    return sorted(kept, key=lambda group: sorted(place[at] for at in group))


def tested(found: Inferred | None, design: Design | None) -> Inferred | None:
    """What may order: an interval over seeds and examples; None for what says nothing of other fits."""
    if found is None or design is None or found.estimate.p != found.estimate.p:
        return None
    return None if found.over == EXAMPLES and not found.copies else found


def _pair(first: CellArrays, second: CellArrays, worst: Array, other: Array, design: Design | None) -> _Pair:
    apart = first.less(second)
    plain = _tested_pair(inferred_cells(apart, design), apart.influence is not None, design)
    if first.there.all() and second.there.all():
        return plain
    filled = first.filled(worst).less(second.filled(other))
    made = replace(plain, imputed=float(filled.values.mean()))
    if plain.p != plain.p:
        return made
    return replace(made, p=_both(plain.p, plain.difference, tested(inferred_cells(filled, design), design)))


def _tested_pair(found: Inferred | None, terms: bool, design: Design | None) -> _Pair:
    """A difference as it is shown, with a p where it may order. terms: whether there are those of examples."""
    if found is None:
        return _Pair()
    mean = found.estimate.mean
    if not terms or tested(found, design) is None:
        return _Pair(mean, imputed=mean)
    return _Pair(mean, found.estimate.low, found.estimate.high, found.over, mean, found.estimate.p)


def _mean_over_tasks(differences: Array, imputed: Array, complete: bool, fewest: int) -> _Pair:
    common = differences[np.isfinite(differences)]
    mean_imputed = float(imputed.mean())
    if common.size < fewest:
        return _Pair(imputed=mean_imputed)
    found = over_task_sets(common, skewed=True)
    p = found.estimate.p if complete else _both(found.estimate.p, found.estimate.mean, over_task_sets(imputed, skewed=True))
    return _Pair(found.estimate.mean, found.estimate.low, found.estimate.high, TASK_SETS, mean_imputed, p)


def _both(p: float, mean: float, other: Inferred | None) -> float:
    """The p of two readings that must agree; 1 where they have not one sign, or the other has no interval."""
    if other is None or not mean * other.estimate.mean > 0.0:
        return 1.0
    return max(p, other.estimate.p)


@dataclass(frozen=True)
class _Pair:
    difference: float = np.nan
    low: float = np.nan
    high: float = np.nan
    over: str | None = None
    imputed: float = np.nan
    p: float = np.nan


def _gathered(pairs: Sequence[tuple[int, int]], found: Sequence[_Pair]) -> Compared:
    def column(name: str) -> Array:
        return np.array([getattr(pair, name) for pair in found], dtype=np.float64)

    first, second = (np.array([pair[side] for pair in pairs], dtype=np.intp) for side in (0, 1))
    return Compared(first, second, column("difference"), column("low"), column("high"), tuple(pair.over for pair in found),
                    column("imputed"), column("p"))
