"""Strategies are compared on cells that differ in nothing else, and what is left out is counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from made_tables import make_classes, make_tables

from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.registry.measures import row_columns
from w2s_bench.scoring.columns import polars_schema
from w2s_bench.tables.comparisons import EVERY_TASK, comparisons, dropped, dropped_words, reference_of

Ask = Callable[..., str]
T_OF_THREE = 4.302652729911275
"""97.5 % point of Student's t with 2 degrees of freedom."""


def cell(strategy: str, seed: int, gain: float | None, *, weak: str = "w", task_set: str = "t", status: str = "ok",
         **more: Any) -> dict[str, Any]:
    """A cell whose misfit is a tenth of its gain."""
    return {"run_id": "r", "cell_key": f"{task_set}-{weak}-{strategy}-{seed}", "status": status, "task": task_set,
            "task_set": task_set, "panels": [], "weak": weak, "strong": "s", "strategy": strategy, "supervisor": "p",
            "seed": seed, "direction": "weak-to-strong" if status == "ok" else None, "divergence": "kl", "output_unit": "",
            "gain": gain, "misfit": None if gain is None else gain / 10.0, "flags": [], "test_shared": False, **more}


def table(*cells: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(cells), schema=polars_schema(row_columns()))


def of(found: pl.DataFrame, strategy: str, measure: str = "gain") -> dict[str, Any]:
    return found.filter((pl.col("strategy") == strategy) & (pl.col("measure") == measure)).row(0, named=True)


def test_the_difference_is_paired_cell_by_cell_and_its_interval_is_over_seed_means() -> None:
    """Seeds differ by far more than strategies: only the pairs see the difference. Two teachers a seed count as one value."""
    level = {0: 100.0, 1: -50.0, 2: 7.0}
    apart = {(0, "a"): 1.0, (0, "b"): 3.0, (1, "a"): 3.0, (1, "b"): 3.0, (2, "a"): 4.0, (2, "b"): 4.0}
    cells = [cell("old", seed, level[seed], weak=weak) for seed, weak in apart]
    cells += [cell("new", seed, level[seed] + difference, weak=weak) for (seed, weak), difference in apart.items()]
    line = of(comparisons(table(*cells), "old"), "new")
    assert (line["pairs"], line["seeds"], line["difference_over"]) == (6, 3, "seeds")
    assert line["difference"] == pytest.approx(3.0) and line["mean"] - line["mean_against"] == pytest.approx(3.0)
    assert line["difference_high"] - line["difference"] == pytest.approx(T_OF_THREE * 1.0 / 3 ** 0.5)
    assert line["difference_low"] == pytest.approx(2 * line["difference"] - line["difference_high"])


def test_cells_without_a_pair_are_counted_by_their_reason_and_touch_no_mean() -> None:
    rows = table(
        *(cell("old", seed, 1.0) for seed in range(4)), cell("old", 4, None, status="oom"),
        cell("new", 0, 2.0), cell("new", 1, None, status="diverged"), cell("new", 2, None, status="failed"),
        cell("new", 4, 900.0), cell("new", 5, 900.0), cell("new", 0, 900.0, weak="other"))
    line = of(comparisons(rows, "old"), "new")
    assert (line["pairs"], line["mean"], line["mean_against"], line["difference"]) == (1, 2.0, 1.0, 1.0)
    lost = dropped(rows, "old")
    counted = dict(lost.select("reason", "cells").iter_rows())
    assert counted == {"diverged": 1, "failed": 1, "not run": 1, "oom with old": 1, "not run with old": 2}
    (said,) = dropped_words(rows, lost)
    assert said.startswith("new: 6 of 7 cells make no pair: ") and "1 oom with old" in said
    assert line["difference_low"] is None and line["difference_over"] is None


def test_each_strategy_has_its_own_pairs_and_the_reference_its_means_over_all_of_them() -> None:
    rows = table(*(cell("old", seed, float(seed)) for seed in range(3)), *(cell("new", seed, 5.0) for seed in (0, 1)),
                 cell("newer", 2, 5.0))
    found = comparisons(rows, "old")
    assert [of(found, name)["pairs"] for name in ("old", "new", "newer")] == [3, 2, 1]
    assert of(found, "old")["mean"] == 1.0 and of(found, "old")["difference"] is None
    assert of(found, "new")["mean_against"] == 0.5 and of(found, "newer")["mean_against"] == 2.0


@pytest.mark.parametrize("column", ["task", "weak", "strong", "supervisor"])
def test_cells_that_differ_in_anything_else_are_no_pair(column: str) -> None:
    rows = table(cell("old", 0, 1.0), cell("new", 0, 2.0, **{"cell_key": "x"}))
    other = rows.with_columns(pl.when(pl.col("strategy") == "new").then(pl.lit("else")).otherwise(column).alias(column))
    assert comparisons(rows, "old").height > 0
    with pytest.raises(DataError, match="no cell of old agrees"):
        comparisons(other, "old")


def test_the_reference_is_the_strategy_with_most_scores_unless_it_is_named() -> None:
    rows = table(cell("a[p=1]", 0, 1.0), cell("b[p=1]", 0, 1.0), cell("b[p=1]", 1, 1.0), cell("b[p=2]", 0, 1.0),
                 cell("a[p=1]", 1, None, status="failed"))
    assert reference_of(rows) == "b[p=1]" and reference_of(rows, "a") == "a[p=1]" and reference_of(rows, "b[p=2]") == "b[p=2]"
    with pytest.raises(UsageError, match="2 strategies are called 'b'"):
        reference_of(rows, "b")
    with pytest.raises(UsageError, match="did you mean"):
        reference_of(rows, "b[p=3]")
    with pytest.raises(DataError, match="one strategy only"):
        comparisons(rows.filter(pl.col("strategy") == "a[p=1]"))


def test_task_sets_stand_side_by_side_and_from_eight_on_shares_are_pooled_over_them() -> None:
    def cells(count: int) -> pl.DataFrame:
        return table(*(cell(strategy, seed, 1.0, task_set=f"t{number}", gain_accuracy=0.1 + (0.01 * number + 0.001 * seed) * new)
                       for number in range(count) for seed in range(2) for new, strategy in enumerate(("old", "new"))))

    few = comparisons(cells(7), "old")
    assert few["task_set"].n_unique() == 7 and EVERY_TASK not in few["task_set"].to_list()
    pooled = comparisons(cells(8), "old").filter(pl.col("task_set") == EVERY_TASK)
    assert set(pooled["measure"]) == {"gain_accuracy"}, "a gain in nats of one task set is none of another's"
    line = of(pooled, "new", "gain_accuracy")
    values = pl.Series([0.01 * number + 0.0005 for number in range(8)])
    assert line["difference_over"] == "task sets" and line["difference"] == pytest.approx(values.mean())
    half = 2.3646242510102993 * float(values.std()) / 8 ** 0.5  # type: ignore[arg-type]
    assert line["difference_high"] - line["difference"] == pytest.approx(half)


def test_numbers_have_gain_and_misfit_and_classes_what_became_of_agreement() -> None:
    numbers = comparisons(table(cell("old", 0, 1.0), cell("new", 0, 2.0)), "old")
    assert numbers["measure"].unique(maintain_order=True).to_list() == ["gain", "misfit"]
    rows, _ = make_classes({"t": 3}, ("plain", "copy"))
    found = comparisons(rows, "plain")
    forward = found.filter(pl.col("direction") == "weak-to-strong")
    assert of(forward, "copy", "misfit")["difference_high"] < 0.0 < of(forward, "copy", "agreement_weak_wrong")["difference_low"]
    wide = rows.filter(pl.col("direction") == "weak-to-strong").pivot("strategy", index="seed", values="gain_accuracy")
    assert of(forward, "copy", "gain_accuracy")["difference"] == pytest.approx((wide["copy"] - wide["plain"]).mean())
    assert found["direction"].unique(maintain_order=True).to_list() == ["weak-to-strong", "strong-to-weak"]


def test_show_by_strategy_is_the_comparison_in_all_its_forms(ask: Ask) -> None:
    rows, _ = make_classes({"sentiment": 2, "questions": 6}, ("plain", "bold"))
    broken = pl.when((pl.col("strategy") == "bold") & (pl.col("seed") == 1)).then(pl.lit("diverged")).otherwise("status")
    rows.with_columns(status=broken).write_parquet("rows.parquet")
    shown = ask("show", "rows.parquet", "--by", "strategy", "--against", "plain")
    for text in ("against plain", "apart ± 95 %", "agree, weak", "bold: 4 of 12 cells make no pair: 4 diverged."):
        assert text in shown
    found = json.loads(ask("show", "rows.parquet", "--by", "strategy", "--json"))
    assert found["against"] == "plain" and sum(line["cells"] for line in found["dropped"]) == 4
    assert {line["pairs"] for line in found["comparisons"]} == {2}
    lines = ask("show", "rows.parquet", "--by", "strategy", "--csv").splitlines()
    assert len(lines) == 1 + len(found["comparisons"]) and lines[0].startswith("task_set,direction,strategy,against,measure")
    assert "cells make no pair" not in ask("show", "rows.parquet", "--by", "strategy,supervisor")
    assert "means" in ask("show", "rows.parquet", "--by", "strategy", "--columns", "accuracy_student", "--where", "classes == 2")


def test_a_comparison_that_cannot_be_is_refused(ask: Ask) -> None:
    rows, _ = make_classes({"t": 2})
    rows.write_parquet("rows.parquet")
    make_tables({"t": 1.0})[0].write_parquet("one.parquet")
    assert "no strategy of these rows is 'plane'" in ask("show", "rows.parquet", "--by", "strategy", "--against", "plane", code=2)
    assert "--by strategy --against" in ask("show", "rows.parquet", "--against", "plain", code=2)
    assert "--sort does not go" in ask("show", "rows.parquet", "--by", "strategy", "--sort", "gain", code=2)
    assert "gain/" in ask("show", "one.parquet", "--by", "strategy"), "one strategy is a group like any other"


def test_the_reference_makes_most_pairs_and_one_without_a_pair_says_who_has_some() -> None:
    rows = table(*(cell("lonely", seed, 1.0, weak="other") for seed in range(9)), cell("old", 0, 1.0), cell("new", 0, 2.0))
    assert reference_of(rows) == "old" and of(comparisons(rows), "new")["difference"] == 1.0
    with pytest.raises(DataError, match="no cell of lonely agrees") as refused:
        comparisons(rows, "lonely")
    assert "--against old" in str(refused.value)


def test_where_no_teacher_knows_more_than_a_constant_all_are_compared_and_it_is_said(ask: Ask) -> None:
    chance = {"over_constant": -0.1, "over_constant_se": 0.1, "flags": ["teacher-at-chance"]}
    rows = table(*(cell(strategy, seed, 1.0 + seed, **chance) for strategy in ("old", "new") for seed in range(3)))
    rows.write_parquet("rows.parquet")
    said = "No teacher of these rows is better than a constant. They are compared as they are."
    assert said in " ".join(ask("show", "rows.parquet", "--by", "strategy").split())
    wise = table(*(cell(strategy, seed, 1.0 + seed) for strategy in ("old", "new") for seed in range(3)))
    assert said not in " ".join(dropped_words(wise, dropped(wise)))
