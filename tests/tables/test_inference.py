"""What an interval is over is decided by what the seeds share, and it is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from w2s_bench.registry.measures import row_columns
from w2s_bench.report.wording import intervals_in_words, mark_of
from w2s_bench.scoring.columns import polars_schema
from w2s_bench.scoring.intervals import across_seeds, estimate
from w2s_bench.tables.comparisons import comparisons
from w2s_bench.tables.inference import CROSSED, EXAMPLES, FITS, SEEDS, TEST_SET, UNCHECKED, Terms, inferred
from w2s_bench.tables.summary import summary

NO_BOUNDS = pl.DataFrame(schema={"run_id": pl.String, "cell_key": pl.String, "bound": pl.String, "split": pl.String,
                                 "lhs": pl.Float64, "rhs": pl.Float64, "slack": pl.Float64, "tightness": pl.Float64,
                                 "verdict": pl.String, "fails": pl.List(pl.String)})


def made(gains: np.ndarray, *, shared: bool | None, training: str = "of each", strategy: str = "s", error: float = 2.0,
         ) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows and terms of seeds with these gains of examples, (s, n), whose names are 0 … n − 1."""
    rows, terms = [], []
    for seed, mine in enumerate(gains):
        key = f"{strategy}-{seed}"
        rows.append({
            "run_id": "r", "cell_key": key, "status": "ok", "task": "t", "task_set": "t", "panels": [], "weak": "w",
            "strong": "S",
            "strategy": strategy, "supervisor": "p", "seed": seed, "direction": "weak-to-strong", "divergence": "squared",
            "output_unit": "kg", "err_weak": error, "err_student": error - mine.mean(), "err_ceiling": 1.0, "gain": mine.mean(),
            "gain_se": mine.std(ddof=1) / len(mine) ** 0.5, "misfit": 0.5 + abs(mine.mean()), "n_test": len(mine),
            "test_shared": shared, "fingerprint_test": "one", "flags": [],
            "fingerprint_supervise": f"{seed}" if training == "of each" else "one"})
        terms.append(pl.DataFrame({"cell_key": [key] * len(mine), "example": np.arange(len(mine), dtype=np.uint64),
                                   "err_weak": np.full(len(mine), error), "err_student": error - mine,
                                   "misfit": np.full(len(mine), 0.5 + abs(mine.mean()))}))
    return pl.DataFrame(rows, schema=polars_schema(row_columns())), pl.concat(terms)


def gains(s: int, n: int, *, of_seeds: float = 0.1, mean: float = 0.0, draw: int = 0) -> np.ndarray:
    rng = np.random.default_rng(draw)
    return mean + rng.normal(size=n) + of_seeds * rng.normal(size=(s, 1)) + 0.3 * rng.normal(size=(s, n))


@pytest.mark.parametrize(("told", "over"), [
    ({"shared": False}, SEEDS), ({"shared": None}, UNCHECKED), ({"shared": True}, CROSSED),
    ({"shared": True, "training": "one"}, FITS)])
def test_what_seeds_share_decides(told: Mapping[str, Any], over: str) -> None:
    terms = gains(5, 80)
    rows, kept = made(terms, **told)
    if not told["shared"]:
        rows = rows.with_columns(fingerprint_test=pl.col("seed").cast(pl.String))
    found = inferred(rows, "gain", Terms(lambda: kept))
    assert found is not None and found.over == over and found.seeds == 5
    alone = across_seeds(terms.mean(axis=1))
    assert (found.estimate.se == pytest.approx(alone.se)) == (over in (SEEDS, UNCHECKED))
    assert found.estimate.mean == pytest.approx(alone.mean, rel=1e-6)


def test_without_the_terms_it_is_of_this_test_set_and_says_so() -> None:
    rows, _ = made(gains(3, 80), shared=True)
    found = inferred(rows, "gain", Terms())
    assert found is not None and found.over == TEST_SET and mark_of(found.over) == "°"
    assert "° over seeds, of this test set alone" in intervals_in_words([found.over])


def test_runs_of_one_seed_each_that_share_a_test_split_are_not_taken_for_independent_draws() -> None:
    """Each of them saw no other seed, so `test_shared` is false in both; the digests of their test splits are one."""
    rows, _ = made(gains(3, 80), shared=False)
    assert rows["fingerprint_test"].n_unique() == 1
    found = inferred(rows, "gain", Terms())
    assert found is not None and found.over == TEST_SET
    apart = inferred(rows.with_columns(fingerprint_test=pl.col("seed").cast(pl.String)), "gain", Terms())
    assert apart is not None and apart.over == SEEDS


def test_copies_of_one_row_count_once_and_are_judged_over_test_examples() -> None:
    """A file with given splits and a strategy without randomness: five identical rows are one."""
    one = gains(1, 80, mean=0.4)
    rows, kept = made(np.repeat(one, 5, axis=0), shared=True, training="one")
    found = inferred(rows, "gain", Terms(lambda: kept))
    assert found is not None and (found.over, found.seeds, found.copies) == (EXAMPLES, 1, 4)
    assert found.estimate.high - found.estimate.mean == pytest.approx(estimate(one[0]).high - one[0].mean(), rel=1e-4)
    line = summary(rows, NO_BOUNDS, terms=Terms(lambda: kept)).row(0, named=True)
    assert line["copies"] == 4 and line["gain_over"] == EXAMPLES and not 0.0 < line["gain_high"] - line["gain"] < 0.1


def test_a_pair_is_one_again_only_where_both_its_cells_are() -> None:
    """A strategy without randomness beside one with it, on given splits: its rows repeat, the differences do not."""
    fixed, of_fixed = made(np.repeat(gains(1, 80), 5, axis=0), shared=True, training="one", strategy="fixed")
    drawn, of_drawn = made(gains(5, 80, draw=3), shared=True, training="one", strategy="drawn")
    both, kept = pl.concat([fixed, drawn]), pl.concat([of_fixed, of_drawn])
    line = comparisons(both, "drawn", Terms(lambda: kept)).filter(
        pl.col("strategy") == "fixed", pl.col("measure") == "gain").row(0, named=True)
    assert line["difference_over"] == FITS
    assert line["difference"] == pytest.approx(fixed["gain"].mean() - drawn["gain"].mean())


@pytest.mark.slow
def test_equal_strategies_on_one_test_file_are_starred_in_5_percent_of_tables_and_were_in_more() -> None:
    starred, alone = [], []
    for draw in range(300):
        rng = np.random.default_rng(draw)
        shared = rng.normal(size=100)
        new, old = (shared + rng.normal(size=100) + 0.2 * rng.normal(size=(5, 100)) for _ in range(2))
        first, of_first = made(new, shared=True, strategy="new")
        second, of_second = made(old, shared=True, strategy="old")
        kept = pl.concat([of_first, of_second])
        table = comparisons(pl.concat([first, second]), "old", Terms(lambda kept=kept: kept))
        starred.append(table.filter(pl.col("strategy") == "new", pl.col("measure") == "gain")["beyond"].item())
        alone.append(not across_seeds((new - old).mean(axis=1)).contains_zero)
    assert np.mean(starred) <= 0.07 and np.mean(alone) > 0.5


def test_a_table_says_how_many_stars_chance_alone_would_give(capsys: pytest.CaptureFixture[str]) -> None:
    from w2s_bench.report.comparison import show_comparison

    first, of_first = made(gains(4, 60, mean=2.0), shared=True, strategy="new")
    second, of_second = made(gains(4, 60, draw=1), shared=True, strategy="old")
    kept = pl.concat([of_first, of_second])
    show_comparison(pl.concat([first, second]), "old", Terms(lambda: kept), False, False)
    said = " ".join(capsys.readouterr().out.split())
    assert "over new seeds and new test examples, of the paired differences" in said
    assert "*: beyond noise among the 2 differences of this table (false discovery 5 %): " in said
    assert "where chance alone would give about 0.1." in said


def test_a_single_cell_whose_student_names_the_same_classes_has_a_gain_in_accuracy_of_0_with_an_interval() -> None:
    rows, _ = made(gains(1, 80), shared=False)
    same = rows.with_columns(gain_accuracy=pl.lit(0.0), gain_accuracy_se=pl.lit(0.0))
    found = inferred(same, "gain_accuracy", Terms())
    assert found is not None and found.over == EXAMPLES and found.estimate.p > 0.9
    assert -0.05 < found.estimate.low < -0.02 and 0.02 < found.estimate.high < 0.05
