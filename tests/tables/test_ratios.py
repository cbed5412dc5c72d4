"""One rule for every ratio: a table prints none to what is rounding."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from made_tables import make_tables

from w2s_bench.report.finding import said_of
from w2s_bench.report.results import result_figures
from w2s_bench.tables.inference import NO_TERMS, inferred_ratio, ratio_over_task_sets
from w2s_bench.tables.predictions import over_all, predictions
from w2s_bench.tables.summary import summary, verdicts


def test_a_student_that_is_its_teacher_has_no_gain_over_misfit_and_a_bound_of_rounding_no_tightness() -> None:
    rows, bounds = make_tables({"t": 1.0})
    copied = rows.with_columns(misfit=1e-13 * pl.col("misfit"), gain=0.4 * pl.col("gain"))
    empty = bounds.with_columns(rhs=pl.lit(1e-14), all_assumptions=pl.lit(True))
    assert summary(copied, bounds)["gain_over_misfit"].null_count() == 2
    assert predictions(copied, bounds)["gain_over_misfit"].null_count() == 2
    assert summary(rows, empty)["tightness"].null_count() == 2 and verdicts(empty)["tightness"].null_count() == 1
    assert summary(rows, bounds)["gain_over_misfit"].null_count() == 0 == verdicts(bounds)["says_nothing"].null_count()


def test_what_is_rounding_beside_the_errors_is_0_without_star_and_ratio_though_the_teacher_errs_by_rounding_too() -> None:
    """A teacher that is exact: it errs by 1e-29, a constant by 1, and what its student gains is rounding that does not vary."""
    rows, bounds = make_tables({"t": 1.0})
    exact = rows.with_columns(err_weak=pl.lit(1e-29), err_student=pl.lit(4e-30), gain=pl.lit(6e-30) + 1e-32 * pl.col("seed"),
                              misfit=pl.lit(5e-30) + 1e-32 * pl.col("seed"), err_constant=pl.lit(1.0))
    found = summary(exact, bounds)
    assert found["gain_p"].max() < 1e-3, "by itself it would be called beyond noise"
    assert not found["gain_beyond"].any() and not found["misfit_beyond"].any() and found["gain_over_misfit"].null_count() == 2
    assert predictions(exact, bounds)["gain_over_misfit"].null_count() == 2
    cells = {column.name: column.cell(found.to_dicts()[0]) for column in result_figures()}
    assert cells["gain"] == "0" and cells["gain_over_misfit"] == "-"
    assert "the student gains beyond noise in 0" in said_of(found, exact) or "is its teacher" in said_of(found, exact)


def test_shares_of_an_error_that_is_rounding_are_in_no_mean_over_task_sets() -> None:
    rows, bounds = make_tables({f"t{number}": 1.0 for number in range(9)})
    mixed = rows.with_columns(output_unit=pl.when(pl.col("task") == "t3").then(pl.lit("m")).otherwise("output_unit"),
                              err_constant=pl.lit(2.0),
                              err_weak=pl.when(pl.col("task") == "t0").then(pl.lit(1e-30)).otherwise("err_weak"))
    (line,) = over_all(mixed, bounds).to_dicts()
    forward = mixed.filter((pl.col("direction") == "weak-to-strong") & (pl.col("task") != "t0"))
    assert line["task_sets"] == 8 and line["misfit"] == pytest.approx((forward["misfit"] / forward["err_weak"]).mean())


def test_a_ratio_to_a_mean_that_cancels_is_none() -> None:
    rows, _ = make_tables({"t": 1.0}, seeds=4)
    part = rows.filter(pl.col("direction") == "weak-to-strong").with_columns(
        gain=pl.Series([1.0, -1.0, 0.3, -0.3 + 1e-16]), misfit=pl.lit(0.5))
    assert inferred_ratio(part, "misfit", "gain", NO_TERMS) is None
    assert inferred_ratio(part, "gain", "misfit", NO_TERMS) is not None
    assert ratio_over_task_sets(np.ones(8), np.tile([1.0, -1.0], 4)) is None


def test_what_rests_on_clipped_labels_says_so() -> None:
    rows, bounds = make_tables({"t": 1.0})
    clipped = rows.with_columns(flags=pl.when(pl.col("seed") == 1).then(pl.lit(["labels-clipped"])).otherwise("flags"))
    assert "In 2 of 6 cells weak labels are clipped (labels-clipped)" in said_of(summary(clipped, bounds), clipped)
    assert "clipped" not in said_of(summary(rows, bounds), rows)
