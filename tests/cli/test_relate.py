"""Two columns of a table beside each other: the line between them, and what is left out of it."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from made_tables import make_family

from w2s_bench.scoring.columns import BOUNDS, polars_schema
from w2s_bench.tables.predictions import predictions
from w2s_bench.tables.relation import relation

Ask = Callable[..., str]


def test_relate_finds_the_exponent_of_a_power_law() -> None:
    rows = make_family({"a": 1.0}, draws=4).with_columns(err_student=3.0 * pl.col("err_weak") ** 1.5)
    line = relation(rows, "err_weak", "err_student", log=True).row(0, named=True)
    assert line["slope"] == pytest.approx(1.5) and line["intercept"] == pytest.approx(np.log(3.0))
    assert (line["line_over"], line["n_cells"], line["not_positive"]) == ("seeds", 36, 0)


def test_relate_says_what_it_leaves_out_and_refuses_what_is_no_number(ask: Ask) -> None:
    rows = make_family({"a": 1.0, "b": 1e4}).with_columns(
        gain=pl.when(pl.col("seed") == 0).then(-1.0).when(pl.col("seed") == 1).then(None).otherwise("gain"))
    rows.write_parquet("rows.parquet")
    words = ("relate", "rows.parquet", "--x", "misfit", "--y", "gain")
    shown = ask(*words, "--log", "--by", "task_set")
    assert "12 rows without finite" in shown and "12 rows where misfit or gain is not above 0" in shown and "exponent" in shown
    found = json.loads(ask(*words, "--by", "task_set", "--json"))["groups"]
    assert [(line["task_set"], line["n_cells"], line["missing"]) for line in found] == [("a", 12, 6), ("b", 12, 6)]
    assert ask(*words, "--by", "task_set", "--csv").startswith("task_set,n_cells")
    assert "mixed units" in ask(*words, code=2)
    assert "projection_gap" in ask("relate", "rows.parquet", "--x", "projection_gpa", "--y", "pgr", code=2)
    assert "weak holds String" in ask("relate", "rows.parquet", "--x", "weak", "--y", "gain", code=2)
    ask("relate", "rows.parquet", "--x", "seed", "--y", "projection_gap")


def test_no_line_goes_through_the_seeds_of_one_configuration_nor_through_a_few_task_sets(ask: Ask) -> None:
    rows = make_family({"a": 1.0, "b": 1.0}, draws=1, seeds=8).with_columns(output_unit=pl.lit("kg"))
    one = relation(rows, "misfit", "gain", ["task_set", "weak"])
    assert one["slope"].null_count() == one.height == 6 and one["ratio"].null_count() == 0
    assert relation(rows, "misfit", "gain", ["task_set"])["line_over"].to_list() == ["means", "means"]
    pooled = relation(rows, "misfit", "gain").row(0, named=True)
    assert (pooled["slope"], pooled["ratio"]) == (None, None)
    rows.write_parquet("rows.parquet")
    assert "no line through fewer than 3 configurations" in ask("relate", "rows.parquet", "--x", "misfit", "--y", "gain")


def test_eight_task_sets_are_eight_points(ask: Ask) -> None:
    rows = make_family({f"t{i}": 1.0 + i for i in range(8)}, noise=0.0).with_columns(output_unit=pl.lit("kg"))
    line = relation(rows, "misfit", "gain").row(0, named=True)
    assert (line["line_over"], line["line_points"]) == ("task sets", 8) and line["slope"] == pytest.approx(1.0)
    assert line["ratio"] == pytest.approx(1.0)


def test_the_line_of_gain_on_misfit_is_that_of_predict_and_of_other_columns_goes_through_all() -> None:
    rows = make_family({"a": 1.0}).with_columns(
        flags=pl.when(pl.col("weak") == "teacher-2").then(pl.lit(["ceiling-not-better"])).otherwise("flags"))
    of_gain, other = (relation(rows, "misfit", y).row(0, named=True) for y in ("gain", "err_student"))
    line = predictions(rows, pl.DataFrame(schema=polars_schema(BOUNDS))).row(0, named=True)
    assert (of_gain["line_points"], other["line_points"]) == (4, 6)
    assert (of_gain["slope"], of_gain["slope_high"]) == (line["slope"], line["slope_high"]) and of_gain["n_cells"] == 18
    backwards = rows.with_columns(direction=pl.lit("strong-to-weak"))
    assert relation(backwards, "misfit", "gain")["slope"].item() is None


def test_what_lines_rest_on_is_marked_only_where_it_differs(ask: Ask) -> None:
    rows = pl.concat([make_family({"a": 1.0}, seeds=4), make_family({"b": 1.0}, seeds=1)])
    rows.write_parquet("rows.parquet")
    words = ("relate", "rows.parquet", "--x", "misfit", "--y", "gain", "--by", "task_set")
    both = ask(*words)
    assert "\n~ A line goes through the configurations' means over seeds" in both and "~  " in both
    assert "\n! A line goes through the configurations' means, taken as independent" in both
    assert "°" not in ask(*words, "--where", "task_set == a")
