"""Where nothing is better than anything else, at most 5 % of tables have a star: as many lines, seeds and shared test examples as
the published tables have.

`python tests/tables/test_false_stars.py` prints the table of docs/inference.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from w2s_bench.contracts import Array
from w2s_bench.registry.measures import row_columns
from w2s_bench.scoring.columns import BOUNDS, polars_schema
from w2s_bench.tables.comparisons import comparisons
from w2s_bench.tables.inference import Terms
from w2s_bench.tables.summary import summary

NO_BOUNDS = pl.DataFrame(schema=polars_schema(BOUNDS))


@dataclass(frozen=True)
class Kind:
    """A table: pairs of models, strategies of each, seeds, test examples of a seed, and of how many (population) these are drawn:
    n of n are one test file, 0 stands for a new sample each seed."""

    like: str
    pairs: int
    strategies: int
    seeds: int
    n: int
    population: int


GAINS = (
    Kind("quickstart: pairs, new samples", 11, 1, 8, 300, 0),
    Kind("paper-synthetic: pairs, new samples", 80, 1, 5, 100, 0),
    Kind("paper-molecules: pairs, one test file", 56, 1, 3, 113, 113),
    Kind("sst-local: pairs, one test file", 123, 1, 3, 300, 300),
    Kind("diabetes-teachers: pairs, re-splits", 16, 1, 20, 88, 442),
)
DIFFERENCES = (
    Kind("sst-local: strategies, one test file", 9, 9, 3, 300, 300),
    Kind("label-cleaning: strategies, one test file", 1, 15, 5, 500, 500),
    Kind("quickstart: strategies, new samples", 3, 2, 8, 300, 0),
)


def null_table(kind: Kind, rng: np.random.Generator) -> tuple[pl.DataFrame, Terms]:
    """Rows whose gains are 0 in the population, and their terms. A gain of an example is skewed; half of its variance is the
    example's in every seed, and half of that in every pair and strategy too; a seed's own effect has the variance of its mean."""
    population = kind.population or kind.n * kind.seeds
    shared = kind.population > 0
    names = [np.sort(rng.choice(population, kind.n, replace=False)) if shared else np.arange(kind.n) + kind.n * seed
             for seed in range(kind.seeds)]

    def skewed(*shape: int) -> Array:
        return np.asarray((np.exp(rng.normal(size=shape)) - np.exp(0.5)) / 2.16)

    common = skewed(population)
    rows, kept = [], []
    for pair in range(kind.pairs):
        for strategy in range(kind.strategies):
            own = skewed(population)
            of_seeds = rng.normal(size=kind.seeds) / np.sqrt(kind.n)
            for seed, examples in enumerate(names):
                gain = 0.5 * common[examples] + 0.5 * own[examples] + np.sqrt(0.5) * skewed(kind.n) + of_seeds[seed]
                key = f"{pair}-{strategy}-{seed}"
                rows.append({
                    "run_id": "r", "cell_key": key, "status": "ok", "task": "t", "task_set": "t", "panels": [],
                    "weak": f"w{pair}", "strong": "s", "strategy": f"strategy-{strategy:02d}", "supervisor": "p", "seed": seed,
                    "direction": "weak-to-strong", "divergence": "squared", "output_unit": "", "err_weak": 9.0,
                    "err_student": 9.0 - gain.mean(), "err_ceiling": 1.0, "gain": gain.mean(), "misfit": 1.0 + abs(gain).mean(),
                    "gain_se": gain.std(ddof=1) / np.sqrt(kind.n), "n_test": kind.n, "test_shared": shared, "flags": [],
                    "fingerprint_supervise": str(seed), "fingerprint_test": "one" if kind.n == population else str(seed)})
                if shared:
                    kept.append(pl.DataFrame({
                        "cell_key": [key] * kind.n, "example": examples.astype(np.uint64), "err_weak": np.full(kind.n, 9.0),
                        "err_student": 9.0 - gain, "misfit": 1.0 + abs(gain)}))
    return pl.DataFrame(rows, schema=polars_schema(row_columns())), Terms(lambda: pl.concat(kept)) if kept else Terms()


def starred(kind: Kind, draws: int) -> tuple[float, float]:
    """The share of tables with a star at a gain (or at a difference of gains), and the share of their lines that have one."""
    tables, lines = 0, []
    for draw in range(draws):
        rows, terms = null_table(kind, np.random.default_rng([draw, kind.pairs, kind.strategies]))
        if kind in GAINS:
            beyond = summary(rows, NO_BOUNDS, None, terms)["gain_beyond"]
        else:
            found = comparisons(rows, None, terms)
            beyond = found.filter((pl.col("measure") == "gain") & pl.col("difference").is_not_null())["beyond"]
        tables += bool(beyond.any())
        lines.append(float(beyond.mean()))  # type: ignore[arg-type]
    return tables / draws, float(np.mean(lines))


@pytest.mark.slow
@pytest.mark.parametrize("kind", (GAINS[0], GAINS[2], *DIFFERENCES), ids=lambda kind: kind.like)
def test_where_nothing_differs_a_table_has_a_star_once_in_twenty_times_or_less(kind: Kind) -> None:
    tables, _ = starred(kind, 80)
    assert tables <= 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / 80), f"{100 * tables:.0f} % of tables"


if __name__ == "__main__":
    print("| like | lines | seeds | test examples | tables with a star, % | lines with one, % |\n|---|---|---|---|---|---|")
    for each in (*GAINS, *DIFFERENCES):
        of_tables, of_lines = starred(each, 200)
        drawn = f"{each.n} of {each.population}" if each.population else f"{each.n} anew"
        print(f"| {each.like} | {each.pairs * each.strategies} | {each.seeds} | {drawn} | {100 * of_tables:.1f} | "
              f"{100 * of_lines:.2f} |", flush=True)
