"""Tables of an earlier version are read, and what they said too much of is not said again."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from made_tables import make_tables

from w2s_bench.running.table_files import BOUND, ROW, write_table
from w2s_bench.tables.reading import read_runs
from w2s_bench.tables.summary import bound_on_test, summary, verdicts


def as_earlier(folder: Path, verdict: str = "holds", *, certified: bool = False, slack: float = 0.1,
               by: str = "ceiling") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows and bounds as the version before wrote them, read again."""
    rows, bounds = make_tables({"t": 1.0})
    folder.mkdir()
    write_table(rows.with_columns(direction_by=pl.lit(by)), folder / "rows.parquet", ROW)
    write_table(bounds.drop("exceeded", "vacuous").with_columns(
        verdict=pl.lit(verdict), all_assumptions=pl.lit(certified), slack=pl.lit(slack), tightness=pl.lit(0.7)),
        folder / "bounds.parquet", BOUND)
    return read_runs([folder])


def test_a_direction_that_truth_decided_is_none_and_one_of_sizes_stays(tmp_path: Path) -> None:
    rows, bounds = as_earlier(tmp_path / "a")
    assert set(rows.select("direction", "direction_by").iter_rows()) == {("undirected", None)}
    assert summary(rows, bounds)["n_seeds"].to_list() == [3, 3]
    sized, _ = as_earlier(tmp_path / "b", by="size")
    assert set(sized["direction"]) == {"weak-to-strong", "strong-to-weak"} and set(sized["direction_by"]) == {"size"}


def test_what_held_without_a_certificate_makes_no_statement_and_what_was_violated_is_counted_as_exceeded(tmp_path: Path) -> None:
    _, held = as_earlier(tmp_path / "a")
    assert set(held.select("verdict", "tightness", "exceeded").iter_rows()) == {("no statement", None, False)}
    rows, broken = as_earlier(tmp_path / "b", "violated")
    (line,) = verdicts(broken).to_dicts()
    assert (line["no_statement"], line["exceeded"], line["certified"], line["violated"]) == (6, 6, 0, 0)
    assert summary(rows, broken)["verdict"].to_list() == ["no statement"] * 2


def test_a_certified_one_that_promises_no_gain_says_nothing_and_an_alarm_stays_one(tmp_path: Path) -> None:
    """The slack of the explicit bound is the gain less what is promised; the gains are -.07 to .31."""
    _, some = as_earlier(tmp_path / "a", certified=True, slack=-0.9)
    assert set(some.select("verdict", "tightness").iter_rows()) == {("holds", 0.7)}
    _, none = as_earlier(tmp_path / "b", certified=True, slack=0.9)
    assert set(none.select("verdict", "tightness", "vacuous").iter_rows()) == {("says nothing", None, True)}
    _, alarm = as_earlier(tmp_path / "c", "violated", certified=True, slack=0.9)
    assert set(alarm["verdict"]) == {"violated"} == set(bound_on_test(alarm)["verdict"])


def test_a_table_of_now_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows, bounds = make_tables({"t": 1.0})
    write_table(rows, tmp_path / "rows.parquet", ROW)
    write_table(bounds, tmp_path / "bounds.parquet", BOUND)
    again = read_runs([tmp_path])
    assert again[0].equals(rows) and again[1].equals(bounds)
