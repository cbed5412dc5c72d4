"""A filter is one condition on the columns that are there: no query, no file, and no word of it is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from made_tables import make_tables

from w2s_bench.contracts.errors import UsageError
from w2s_bench.tables.filters import matching, where

ROWS, BOUNDS = make_tables({"a": 1.0, "b": 2.0})


@pytest.mark.parametrize(("text", "count"), [
    ("gain > 0", 6), ("task == a", 6), ("task == 'a' and gain<=0", 3), ("flags == few-test-examples", 4),
    ("flags != few-test-examples", 8), ("pgr == null", 12), ("seed >= 1 and status != failed", 8), ("seed == '1'", 4),
    ('task == "a"', 6), ("ceiling_in_class == null and task == b", 6), ("strategy == ridge[penalty=auto,x=[1,2]]", 0)])
def test_what_a_filter_could_say_before(text: str, count: int) -> None:
    assert where(ROWS, text).height == count


@pytest.mark.parametrize(("text", "count"), [
    ("gain > 0 or task == a", 9), ("(task = 'a' or task = 'b') and seed = 0", 4), ("task in ('a', 'c') and seed in (0, 1)", 4),
    ("strategy like 'rid%'", 12), ("strategy not like 'rid%'", 0), ("gain / misfit > 0.5", 6),
    ("gain > 0.5*misfit and seed < 2", 4),
    ("not task == a", 6), ("flags == few-test-examples or seed == 2", 8), ("weak != strong", 12), ("weak == strong", 0),
    ("gain between 0 and 0.3", 2), ("pgr is null", 12), ("abs(gain) > 0.1 and -misfit < 0", 8), ("upper(task) = 'A'", 6),
    ("task == upper('a')", 0), ("gain > avg(gain)", 6), ("coalesce(pgr, gain) > 0", 6),
    ("task == 'it''s' or task == \"it's\"", 0), ("task == select", 0),
    ("array_contains(flags, 'few-test-examples')", 4), ("gain > 1e-3 and gain > -.5", 6),
    ("gain > 2.5E-1 or misfit == 1e3", 6), ("task in (a, c)", 6), ("task not in (a,'c')", 6), ("status in (ok, task)", 12)])
def test_or_in_like_and_arithmetic(text: str, count: int) -> None:
    assert where(ROWS, text).height == count


@pytest.mark.parametrize(("text", "said"), [
    ("gian > 0", "did you mean gain"), ("gain > x", "a text goes in quotes: 'x'"),
    ("gain in (a, b)", "quote"),
    ("gain > 'x'", "cannot compare"), ("", "cannot read"), ("gain > 0 and ", "cannot read"), ("gain > 0)", "cannot read"),
    ("'", "cannot read"), ("gain > 0 gain < 1", "cannot read"), ("gain > 1 garbage", "at 'garbage'"), ("gain", "true or false"),
    ("1 = 1", "asks something of a column"), ("cast(task as int) = 1", "cannot read"), ("gain > ?", "cannot read"),
    ("columns('gain.*') > 0", "one by one"), ("seed == 'x'", "cannot compare"), ("* > 1", "cannot read")])
def test_a_wrong_filter_is_explained(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        where(ROWS, text)
    assert said in str(caught.value)


STRATEGIES = ["ridge[penalty=auto]", "heads[count=4,solver=ridge[penalty=1],width=8]",
              "heads[count=8,solver=ridge[penalty=1],width=8]"]
NAMED = ROWS.with_columns(strategy=pl.Series(STRATEGIES * 4), weak=pl.Series(["p/raw", "words[seed=1]"] * 6))


@pytest.mark.parametrize(("text", "count"), [
    ("strategy == ridge", 4), ("strategy != 'ridge'", 8), ("strategy == 'heads[count=4]'", 4),
    ("strategy == heads[count=4, width=8]", 4), ("strategy == heads[count=8,solver=ridge[penalty=1]]", 4),
    ("strategy in (ridge, heads[count=4])", 8), ("weak == raw and strategy == ridge", 2), ("weak in ('words')", 6)])
def test_a_filter_finds_a_name_as_a_table_shows_it(text: str, count: int) -> None:
    assert where(NAMED, text).height == count


def test_a_whole_name_is_not_taken_for_a_longer_one() -> None:
    rows = ROWS.with_columns(strategy=pl.Series(["ridge", "ridge[penalty=1]"] * 6))
    assert where(rows, "strategy == ridge")["strategy"].unique().to_list() == ["ridge"]


def test_a_name_means_in_each_task_what_the_table_of_that_task_shows() -> None:
    one, two = ["ridge", "ridge[penalty=auto]"] * 3, ["ridge[penalty=auto]", "mean"] * 3
    rows = ROWS.with_columns(strategy=pl.Series([*one, *two]))
    found = where(rows, "strategy == ridge")
    assert set(found.select("task", "strategy").iter_rows()) == {("a", "ridge"), ("b", "ridge[penalty=auto]")}
    assert where(rows, "strategy in (ridge) or strategy == mean").height == 9
    assert where(rows, "strategy not in (ridge)").equals(where(rows, "strategy != ridge")) and 12 - found.height == 6
    assert where(rows, "strategy like 'ridge'")["strategy"].unique().to_list() == ["ridge"]


def test_a_name_that_may_be_several_lists_them() -> None:
    with pytest.raises(UsageError) as caught:
        where(NAMED, "strategy == heads")
    assert all(label in str(caught.value) for label in (*STRATEGIES[1:], "strategy like 'heads%'"))


@pytest.mark.parametrize(("text", "said"), [
    ("strategy == rigde", "strategy: heads[count=4], heads[count=8], ridge"), ("flags == noise", "flags: few-test-examples"),
    ("task == c and seed > 5", "task: a, b; seed: 0, 1, 2"), ("gain > 99", f"gain: {ROWS['gain'].min():.4g} to ")])
def test_no_match_lists_what_there_is(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        matching(NAMED, BOUNDS, text)
    assert "no row of 12" in str(caught.value) and said in str(caught.value)


@pytest.mark.parametrize("text", [
    "read_csv('rows.csv') = 1", "read_parquet('rows.parquet')", "gain > (select 1)",
    "gain in (select gain from read_csv('rows.csv'))",
    "exists (select 1)", "gain in (from self)", "gain in (table self)", "gain in (values (1))", "gain > 0; select 1",
    "gain > 0 -- and task = 'a'", "gain > 0 /* and task = 'a' */", "__import__('os')", "select gain", "gain > 0 union select 1"])
def test_a_filter_is_no_query_and_opens_no_file(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ROWS.write_parquet("rows.parquet")
    ROWS.select("gain").write_csv("rows.csv")
    with pytest.raises(UsageError):
        where(ROWS, text)


def test_a_column_that_nobody_declared_can_be_asked(ask: Callable[..., str]) -> None:
    ROWS.with_columns(novelty=pl.col("seed") * 2).write_parquet("rows.parquet")
    assert len(ask("show", "rows.parquet", "--where", "novelty > 1 or task == a", "--csv").splitlines()) == 11
    assert "novelty" in ask("show", "rows.parquet", "--where", "noevlty > 1", code=2)
