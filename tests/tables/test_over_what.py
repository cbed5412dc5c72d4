"""Every interval that a command prints is made in one place: where seeds share test examples it is the two-way one, or says that
it is of this test set alone."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import w2s_bench
from w2s_bench.registry.measures import row_columns
from w2s_bench.report.notebook import Run
from w2s_bench.report.wording import intervals_in_words, mark_of
from w2s_bench.running.table_files import NAMED, ROW, TERM, write_parquet
from w2s_bench.scoring.columns import BOUNDS, polars_schema
from w2s_bench.scoring.intervals import Estimate, across_seeds, ratio
from w2s_bench.tables.choices import choices
from w2s_bench.tables.inference import ASKED, CROSSED, SEEDS, TEST_SET, THIS_TEST_SET, Terms, inferred, inferred_ratio
from w2s_bench.tables.predictions import predictions
from w2s_bench.tables.regret import by_setting
from w2s_bench.tables.relation import relation
from w2s_bench.tables.teachers import teachers

Ask = Callable[..., str]
NO_BOUNDS = pl.DataFrame(schema=polars_schema(BOUNDS))
ERROR, SEEDS_OF, N = 3.0, 5, 100


MAKERS = {"estimate", "across_seeds", "around", "ratio", "delta_method", "over_seeds_and_examples"}
"""Functions of scoring/ that make an interval."""


def test_no_interval_over_cells_is_made_outside_of_inference() -> None:
    """All rooms above scoring/ ask tables/inference.py, or tables/cell_arrays.py, which is the same for many entries at once.

    A row's own intervals and those of a user's files are scoring's, and so are those of terms over seeds, which are over test
    examples and of these very seeds, what a check says of one cell, and the spread on which a season's floor rests.
    """
    package = Path(w2s_bench.__file__).parent
    found = {str(path.relative_to(package)): names for room in ("tables", "report", "figures", "leaderboard", "cli")
             for path in (package / room).rglob("*.py")
             if (names := MAKERS & {alias.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                                    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("w2s_bench.scoring")
                                    for alias in node.names})}
    assert set(found) == {"tables/inference.py", "tables/cell_arrays.py", "tables/across_seeds.py", "leaderboard/suspicions.py",
                          "leaderboard/freezing.py", "leaderboard/floor.py"}


def drawn(*, teachers: int = 1, shared: bool = True, draw: int = 0) -> tuple[pl.DataFrame, Terms, pl.DataFrame]:
    """Rows of seeds on one test file (or on one each), each with the terms of its examples: gain and misfit go together, and
    an example says much the same in every seed."""
    rng = np.random.default_rng(draw)
    rows, kept = [], []
    for w in range(teachers):
        easy = rng.normal(size=N)
        for seed in range(SEEDS_OF):
            misfit = 1.0 + 0.1 * w + 0.5 * easy + 0.1 * rng.normal(size=N)
            gains = misfit + 0.1 * rng.normal(size=N)
            key = f"{w}-{seed}"
            rows.append({
                "run_id": "r", "cell_key": key, "status": "ok", "task": "t", "task_set": "t", "panels": [], "weak": f"w{w}",
                "strong": "S", "strategy": "s", "supervisor": "p", "seed": seed, "direction": "weak-to-strong",
                "divergence": "squared", "output_unit": "kg", "err_weak": ERROR, "err_student": ERROR - gains.mean(),
                "err_ceiling": 0.1, "gain": gains.mean(), "misfit": misfit.mean(), "n_test": N, "test_shared": shared,
                "flags": [],
                "fingerprint_test": "one" if shared else str(seed), "fingerprint_supervise": str(seed)})
            kept.append(pl.DataFrame({"cell_key": [key] * N, "example": np.arange(N, dtype=np.uint64),
                                      "err_weak": np.full(N, ERROR), "err_student": ERROR - gains, "misfit": misfit}))
    terms = pl.concat(kept)
    return pl.DataFrame(rows, schema=polars_schema(row_columns())), Terms(lambda: terms), terms


def wide(line: dict[str, float], name: str) -> float:
    return line[f"{name}_high"] - line[f"{name}_low"]


def test_the_misfit_of_predict_has_the_interval_over_seeds_and_examples() -> None:
    rows, terms, _ = drawn()
    line = predictions(rows, NO_BOUNDS, terms=terms).row(0, named=True)
    found = inferred(rows, "misfit", terms)
    assert found is not None and found.over == CROSSED
    assert {line[f"{name}_over"] for name in ("misfit", "gain", "gain_over_misfit")} == {CROSSED}
    assert (line["misfit_low"], line["misfit_high"]) == (found.estimate.low, found.estimate.high)
    alone = across_seeds(rows["misfit"].to_numpy())
    assert wide(line, "misfit") > 2.0 * (alone.high - alone.low)
    without = predictions(rows, NO_BOUNDS).row(0, named=True)
    assert without["misfit_over"] == TEST_SET and wide(without, "misfit") == pytest.approx(alone.high - alone.low)


def test_the_ratio_of_means_of_independent_seeds_is_the_delta_methods() -> None:
    rows, terms, _ = drawn(shared=False)
    found = inferred_ratio(rows, "gain", "misfit", terms)
    expected = ratio(rows["gain"].to_numpy(), rows["misfit"].to_numpy())
    assert found is not None and found.over == SEEDS
    assert (found.estimate.mean, found.estimate.low, found.estimate.high) == pytest.approx(
        (expected.mean, expected.low, expected.high))
    assert inferred_ratio(rows.with_columns(misfit=pl.lit(0.0)), "gain", "misfit", terms) is None


@pytest.mark.slow
def test_the_ratio_of_means_over_seeds_that_share_a_test_file_covers() -> None:
    """gain = 1·misfit + noise that examples carry in all seeds alike: nearly all that two seeds do not tell."""
    held, alone = [], []
    for draw in range(400):
        rng = np.random.default_rng(draw)
        rows, _, kept = drawn(draw=draw)
        moved = dict(zip(range(N), 0.5 * rng.normal(size=N), strict=True))
        kept = kept.with_columns(err_student=pl.col("err_student") - pl.col("example").replace_strict(moved))
        by = kept.group_by("cell_key").agg(gain=ERROR - pl.col("err_student").mean())
        rows = rows.drop("gain").join(by, on="cell_key", maintain_order="left").with_columns(err_student=ERROR - pl.col("gain"))
        found = inferred_ratio(rows, "gain", "misfit", Terms(lambda kept=kept: kept))
        assert found is not None
        held.append(found.estimate.low <= 1.0 <= found.estimate.high)
        told = ratio(rows["gain"].to_numpy(), rows["misfit"].to_numpy())
        alone.append(told.low <= 1.0 <= told.high)
    assert 0.92 <= np.mean(held) <= 0.98 and np.mean(alone) < 0.6


def test_the_ratio_of_relate_and_the_lines_say_that_seeds_share_a_test_set() -> None:
    rows, terms, _ = drawn(teachers=4)
    line = relation(rows, "misfit", "gain", terms=terms).row(0, named=True)
    assert line["ratio_over"] == CROSSED and line["line_alone"]
    assert not relation(drawn(teachers=4, shared=False)[0], "misfit", "gain")["line_alone"].item()


def test_teachers_are_told_apart_over_seeds_and_examples_and_regrets_are_of_this_test_set() -> None:
    """Seeds agree on who is better because they share the examples; new examples would not."""
    rows, terms, _ = drawn(teachers=2)
    line, alone = (teachers(rows, terms=kept).row(0, named=True) for kept in (terms, THIS_TEST_SET))
    assert (line["difference_over"], alone["difference_over"]) == (CROSSED, ASKED)
    assert wide(line, "difference") > 3.0 * wide(alone, "difference") and line["difference"] == pytest.approx(alone["difference"])
    regret = by_setting(choices(rows)).filter(pl.col("rule") == "random").row(0, named=True)
    assert regret["regret_over"] == TEST_SET


@pytest.mark.slow
def test_of_two_equal_teachers_on_one_test_file_none_is_told_from_the_other_in_19_of_20() -> None:
    told, alone = [], []
    for draw in range(300):
        rng = np.random.default_rng(1000 + draw)
        parts = [drawn(draw=int(rng.integers(1 << 30)))[2] for _ in range(2)]
        kept = pl.concat([part.with_columns(cell_key=pl.format("{}-{}", pl.lit(w), pl.col("cell_key").str.slice(2)))
                          for w, part in enumerate(parts)])
        misfits = dict(kept.group_by("cell_key").agg(pl.col("misfit").mean()).iter_rows())
        rows = drawn(teachers=2)[0].with_columns(misfit=pl.col("cell_key").replace_strict(misfits))
        told.append(not teachers(rows, terms=Terms(lambda kept=kept: kept))["tied"][0].to_list())
        alone.append(not teachers(rows, terms=THIS_TEST_SET)["tied"][0].to_list())
    assert np.mean(told) <= 0.07 and np.mean(alone) > 0.4


def test_of_this_test_set_is_narrower_and_marked_and_says_so(ask: Ask) -> None:
    rows, terms, kept = drawn()
    write_parquet(rows, Path("rows.parquet"), {NAMED: ROW.label})
    write_parquet(kept.with_columns(pl.col("err_weak", "err_student", "misfit").cast(pl.Float32)), Path("terms.parquet"),
                  {NAMED: TERM.label})
    plain, alone = (ask("show", "rows.parquet", "--by", "weak", *more) for more in ((), ("--over", "this-test-set")))
    assert "°" not in plain and "over new seeds and new test examples" in " ".join(plain.split())
    said = " ".join(alone.split())
    assert f"° over {intervals_in_words([ASKED]).split('° over ')[1]}" in said and "°" in alone.split("±: ")[0]
    both = [json.loads(ask("predict", "rows.parquet", "--json", *more))["groups"][0] for more in (
        (), ("--over", "this-test-set"))]
    assert wide(both[1], "misfit") < 0.5 * wide(both[0], "misfit") and both[1]["misfit_over"] == ASKED
    run = Run(rows, NO_BOUNDS, terms=terms)
    lines = [found.summary().row(0, named=True) for found in (run, run.of_this_test_set)]
    assert wide(lines[1], "gain") < 0.5 * wide(lines[0], "gain") and lines[1]["gain_over"] == ASKED and mark_of(ASKED) == "°"


def test_of_this_test_set_one_seed_has_no_interval_and_seeds_with_their_own_samples_keep_theirs() -> None:
    rows, _, _ = drawn()
    one = inferred(rows.filter(pl.col("seed") == 0), "gain", THIS_TEST_SET)
    assert one is not None and one.over is None and np.isnan(one.estimate.low)
    own = inferred(drawn(shared=False)[0], "gain", THIS_TEST_SET)
    assert own is not None and own.over == SEEDS and isinstance(own.estimate, Estimate)

