"""A table outlives the version that wrote it: what it lacks is null, what it has more is kept, and its path is no pattern."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from conftest import Command
from made_tables import make_tables
from polars.testing import assert_frame_equal

from w2s_bench.contracts.errors import DataError, PluginError
from w2s_bench.running.folder import write_tables
from w2s_bench.running.table_files import BOUND, ROW, json_schema, read_table, table_of, unknown_columns, write_table
from w2s_bench.tables.filters import where
from w2s_bench.tables.reading import read_runs

ROOT = Path(__file__).resolve().parent.parent.parent
PUBLISHED = sorted(path.parent for path in (ROOT / "leaderboard" / "studies").glob("*/rows.parquet"))
KEPT = Path(__file__).resolve().parent / "version-1"
ROWS_OF_ONE = make_tables({"t": 1.0})[0]
CELL_ONLY = {"run_id": "r", "cell_key": "k", "status": "failed", "task": "t", "weak": "w", "strong": "s", "strategy": "ridge",
             "supervisor": "ridge", "seed": 0}


def test_a_file_carries_the_name_and_version_of_its_schema_and_reads_back_as_it_was(tmp_path: Path) -> None:
    rows, bounds = make_tables({"t": 1.0})
    for table, schema, name in ((rows, ROW, "w2s-row/1"), (bounds, BOUND, "w2s-bound/1")):
        path = tmp_path / "table.parquet"
        write_table(table, path, schema)
        assert pl.read_parquet_metadata(path)["schema"] == name
        assert_frame_equal(read_table(path, schema), table)
        first = path.read_bytes()
        write_table(table, path, schema)
        assert path.read_bytes() == first and [file.name for file in tmp_path.iterdir()] == ["table.parquet"]


def test_a_missing_column_is_null_and_an_unknown_one_is_kept_behind_the_declared_ones(tmp_path: Path) -> None:
    other = ROWS_OF_ONE.drop("gain").with_columns(novelty=pl.lit(0.5))
    write_table(other, tmp_path / "rows.parquet", ROW)
    table = read_table(tmp_path / "rows.parquet", ROW)
    assert table.columns == [column.name for column in ROW.columns] + ["novelty"] and unknown_columns(table, ROW) == ["novelty"]
    assert table["gain"].null_count() == table.height and table.schema["gain"] == pl.Float64
    assert table["novelty"].to_list() == [0.5] * table.height


@pytest.mark.parametrize(("label", "said"), [("w2s-row/2", "newer than w2s-row/1"), ("w2s-bound/1", "not w2s-row/1"),
                                             ("somebody's", "not w2s-row/1")])
def test_a_newer_version_and_another_schema_are_refused_in_words(tmp_path: Path, label: str, said: str) -> None:
    ROWS_OF_ONE.write_parquet(tmp_path / "rows.parquet", metadata={"schema": label})
    with pytest.raises(DataError, match=said):
        read_table(tmp_path / "rows.parquet", ROW)


def test_a_file_without_a_name_is_read_and_one_that_holds_no_rows_is_not(tmp_path: Path) -> None:
    ROWS_OF_ONE.write_parquet(tmp_path / "rows.parquet")
    assert_frame_equal(read_table(tmp_path / "rows.parquet", ROW), ROWS_OF_ONE)
    pl.DataFrame({"x": [1], "taks": ["t"]}).write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(DataError, match="no lines of w2s-row/1"):
        read_table(tmp_path / "rows.parquet", ROW)
    (tmp_path / "rows.parquet").write_bytes(b"text")
    with pytest.raises(DataError, match="not a readable parquet file"):
        read_table(tmp_path / "rows.parquet", ROW)


@pytest.mark.parametrize(("turned", "same"), [
    (pl.col("seed").cast(pl.Float64), True), (pl.col("seed").cast(pl.Int8), True), (pl.col("seed") + 0.5, False),
    (pl.col("task").cast(pl.Categorical), True), (pl.lit(None).alias("panels"), True), (pl.lit("x").alias("gain"), False),
    (pl.col("gain").cast(pl.String), False)])
def test_another_type_is_taken_where_no_value_is_lost_by_it(tmp_path: Path, turned: pl.Expr, same: bool) -> None:
    ROWS_OF_ONE.with_columns(turned).write_parquet(tmp_path / "rows.parquet")
    if same:
        assert read_table(tmp_path / "rows.parquet", ROW).schema == ROWS_OF_ONE.schema
    else:
        with pytest.raises(DataError, match="not (Int64|Float64)"):
            read_table(tmp_path / "rows.parquet", ROW)


def test_what_a_record_holds_is_written_or_refused_and_never_lost(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"'gian', which is no column of w2s-row/1\n.*did you mean gain"):
        table_of([{**CELL_ONLY, "gian": 1.0}], ROW)
    for name in CELL_ONLY:
        with pytest.raises(PluginError, match=f"lacks '{name}'"):
            table_of([{key: value for key, value in CELL_ONLY.items() if key != name}], ROW)
    write_tables(tmp_path, table_of([{**CELL_ONLY, "gain": 1.0}], ROW), table_of([], BOUND))
    assert read_table(tmp_path / "rows.parquet", ROW).select("gain", "misfit").row(0) == (1.0, None)
    assert read_table(tmp_path / "bounds.parquet", BOUND).is_empty()


def test_a_table_of_version_1_with_one_column_more_and_one_less_stays_readable(ask: Callable[..., str]) -> None:
    """Its files were written when version 1 was made, with `novelty` in the place of `gain_over_misfit` and of `tightness`."""
    rows, bounds = read_runs([KEPT])
    for table, schema, lacks in ((rows, ROW, "gain_over_misfit"), (bounds, BOUND, "tightness")):
        assert pl.read_parquet_metadata(KEPT / f"{'rows' if schema is ROW else 'bounds'}.parquet")["schema"] == f"{schema.name}/1"
        assert unknown_columns(table, schema) == ["novelty"] and table["novelty"].to_list() == [0.5] * table.height
        assert table[lacks].null_count() == table.height > 0
    assert rows.height == 6 and rows["gain"].sum() == pytest.approx((rows["err_weak"] - rows["err_student"]).sum())
    assert all(set(assumed).isdisjoint(failed) for assumed, failed in bounds.select("assumes", "fails").iter_rows())
    assert ask("show", str(KEPT), "--columns", "task,gain,novelty", "--csv").startswith("task,gain,novelty\ndiabetes,")
    assert "the misfit predicts no gain here" in ask("predict", str(KEPT))
    assert "none of them declared weak-to-strong" in ask("show", str(KEPT)), "truth decided the direction then"
    ask("show", str(KEPT), "--publish", "published")
    assert_frame_equal(read_runs([Path("published")])[0], rows, check_row_order=False)


@pytest.mark.parametrize("folder", PUBLISHED, ids=lambda folder: folder.name)
def test_every_published_table_is_of_version_1_and_holds_what_is_declared(folder: Path) -> None:
    for name, schema in (("rows", ROW), ("bounds", BOUND)):
        path = folder / f"{name}.parquet"
        assert pl.read_parquet_metadata(path)["schema"] == schema.label
        table = read_table(path, schema)
        assert table.height > 0 and unknown_columns(table, schema) == []
        assert table.select(schema.needs).null_count().sum_horizontal().item() == 0


@pytest.mark.slow
def test_a_folder_may_be_called_like_a_pattern(w2s: Command) -> None:
    folder = "runs[1] * {a,b}?"
    done = w2s("run", "--task", "diabetes", "--weak", "raw", "--strong", "random-features[width=8]", "-o", folder, check=0,
               page=True)
    assert "Page:" in done.stdout and (w2s.folder / folder / "report.html").is_file()
    for words in (("show",), ("show", "--csv"), ("predict",), ("status",), ("report",), ("plot", "gain-misfit")):
        said = w2s(*words, folder, check=0).stdout
        assert said.strip(), shlex.join(words)
    published = "pub[lished]"
    w2s("show", folder, "--publish", published, check=0)
    assert w2s("show", f"{published}/rows.parquet", "--csv", check=0).stdout == w2s("show", folder, "--csv", check=0).stdout


def test_the_json_schema_of_the_docs_is_that_of_the_declared_columns_and_tells_a_right_line_from_a_wrong_one() -> None:
    from jsonschema import Draft202012Validator

    schema = json_schema()
    assert json.loads((ROOT / "docs" / "tables.schema.json").read_text(encoding="utf-8")) == schema, (
        "w2s-bench show --columns --json > docs/tables.schema.json")
    Draft202012Validator.check_schema(schema)
    for table, which in zip(read_runs([ROOT / "leaderboard" / "studies" / "quickstart"]), (ROW, BOUND), strict=True):
        check = Draft202012Validator(schema["$defs"][which.name])
        lines = json.loads(table.head(20).write_json())
        assert lines and not [error.message for line in lines for error in check.iter_errors(line)]
        assert not check.is_valid({name: value for name, value in lines[0].items() if name != "cell_key"})
        assert not check.is_valid({**lines[0], "run_id": 1}) and check.is_valid({**lines[0], "novelty": 1})


def test_every_filter_of_the_docs_is_one() -> None:
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| [^|]* \| (`.*`) \|$", page, flags=re.MULTILINE)
    listed = [text for line in lines for text in re.findall("`([^`]*)`", line)]
    assert len(listed) > 10
    for text in listed:
        assert where(ROWS_OF_ONE, text).height <= ROWS_OF_ONE.height


def test_show_says_what_columns_mean_and_which_nobody_declared(ask: Callable[..., str]) -> None:
    ROWS_OF_ONE.with_columns(novelty=pl.lit(0.5)).write_parquet("rows.parquet")
    assert "novelty: Float64, of these w2s-rows; no plugin here declares it" in ask("show", "rows.parquet", "--columns")
    assert "novelty" not in ask("show", "--columns") and json.loads(ask("show", "--columns", "--json")) == json_schema()
