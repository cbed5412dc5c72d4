"""Boards on which nobody is better than anybody: how many of them order two entries all the same.

`python tests/leaderboard/test_false_order.py` prints the table of docs/board-statistics.md. What an example adds is skewed or
normal; a third of its variance is the same in all entries, a third in all seeds of an entry, and a third is of each cell; a
seed adds an effect with the variance of its mean, a task an effect of its own to each entry.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from w2s_bench.contracts import Array
from w2s_bench.leaderboard.ranking import Compared, compared_on_task, compared_over_tasks, standing
from w2s_bench.scoring.lines import ENOUGH_TASKS
from w2s_bench.tables.cell_arrays import CellArrays, design_of

N = 100
"""Test examples of a seed."""


@dataclass(frozen=True)
class Kind:
    """A board. shared: whether the seeds of a task have one test file. failing: the share of cells that fail at random."""

    entries: int
    tasks: int
    seeds: int = 3
    shared: bool = True
    skewed: bool = True
    failing: float = 0.0


SIZES = [Kind(entries, tasks) for entries in (5, 10, 30) for tasks in (3, 8, 12)]
OTHERS = [Kind(10, 8, seeds=2), Kind(10, 8, seeds=5), Kind(10, 8, seeds=10), Kind(10, 8, shared=False),
          Kind(10, 8, shared=False, seeds=2), Kind(10, 8, skewed=False), Kind(10, 8, failing=0.1), Kind(10, 3, failing=0.1)]


def null_board(kind: Kind, rng: np.random.Generator) -> list[Compared]:
    """Every comparison of a board of pure noise: on each task, and over tasks where there are enough."""
    def draw(*shape: int) -> Array:
        return np.asarray((np.exp(rng.normal(size=shape)) - np.exp(0.5)) / 2.16 if kind.skewed else rng.normal(size=shape))

    names = [np.arange(N, dtype=np.uint64) + np.uint64(0 if kind.shared else N * seed) for seed in range(kind.seeds)]
    design = design_of(names, one_training=False)
    worst = np.full((kind.entries, 1, kind.seeds), -1.0)
    on_tasks, imputed, complete = [], [], np.ones(kind.entries, dtype=bool)
    for _ in range(kind.tasks):
        several = 1 if kind.shared else kind.seeds
        common, own = draw(several, N), draw(kind.entries, several, N)
        terms = (common + own + draw(kind.entries, kind.seeds, N)) / 3**0.5
        terms += rng.normal(size=(kind.entries, kind.seeds, 1)) / N**0.5
        failed = rng.random((kind.entries, kind.seeds)) < kind.failing
        values = np.where(failed, np.nan, terms.mean(axis=2))
        influence = np.where(failed[:, :, None], 0.0, (terms - terms.mean(axis=2, keepdims=True)) / N)
        marks = np.arange(kind.seeds, dtype=np.uint64)[None, None]
        arrays = [CellArrays(values[e][None], influence[e][None], marks) for e in range(kind.entries)]
        on_tasks.append(compared_on_task(arrays, worst, design))
        imputed.append(np.where(failed, -1.0, values).mean(axis=1))
        complete &= ~failed.any(axis=1)
    over = [compared_over_tasks(on_tasks, np.stack(imputed, axis=1), complete)] if kind.tasks >= ENOUGH_TASKS else []
    return [*on_tasks, *over]


def false_orders(kind: Kind, draws: int) -> tuple[float, float]:
    """The share of boards that order two entries, and the share of single comparisons with a p below 5 %."""
    boards, single = 0, []
    for draw in range(draws):
        found = null_board(kind, np.random.default_rng([draw, kind.entries, kind.tasks, kind.seeds]))
        boards += any(flags.any() for flags in standing(found, 0.05))
        p = np.concatenate([each.p for each in found])
        single.append(float((p[np.isfinite(p)] < 0.05).mean()))
    return boards / draws, float(np.mean(single))


TESTED = [Kind(5, 3), Kind(10, 8), Kind(30, 3), Kind(10, 12), Kind(10, 8, shared=False), Kind(10, 8, failing=0.1)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", TESTED, ids=str)
def test_a_board_of_pure_noise_has_an_order_once_in_twenty_times_or_less(kind: Kind) -> None:
    draws = 100
    boards, _ = false_orders(kind, draws)
    assert boards <= 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / draws), f"{100 * boards:.0f} % of boards"


if __name__ == "__main__":
    print("| entries | tasks | seeds | test examples | terms | cells that fail, % | draws | boards with an order, % | "
          "comparisons with p < .05, % |\n|" + "---|" * 9)
    for each in (*SIZES, *OTHERS):
        number = 100 if each.entries == 30 and each.tasks > 3 else 300
        of_boards, of_single = false_orders(each, number)
        print(f"| {each.entries} | {each.tasks} | {each.seeds} | {N}, {'shared' if each.shared else 'anew'} | "
              f"{'lognormal' if each.skewed else 'normal'} | {100 * each.failing:.0f} | {number} | {100 * of_boards:.1f} | "
              f"{100 * of_single:.1f} |", flush=True)
