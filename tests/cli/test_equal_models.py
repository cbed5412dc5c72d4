"""Two models of equal merit: nothing declares who is weak, so nobody beats a teacher."""

from __future__ import annotations

import polars as pl
from conftest import Command

EQUAL = ("run", "--task", "diabetes", "--models", "random-features[width=16,seed=[1,2]]",
         "--strategy", "ridge", "--supervisor", "ridge", "--seeds", "0..5", "-o", "r")


def test_equal_models_are_undirected_for_all_seeds_and_no_sentence_says_that_a_student_beats_its_teacher(w2s: Command) -> None:
    said = w2s(*EQUAL, check=0).stdout + w2s("show", "r", check=0).stdout + w2s("predict", "r", check=0).stdout
    rows = pl.read_parquet(w2s.folder / "r" / "rows.parquet")
    assert rows.height == 12 and set(rows["direction"]) == {"undirected"} and set(rows["direction_by"]) == {None}
    assert (rows["err_ceiling"] < rows["err_weak"]).n_unique() == 2, "the test sample says one thing in some seeds, one in others"
    assert "beats" not in said and "weak-to-strong cells with" not in said and "~ undirected" in said
    lines = [line for line in w2s("show", "r", check=0).stdout.splitlines() if " ~ " in line and " undirected" not in line]
    assert len(lines) == 2 and all(" 6 " in line for line in lines), "each side is one line, all seeds together"


def test_what_the_spec_calls_weak_stays_weak_where_it_errs_less(w2s: Command) -> None:
    """`raw` is better than eight random features, in most seeds."""
    sides = ("--weak", "raw", "--strong", "random-features[width=8]")
    w2s("run", "--task", "diabetes", *sides, "--seeds", "0..3", "-o", "r", check=0)
    rows = pl.read_parquet(w2s.folder / "r" / "rows.parquet")
    assert set(rows.select("direction", "direction_by").iter_rows()) == {("weak-to-strong", "sides")}
    assert rows["err_weak"].mean() < rows["err_ceiling"].mean()
    assert "raw → random-features: the student loses" in w2s("show", "r", check=0).stdout
