"""What the misfit of finished runs says of their gain: bands where the law certifies them, lines, no pooling of few task sets."""

from __future__ import annotations

import json
from collections.abc import Callable

import polars as pl
import pytest
from made_tables import make_classes, make_family, make_tables

from w2s_bench.scoring.columns import BOUNDS, polars_schema
from w2s_bench.scoring.intervals import student_t
from w2s_bench.tables.predictions import over_all, predictions

Ask = Callable[..., str]
NO_BOUNDS = pl.DataFrame(schema=polars_schema(BOUNDS))


def certified(rows: pl.DataFrame, reach: float, *, bound: str = "inexact", certain: bool = True) -> pl.DataFrame:
    """Bounds that let the gain of each of these cells be less than its misfit by so much."""
    return rows.select("run_id", "cell_key", bound=pl.lit(bound), split=pl.lit("test"), lhs="err_student",
                       slack=pl.col("gain") - pl.col("misfit") + reach, all_assumptions=pl.lit(certain)).pipe(
        lambda found: pl.concat([NO_BOUNDS, found], how="diagonal"))


def test_a_group_says_what_the_law_certifies_and_what_was_measured() -> None:
    rows = make_family({"a": 1.0, "b": 1e4}, seeds=3)
    table = predictions(rows, certified(rows, 0.2))
    assert table["task_set"].to_list() == ["a", "b"] and "panel" not in table.columns
    line = table.row(0, named=True)
    assert (line["n_cells"], line["n_seeds"], line["line_over"], line["misfit_over"]) == (18, 3, "means", "seeds")
    assert line["slope"] == pytest.approx(1.0, abs=0.2) and line["slope_low"] < 1.0 < line["slope_high"]
    mine = rows.filter(pl.col("task_set") == "a")
    assert line["gain_over_misfit"] == pytest.approx(mine.select(pl.col("gain").mean() / pl.col("misfit").mean()).item())
    assert (line["banded"], line["narrow"]) == (18, mine.filter(pl.col("misfit") > 0.2).height)
    assert line["band_width"] == pytest.approx(0.2 / mine["misfit"].mean()) and line["loses"] == 0


def test_what_is_not_certified_and_what_has_no_delta_has_no_band() -> None:
    rows = make_family({"a": 1.0}).with_columns(delta_exact=pl.when(pl.col("weak") == "teacher-0").then(0.0))
    for bounds in (certified(rows, 0.0, certain=False), certified(rows, 0.0, bound="theorem1"), NO_BOUNDS):
        line = predictions(rows, bounds).row(0, named=True)
        assert (line["banded"], line["band_width"], line["no_delta"], line["not_certified"]) == (0, None, 12, 6)


def test_a_small_band_of_an_exact_projection_is_no_band_of_a_student_that_is_none() -> None:
    """16 transfer points: ε is all but 0, δ is the misfit, and the gain is minus the misfit."""
    rows = make_family({"a": 1.0}).with_columns(gain=-pl.col("misfit"), delta_exact="misfit", err_ceiling=pl.lit(1e-9))
    bounds = pl.concat([certified(rows, 1e-4, bound="theorem2-explicit", certain=False), certified(rows, 2.0)])
    line = predictions(rows, bounds).row(0, named=True)
    assert line["band_width"] > 2.0 and line["narrow"] == 0 and line["loses"] == 18


def test_no_task_sets_are_pooled_below_eight_and_from_eight_on_each_is_one_value() -> None:
    few = make_family({f"t{i}": 1.0 for i in range(7)}).with_columns(output_unit=pl.lit("kg"))
    assert over_all(few, NO_BOUNDS).is_empty()
    pooled = predictions(few, NO_BOUNDS, ["strategy"]).row(0, named=True)
    assert (pooled["misfit"], pooled["gain"], pooled["slope"], pooled["n_cells"]) == (None, None, None, 126)
    rows = make_family({f"t{i}": 10.0**i for i in range(8)})
    line = over_all(rows, NO_BOUNDS).row(0, named=True)
    assert (line["task_sets"], line["misfit_over"]) == (8, "task sets")
    assert (line["output_unit"], line["divergence"]) == ("share of err_weak", None)
    assert line["slope"] is None and line["line_over"] is None
    shares = rows.with_columns(share=pl.col("misfit") / pl.col("err_weak"))
    assert line["misfit"] == pytest.approx(shares["share"].mean())
    sets = rows.with_columns(pl.col("gain", "misfit") / pl.col("err_weak")).group_by("task_set").agg(
        ratio=pl.col("gain").mean() / pl.col("misfit").mean())["ratio"]
    half = 2.364624 * float(sets.std()) / 8**0.5  # type: ignore[arg-type]
    assert line["gain_over_misfit"] == pytest.approx(sets.mean())
    assert line["gain_over_misfit_high"] - line["gain_over_misfit"] == pytest.approx(half, rel=1e-5)


@pytest.mark.parametrize("made_to_fail", [
    {"direction": pl.lit("strong-to-weak")}, {"flags": pl.lit(["ceiling-not-better"])}, {"misfit": pl.lit(0.2)}])
def test_no_line_goes_through_what_cannot_gain_or_does_not_vary(made_to_fail: dict[str, pl.Expr]) -> None:
    rows = make_family({"a": 1.0})
    assert predictions(rows, NO_BOUNDS)["slope"].item() is not None
    assert predictions(rows.with_columns(**made_to_fail), NO_BOUNDS)["slope"].item() is None


def test_a_single_cell_has_its_interval_over_test_examples() -> None:
    line = predictions(make_family({"a": 1.0}, draws=1, seeds=1, teachers=1), NO_BOUNDS).row(0, named=True)
    assert line["misfit_over"] == "test examples" and line["misfit_high"] - line["misfit"] == pytest.approx(0.01 * student_t(199))
    assert line["slope"] is None and line["line_over"] is None


def test_the_command_says_predicts_only_where_the_band_is_narrower_than_the_misfit(ask: Ask) -> None:
    rows = make_family({"a": 1.0, "b": 1.0}, panel="family").with_columns(delta_exact=pl.lit(0.0))
    rows.write_parquet("rows.parquet")
    certified(rows, 0.01).write_parquet("bounds.parquet")
    shown = ask("predict", "rows.parquet")
    assert "In 36 of 36 cells the law certifies a band narrower than the misfit: there the misfit predicts" in shown
    assert "Measured, the student errs more than its teacher in 0 of 36 cells" in shown and "over all" not in shown
    certified(rows, 0.5).write_parquet("bounds.parquet")
    shown = ask("predict", "rows.parquet")
    assert "In none of 36 cells" in shown and "36 have a band as wide as the misfit or wider" in shown
    assert "Theorem 1" not in shown
    found = json.loads(ask("predict", "rows.parquet", "--by", "panel,task_set", "--json"))
    assert [line["panel"] for line in found["groups"]] == ["family", "family"] and found["over_all"] is None
    lines = ask("predict", "rows.parquet", "--csv").splitlines()
    assert len(lines) == 3 and lines[0].startswith("panel,task_set,strategy,supervisor,direction")


def test_eight_task_sets_have_a_line_of_their_own_and_a_sentence(ask: Ask) -> None:
    make_family({f"t{i}": 1.0 for i in range(8)}).write_parquet("rows.parquet")
    shown = ask("predict", "rows.parquet")
    assert "over weak-to-strong cells of 8 task sets" in shown and "over task sets, each of which is one value" in shown
    assert "Over 144 weak-to-strong cells of 8 task sets, in shares of the teacher's error because units differ" in shown


def test_a_run_without_truth_predicts_no_gain(ask: Ask) -> None:
    none = pl.lit(None, dtype=pl.Float64)
    blind = make_family({"a": 1.0}).with_columns(gain=none, err_weak=none, err_student=none, err_ceiling=none)
    blind.write_parquet("rows.parquet")
    found = json.loads(ask("predict", "rows.parquet", "--json"))
    assert found["groups"][0]["misfit"] > 0 and found["groups"][0]["slope"] is None and "No truth" in found["says"][1]
    assert "no gain is predicted" in found["says"][1]
    assert "no row of 18 holds misfit and gain" in ask("relate", "rows.parquet", "--x", "misfit", "--y", "gain", code=2)


def test_runs_that_cannot_be_read_as_predictions_are_refused(ask: Ask) -> None:
    make_family({"a": 1.0, "b": 1.0}).write_parquet("rows.parquet")
    make_tables({"t": 1.0}, failed=2)[0].filter(pl.col("status") == "failed").write_parquet("failed.parquet")
    assert "mixed units" in ask("predict", "rows.parquet", "--by", "strategy", code=2)
    assert "cannot group by 'tsk'" in ask("predict", "rows.parquet", "--by", "tsk", code=2)
    assert "none of 2 rows has status ok" in ask("predict", "failed.parquet", code=2)
    assert "none of 2 rows has status ok" in ask("relate", "failed.parquet", "--x", "misfit", "--y", "gain", code=2)


def test_a_band_of_kl_is_that_of_an_exact_projection_or_none() -> None:
    rows, bounds = make_classes({"t": 2})
    lhs = bounds.filter(pl.col("bound") == "kl-explicit").select("cell_key", "lhs")
    exact = bounds.with_columns(all_assumptions=pl.lit(True))
    line = predictions(rows, exact, ["task_set"]).row(0, named=True)
    with_lhs = rows.join(lhs, on="cell_key")
    assert line["banded"] == with_lhs.height == 12
    assert line["band_width"] == pytest.approx((with_lhs["misfit"] - with_lhs["lhs"]).mean() / with_lhs["misfit"].mean())
    assert line["narrow"] == with_lhs.filter(pl.col("lhs") > 0).height
    for none in (bounds, NO_BOUNDS):
        assert predictions(rows, none, ["task_set"])["banded"].item() == 0


def test_predict_of_both_kinds_of_rows_counts_what_has_no_band(ask: Ask) -> None:
    (rows, bounds), (more, of_more) = make_classes({"t": 2}), make_tables({"u": 1.0})
    pl.concat([rows, more]).write_parquet("rows.parquet")
    assert "of 18 δ is not known" in ask("predict", "rows.parquet")
    pl.concat([bounds, of_more.with_columns(all_assumptions=pl.lit(True))]).write_parquet("bounds.parquet")
    shown = ask("predict", "rows.parquet")
    assert "kl in nats" in shown and "band: how far below the misfit" in shown and "of 12 δ is not known" in shown
    assert "kl-explicit or theorem2-explicit or inexact" in shown
    assert "slope" in ask("relate", "rows.parquet", "--x", "misfit", "--y", "gain_accuracy", "--by", "task_set")
