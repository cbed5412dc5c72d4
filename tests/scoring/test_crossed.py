"""Seeds that share test examples are no independent draws: the interval over both covers, the one over seeds alone does not."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_bench.scoring.crossed import Seed, over_seeds_and_examples, seed_of
from w2s_bench.scoring.intervals import Estimate, across_seeds, estimate

NAMES = np.arange(400, dtype=np.uint64)


def balanced(terms: np.ndarray) -> list[Seed]:
    """Terms (s, n) of seeds that share all examples."""
    return [seed_of([(NAMES[:terms.shape[1]], row)]) for row in terms]


def test_a_balanced_layout_is_the_textbook_analysis_of_variance() -> None:
    rng = np.random.default_rng(3)
    s, n = 5, 40
    terms = rng.normal(size=(s, 1)) * 0.3 + rng.normal(size=n) + rng.normal(size=(s, n)) * 0.5
    of_seeds, of_examples, mean = terms.mean(axis=1), terms.mean(axis=0), terms.mean()
    rest = terms - of_seeds[:, None] - of_examples + mean
    ms_seed, ms_example = n * of_seeds.var(ddof=1), s * of_examples.var(ddof=1)
    ms_cross = (rest**2).sum() / ((s - 1) * (n - 1))
    found = over_seeds_and_examples(balanced(terms))
    assert found.mean == pytest.approx(mean)
    assert found.se**2 == pytest.approx((ms_seed + ms_example - ms_cross) / (s * n))


def test_seeds_without_a_common_example_are_students_t() -> None:
    rng = np.random.default_rng(4)
    seeds = [seed_of([(NAMES[40 * s:40 * s + 40], rng.normal(size=40))]) for s in range(4)]
    assert over_seeds_and_examples(seeds) == across_seeds([seed.mean for seed in seeds])


def test_one_seed_is_judged_over_its_examples() -> None:
    terms = np.random.default_rng(5).lognormal(size=60)
    found, alone = over_seeds_and_examples(balanced(terms[None])), estimate(terms)
    assert (found.mean, found.n) == (pytest.approx(alone.mean), 60)
    assert (found.low, found.high) == (pytest.approx(alone.low), pytest.approx(alone.high))


def test_two_cells_of_a_seed_on_the_same_examples_are_one_set_of_examples() -> None:
    terms = np.random.default_rng(6).normal(size=(2, 50))
    seed = seed_of([(NAMES[:50], terms[0]), (NAMES[:50], terms[1])])
    whole = seed_of([(NAMES[:50], terms.mean(axis=0))])
    assert seed.mean == pytest.approx(whole.mean) and np.allclose(seed.influence, whole.influence)


def covered(found: list[Estimate]) -> float:
    return float(np.mean([each.low <= 0.0 <= each.high for each in found]))


@pytest.mark.parametrize("seeds", [3, 10])
def test_one_test_file_for_all_seeds_is_covered_and_was_not(seeds: int) -> None:
    rng = np.random.default_rng(seeds)
    draws = [rng.normal(size=100) + 0.05 * rng.normal(size=(seeds, 1)) + 0.5 * rng.normal(size=(seeds, 100)) for _ in range(1500)]
    assert 0.93 <= covered([over_seeds_and_examples(balanced(terms)) for terms in draws]) <= 0.97
    assert covered([across_seeds(terms.mean(axis=1)) for terms in draws]) < 0.85


def test_resplits_of_one_set_are_wider_than_their_seeds_say() -> None:
    rng = np.random.default_rng(8)
    found, alone = [], []
    for _ in range(800):
        effects = rng.normal(size=200)
        seeds = []
        for _ in range(20):
            drawn = rng.permutation(200)[:40]
            seeds.append(seed_of([(NAMES[drawn], effects[drawn] + 0.3 * rng.normal(size=40))]))
        found.append(over_seeds_and_examples(seeds))
        alone.append(across_seeds([seed.mean for seed in seeds]))
    assert 0.93 <= covered(found) <= 0.97 and covered(alone) < 0.75
