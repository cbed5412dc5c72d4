"""Several runs are one table; a published page is the same each time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from made_tables import make_tables

from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.report.publish import publish
from w2s_bench.tables.reading import read_runs


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


def test_runs_with_different_columns_are_one_table_and_what_one_lacks_is_null(tmp_path: Path, ask: Callable[..., str]) -> None:
    (more, bounds), (less, other) = make_tables({"a": 1.0}), make_tables({"b": 1.0})
    saved(tmp_path / "more", more.with_columns(novelty=pl.lit(0.5)), bounds)
    saved(tmp_path / "less", less.drop("gain_se"), other.drop("verdict"))
    for order in (("more", "less"), ("less", "more")):
        rows, kept = read_runs([tmp_path / name for name in order])
        assert rows.height == 12 and kept.height == 12
        assert rows.filter(pl.col("task") == "b").select(pl.col("novelty", "gain_se").null_count()).row(0) == (6, 6)
        assert rows.filter(pl.col("task") == "a")["novelty"].to_list() == [0.5] * 6
    shown = ask("show", "more", "less", "--columns", "task,seed,novelty", "--csv").splitlines()
    assert shown[0] == "task,seed,novelty" and shown[1] == "a,0,0.5" and shown[-1] == "b,2,"
    assert "novelty" in ask("show", "more", "--json") and ask("show", "more", "less")


def test_what_cannot_be_one_table_is_named(tmp_path: Path) -> None:
    rows, bounds = make_tables({"t": 1.0})
    a = saved(tmp_path / "a", rows.with_columns(novelty=1), bounds)
    b = saved(tmp_path / "b", rows.with_columns(novelty=pl.lit("x"), task=pl.lit("u")), bounds)
    with pytest.raises(DataError, match="'novelty' is String here and Int"):
        read_runs([a, b])
    with pytest.raises(DataError, match=r"rows\.parquet is missing"):
        read_runs([tmp_path])


def test_a_published_folder_is_the_same_each_time_and_reads_back(tmp_path: Path) -> None:
    rows, bounds = make_tables({"a|b <i>": 1.0})
    publish(rows, bounds, tmp_path / "one", "w2s-bench show x")
    publish(rows.reverse(), bounds.reverse(), tmp_path / "two", "w2s-bench show x")
    for name in ("README.md", "rows.parquet", "bounds.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    page = (tmp_path / "one" / "README.md").read_text(encoding="utf-8")
    assert "a\\|b &lt;i&gt;" in page and "w2s-bench show x" in page
    assert read_runs([tmp_path / "one"])[0].height == 6
