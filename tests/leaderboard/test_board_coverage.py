"""Every kind of interval that a board prints against the truth of simulated populations: a table of docs/board-statistics.md.

`python tests/leaderboard/test_board_coverage.py` prints it. An entry's value on a task is a mean over two settings, then seeds;
what an example adds is normal or lognormal (σ = 1), half of it the same in all seeds where these share a test file; a seed adds
a normal effect with the variance of its mean. A difference is of two entries that have half of that in common; an accuracy is
of a student that is right in 80 % and a teacher that is right in 70 %, and half as often as chance would have it are they right
apart.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from w2s_bench.contracts import Array
from w2s_bench.scoring.intervals import Estimate
from w2s_bench.tables.cell_arrays import CellArrays, design_of, inferred_cells
from w2s_bench.tables.inference import over_task_sets

SEEDS, TASKS = (2, 3, 5, 10, 20), (8, 12, 20)
KINDS = ("value", "difference", "accuracy")
MEAN = float(np.exp(0.5))
SPREAD = float(np.sqrt((np.e - 1.0) * np.e))


def draw(rng: np.random.Generator, dist: str, *shape: int) -> Array:
    """Terms of mean 0 and variance 1."""
    return np.asarray((rng.lognormal(size=shape) - MEAN) / SPREAD if dist == "lognormal" else rng.standard_normal(shape))


def arrays(terms: Array) -> CellArrays:
    """terms: (j, s, n)."""
    marks = np.arange(terms.shape[0] * terms.shape[1], dtype=np.uint64).reshape(1, *terms.shape[:2])
    return CellArrays(terms.mean(axis=2), (terms - terms.mean(axis=2, keepdims=True)) / terms.shape[2], marks)


def terms_of(rng: np.random.Generator, dist: str, seeds: int, n: int, *, shared: bool, kind: str) -> Array:
    """(2, s, n) of one entry, or of the difference of two; their mean is 0 in the population."""
    if kind == "accuracy":
        return right_apart(rng, seeds, n, shared=shared)
    if kind == "difference":
        common = draw(rng, dist, 1, 1 if shared else seeds, n)
        return (terms_of(rng, dist, seeds, n, shared=shared, kind="value") + common) - (
            terms_of(rng, dist, seeds, n, shared=shared, kind="value") + common)
    example = draw(rng, dist, 1, 1 if shared else seeds, n)
    effects = rng.standard_normal((1, seeds, 1)) / n**0.5
    return np.asarray((example + draw(rng, dist, 2, seeds, n)) / 2**0.5 + effects)


def right_apart(rng: np.random.Generator, seeds: int, n: int, *, shared: bool) -> Array:
    """−1, 0 and 1 less their mean of .1, of two cells that rest on the same difficulty of an example."""
    several = 1 if shared else seeds
    hard = rng.standard_normal((1, several, n))
    student, teacher = ((hard + rng.standard_normal((2, seeds, n))) / 2**0.5 < level for level in (0.8416, 0.5244))
    return student.astype(float) - teacher - 0.1


def coverage(found: Iterator[Estimate], truth: float = 0.0) -> float:
    """How often an interval holds the truth."""
    return float(np.mean([each.low <= truth <= each.high for each in found]))


def on_a_task(dist: str, seeds: int, *, shared: bool, kind: str, draws: int = 1500, n: int = 100) -> float:
    """The interval of a mean on one task."""
    rng = np.random.default_rng([seeds, shared, len(dist), len(kind)])
    names = [np.arange(n, dtype=np.uint64) + np.uint64(0 if shared else seed * n) for seed in range(seeds)]
    design = design_of(names, one_training=False)

    def found() -> Iterator[Estimate]:
        for _ in range(draws):
            made = inferred_cells(arrays(terms_of(rng, dist, seeds, n, shared=shared, kind=kind)), design)
            assert made is not None
            yield made.estimate

    return coverage(found())


def over_tasks(dist: str, tasks: int, sigma: float = 1.0, draws: int = 4000) -> float:
    """The interval of a mean over tasks, whose values are normal or lognormal."""
    rng = np.random.default_rng([tasks, len(dist), int(10 * sigma)])
    mean = float(np.exp(sigma**2 / 2.0)) if dist == "lognormal" else 0.0
    values = rng.lognormal(0.0, sigma, (draws, tasks)) if dist == "lognormal" else rng.standard_normal((draws, tasks))
    return coverage((over_task_sets(each, skewed=True).estimate for each in values), mean)


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True], ids=["anew", "shared"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dist", ["normal", "lognormal"])
def test_the_interval_of_a_value_and_of_a_difference_on_a_task_covers(dist: str, kind: str, shared: bool) -> None:
    """Two seeds that share a test file have an interval that is rather too wide, and so have seeds that draw nothing of their
    own, as those of the accuracies; see the page."""
    for seeds in SEEDS:
        share = on_a_task(dist, seeds, shared=shared, kind=kind, draws=800)
        wide = shared and (seeds == 2 or kind == "accuracy")
        assert 0.915 <= share <= (0.999 if wide else 0.98), (seeds, share)


@pytest.mark.slow
@pytest.mark.parametrize("tasks", TASKS)
def test_the_interval_over_tasks_covers(tasks: int) -> None:
    """Task values that are lognormal with σ = 1 are too skewed for so few; see the page."""
    assert 0.93 <= over_tasks("normal", tasks) <= 0.975
    assert 0.93 <= over_tasks("lognormal", tasks, 0.5) <= 0.975
    assert over_tasks("lognormal", tasks, 1.0) >= 0.90


if __name__ == "__main__":
    heads = [f"{s} seeds, {how}" for how in ("anew", "shared") for s in SEEDS]
    print(f"| interval | terms | {' | '.join(heads)} |\n|{'---|' * (2 + len(heads))}")
    for kind in KINDS:
        for dist in ("normal", "lognormal") if kind != "accuracy" else ("right or wrong",):
            shares = [on_a_task(dist, s, shared=shared, kind=kind) for shared in (False, True) for s in SEEDS]
            print(f"| {kind} | {dist} | " + " | ".join(f"{100 * share:.0f}" for share in shares) + " |", flush=True)
    print(f"\n| values of tasks | {' | '.join(f'{t} tasks' for t in TASKS)} |\n|{'---|' * (1 + len(TASKS))}")
    for name, dist, sigma in (("normal", "normal", 1.0), ("lognormal, σ = .5", "lognormal", 0.5),
                              ("lognormal, σ = 1", "lognormal", 1.0)):
        print(f"| {name} | " + " | ".join(f"{100 * over_tasks(dist, t, sigma):.0f}" for t in TASKS) + " |", flush=True)
