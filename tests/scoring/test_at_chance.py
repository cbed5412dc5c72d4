"""How often a teacher is taken for one that knows no more than a constant: the table of docs/inference.md.

`python tests/scoring/test_at_chance.py` prints it. Teachers of two classes that are equally frequent are right with a
probability and state it (.55 where it is less), and half of what a seed of theirs says of an example is the same in all; those of
numbers explain a share of the variance.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

CLASSES, NUMBERS = (0.0, 0.02, 0.05, 0.10), (0.0, 0.02, 0.05, 0.10)
"""How much better than chance: in accuracy, and in the share of the variance that is explained."""


def of_classes(rng: np.random.Generator, better: float, seeds: int, n: int, *, shared: bool) -> np.ndarray:
    """What the teacher errs less than a constant, in nats, (seeds, n)."""
    stated = max(better, 0.05)
    samples = 1 if shared else seeds
    truth = rng.integers(0, 2, (samples, n))
    rate = np.clip(truth.mean(axis=1, keepdims=True), 1e-7, 1 - 1e-7)
    drawn = np.where(rng.random((seeds, n)) < 0.5, rng.random((samples, n)), rng.random((seeds, n)))
    right = drawn < 0.5 + better
    return np.asarray(np.log(np.where(right, 0.5 + stated, 0.5 - stated)) - np.log(np.where(truth == 1, rate, 1.0 - rate)))


def of_numbers(rng: np.random.Generator, better: float, seeds: int, n: int, *, shared: bool) -> np.ndarray:
    """The same in squared units of numbers with variance 1: the teacher says .15·y and noise, half of which its seeds share."""
    samples = 1 if shared else seeds
    truth, noise = rng.normal(size=(samples, n)), rng.normal(size=(samples, n)) + rng.normal(size=(seeds, n))
    said = 0.15 * truth + noise * ((1.0 - better - 0.85**2) / 2.0) ** 0.5
    return np.asarray((truth - truth.mean(axis=1, keepdims=True)) ** 2 - (truth - said) ** 2)


def dropped(draw: Callable[..., np.ndarray], better: float, seeds: int, n: int, *, shared: bool, draws: int = 1000) -> float:
    """The share of such teachers that is taken for one at chance."""
    rng = np.random.default_rng([seeds, n, int(1000 * better), shared])
    out = [draw(rng, better, seeds, n, shared=shared).mean() <= 0.0 for _ in range(draws)]
    return float(np.mean(out))


@pytest.mark.parametrize("shared", [False, True], ids=["drawn anew", "shared"])
def test_a_teacher_that_knows_nothing_and_says_more_is_out_and_one_that_knows_something_stays(shared: bool) -> None:
    for seeds in (3, 5):
        assert dropped(of_classes, 0.0, seeds, 200, shared=shared) >= 0.9
        for draw in (of_classes, of_numbers):
            assert dropped(draw, 0.10, seeds, 200, shared=shared) <= 0.06
            assert dropped(draw, 0.05, seeds, 1000, shared=shared) <= 0.06


def table() -> str:
    """The table of the page, in Markdown."""
    heads = [f"{kind} {100 * better:.0f}" for kind, of in (("accuracy 50 +", CLASSES), ("R², %:", NUMBERS)) for better in of]
    lines = [f"| {' | '.join(['test set', 'n', 'seeds', *heads])} |", "|---" * (3 + len(heads)) + "|"]
    for shared in (False, True):
        for n in (50, 200, 1000):
            for seeds in (3, 5):
                cells = [f"{100 * dropped(draw, better, seeds, n, shared=shared):.0f}"
                         for draw, of in ((of_classes, CLASSES), (of_numbers, NUMBERS)) for better in of]
                lines.append(f"| {'shared' if shared else 'anew'} | {n} | {seeds} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
