"""Several runs are one table; a filter is data, never code; a published page is the same each time."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from made_tables import make_tables

from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.report.publish import publish
from w2s_bench.tables.reading import read_runs, where


def saved(folder: Path, rows: pl.DataFrame, bounds: pl.DataFrame) -> Path:
    folder.mkdir()
    rows.write_parquet(folder / "rows.parquet")
    bounds.write_parquet(folder / "bounds.parquet")
    return folder


def test_two_runs_are_one_table(tmp_path: Path) -> None:
    a, b = saved(tmp_path / "a", *make_tables({"a": 1.0})), saved(tmp_path / "b", *make_tables({"b": 1.0}))
    rows, bounds = read_runs([a, b])
    assert rows.height == bounds.height == 12


def test_a_cell_held_twice_is_refused_and_latest_takes_the_last(tmp_path: Path) -> None:
    a, b = saved(tmp_path / "a", *make_tables({"t": 1.0})), saved(tmp_path / "b", *make_tables({"t": 5.0}))
    with pytest.raises(UsageError, match="--latest") as caught:
        read_runs([a, b])
    assert "task t" in str(caught.value)
    rows, bounds = read_runs([a, b], latest=True)
    assert rows["err_weak"].unique().to_list() == [5.0] and bounds.height == 6


def test_another_schema_is_named(tmp_path: Path) -> None:
    rows, bounds = make_tables({"t": 1.0})
    with pytest.raises(DataError, match="'gain'"):
        read_runs([saved(tmp_path / "less", rows.drop("gain"), bounds)])
    with pytest.raises(DataError, match="'more'"):
        read_runs([saved(tmp_path / "more", rows.with_columns(more=1), bounds)])
    with pytest.raises(DataError, match=r"rows\.parquet is missing"):
        read_runs([tmp_path])


@pytest.mark.parametrize(("text", "count"), [
    ("gain > 0", 6), ("task == a", 6), ("task == 'a' and gain<=0", 3), ("flags == few-test-examples", 4),
    ("flags != few-test-examples", 8), ("pgr == null", 12), ("seed >= 1 and status != failed", 8)])
def test_filters(text: str, count: int) -> None:
    assert where(make_tables({"a": 1.0, "b": 2.0})[0], text).height == count


@pytest.mark.parametrize(("text", "said"), [
    ("gian > 0", "gain"), ("gain > x", "number"), ("task < a", "order"), ("gain > 0 or gain < 1", "or gain"), ("", "end"),
    ("__import__('os')", "cannot read"), ("gain = 1", "cannot read"), ("gain > 0 and ", "end")])
def test_a_wrong_filter_is_explained(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        where(make_tables({"a": 1.0})[0], text)


def test_a_published_folder_is_the_same_each_time_and_reads_back(tmp_path: Path) -> None:
    rows, bounds = make_tables({"a|b <i>": 1.0})
    publish(rows, bounds, tmp_path / "one", "w2s-bench show x")
    publish(rows.reverse(), bounds.reverse(), tmp_path / "two", "w2s-bench show x")
    for name in ("README.md", "rows.parquet", "bounds.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    page = (tmp_path / "one" / "README.md").read_text(encoding="utf-8")
    assert "a\\|b &lt;i&gt;" in page and "w2s-bench show x" in page
    assert read_runs([tmp_path / "one"])[0].height == 6
