"""One rule for every ratio: a table prints none to what is rounding."""

from __future__ import annotations

import polars as pl
from made_tables import make_tables

from w2s_bench.tables.predictions import predictions
from w2s_bench.tables.summary import summary, verdicts


def test_a_student_that_is_its_teacher_has_no_gain_over_misfit_and_a_bound_of_rounding_no_tightness() -> None:
    rows, bounds = make_tables({"t": 1.0})
    copied = rows.with_columns(misfit=1e-13 * pl.col("misfit"), gain=0.4 * pl.col("gain"))
    empty = bounds.with_columns(rhs=pl.lit(1e-14), all_assumptions=pl.lit(True))
    assert summary(copied, bounds)["gain_over_misfit"].null_count() == 2
    assert predictions(copied, bounds)["gain_over_misfit"].null_count() == 2
    assert summary(rows, empty)["tightness"].null_count() == 2 and verdicts(empty)["tightness"].null_count() == 1
    assert summary(rows, bounds)["gain_over_misfit"].null_count() == 0 == verdicts(bounds)["says_nothing"].null_count()
