"""Tables larger than memory are read by blocks of rows, and give the rows that a whole reading gives."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import Command, untimed_rows
from w2s_tabular import inputs, numeric
from w2s_tabular.arrays import Arrays

from w2s_bench.contracts import DataError, by_blocks, is_mapped, mapped, read_table
from w2s_bench.contracts.tables import RowNames
from w2s_bench.scoring import long_designs

N, D = 400, 6


@pytest.fixture
def by_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file of more than a few numbers is larger than memory."""
    monkeypatch.setattr(by_blocks, "MANY", 1)
    monkeypatch.setattr(by_blocks, "LONG", 1)
    monkeypatch.setattr(by_blocks, "_SMALL_FILE", 1)
    monkeypatch.setattr(by_blocks, "ROWS", 64)
    monkeypatch.setattr(mapped, "ROWS", 64)
    monkeypatch.setattr(mapped, "LARGE", 1 << 10)
    monkeypatch.setattr(mapped, "_PIECE", 1 << 11)
    monkeypatch.setattr(numeric, "MANY", 1)
    monkeypatch.setattr(inputs, "_FIRST", 64)
    monkeypatch.setattr(long_designs, "LONG", 1)
    monkeypatch.setattr(long_designs, "ROWS", 50)


def drawn() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    x = np.random.default_rng(0).normal(size=(N, D)).astype(np.float32)
    x[7] = x[9]
    return x, x[:, :3].sum(axis=1) + np.random.default_rng(1).normal(size=N)


def written(folder: Path, shape: str) -> str:
    """The file of that shape, whose last part says its format."""
    x, y = drawn()
    columns: dict[str, Any] = {"embedding": pl.Series(x.tolist(), dtype=pl.List(pl.Float32))} if "list" in shape else {
        f"f{at}": x[:, at] for at in range(D)}
    if "fixed" in shape:
        columns["embedding"] = columns["embedding"].cast(pl.Array(pl.Float32, D))
    table = pl.DataFrame({"id": [f"case {row}" for row in range(N)], **columns, "counted": np.arange(N) % 5,
                          "large": np.arange(N) * 2**45, "sure": np.arange(N) % 3 == 0, "y": y})
    if "sorted" in shape:
        table = table.with_columns(split=pl.Series(np.array(["supervise", "transfer", "test"])[np.arange(N) % 3]))
    path = folder / f"{shape}.{'jsonl' if 'lines' in shape else 'parquet'}"
    if "lines" in shape:
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_dicts()))
    else:
        table.write_parquet(path, row_group_size=90)
    return str(path)


SHAPES = ("columns", "list", "list-fixed-sorted", "columns-lines", "list-lines-sorted")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_file_read_by_blocks_holds_what_it_holds_when_read_whole(
        shape: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = written(tmp_path, shape)
    whole = Arrays(path, exclude="counted")
    splits, pool, read, columns = whole.load(3), whole.pool(), whole.inputs_read(), whole.columns
    request.getfixturevalue("by_few_rows")
    table = read_table(path, apart={"y", "id", "split", "counted"})
    mapped_ones = {name for name, cells in table.columns.items() if isinstance(cells, np.ndarray) and is_mapped(cells)}
    assert mapped_ones >= ({"embedding"} if "list" in shape else {f"f{at}" for at in range(D)})
    blocks = Arrays(path, exclude="counted")
    assert blocks.inputs_read() == read and blocks.columns == columns
    again = blocks.load(3)
    for part in ("supervise", "transfer", "test"):
        one, other = getattr(splits, part), getattr(again, part)
        assert list(other.inputs) == list(one.inputs) and list(other.ids) == list(one.ids)
        np.testing.assert_array_equal(other.truth, one.truth)
        for name in one.inputs:
            np.testing.assert_array_equal(other.inputs[name], one.inputs[name], err_msg=name)
    for name in pool.inputs:
        np.testing.assert_array_equal(blocks.pool().inputs[name], pool.inputs[name], err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [*("columns", "list-lines-sorted"), *(
    pytest.param(shape, marks=pytest.mark.slow) for shape in ("list", "list-fixed-sorted", "columns-lines"))])
def test_a_run_by_blocks_has_the_rows_of_a_run_of_the_whole_file(
        shape: str, w2s: Command, request: pytest.FixtureRequest) -> None:
    path = written(w2s.folder, shape)
    matrix = ["--task", f"arrays[path={Path(path).name},exclude=counted]", "--weak", "random-features[width=8,seed=1]",
              "--strong", "raw", "--strategy", "ridge", "--seeds", "0..1", "--executor", "here"]
    w2s("run", *matrix, "-o", "whole", "--store", "s1", check=0)
    request.getfixturevalue("by_few_rows")
    w2s("run", *matrix, "-o", "blocks", "--store", "s2", check=0)
    whole, blocks = (untimed_rows(w2s.folder / name).to_dicts() for name in ("whole", "blocks"))
    assert len(whole) == len(blocks) == 2
    for one, other in zip(whole, blocks, strict=True):
        for name, value in one.items():
            if isinstance(value, float):
                assert other[name] == pytest.approx(value, rel=1e-6, abs=1e-9), name
            elif name != "run_id":
                assert other[name] == value, name


def refused(path: str, **settings: Any) -> str:
    with pytest.raises(DataError) as caught:
        task = Arrays(path, **settings)
        task.inputs_read()
        task.load(0)
    return str(caught.value)


def lines(folder: Path, changed: dict[int, dict[str, Any]]) -> str:
    rows = [{"v": [row / 7, -row / 3], "w": row / 2, "y": row * row % 11 / 7} | changed.get(row, {}) for row in range(200)]
    path = folder / "odd.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.usefixtures("by_few_rows")
@pytest.mark.parametrize(("changed", "said"), [
    ({150: {"v": [1.0]}}, "'v' holds 2 numbers a row, but '[1.0]' in row 151"),
    ({150: {"v": None}}, "'v' holds 2 numbers a row, but '' in row 151"),
    ({150: {"v": [1.0, "two"]}}, """'v' holds 2 numbers a row, but '[1.0, "two"]' in row 151"""),
    ({150: {"v": [1.0, None]}}, "'v' holds a gap in row 151"),
    ({150: {"w": "many"}}, "'w' holds numbers, but 'many' in row 151"),
    ({150: {"w": 2**60 + 1}}, f"'w' holds {2**60 + 1} in row 151, more digits"),
    ({150: {"y": None}}, "y of row 151 is missing"),
    ({150: {"y": "none"}}, "y of row 151 is 'none', a word for what is missing"),
])
def test_an_odd_cell_far_down_a_long_file_of_json_lines_is_named(changed: Any, said: str, tmp_path: Path) -> None:
    assert said in refused(lines(tmp_path, changed))


@pytest.mark.usefixtures("by_few_rows")
def test_a_column_that_is_excluded_may_hold_anything(tmp_path: Path) -> None:
    task = Arrays(lines(tmp_path, {150: {"w": "many"}}), exclude="w")
    assert task.inputs_read().x == ("v",) and task.load(0).test.inputs["w"].dtype == object


@pytest.mark.usefixtures("by_few_rows")
@pytest.mark.parametrize("gaps", ["mean", "median"])
def test_gaps_are_filled_as_in_a_short_file(gaps: str, tmp_path: Path) -> None:
    path = lines(tmp_path, {3: {"v": [None, 1.0], "w": None}, 150: {"w": None}})
    table = pl.DataFrame([json.loads(line) for line in Path(path).read_text().splitlines()])
    middle = getattr(table["w"], gaps)()
    task = Arrays(path, gaps=gaps, include="w", id="none")
    inputs_ = task.pool().inputs
    assert inputs_["w"][3] == inputs_["w"][150] == pytest.approx(middle, rel=1e-15)
    assert inputs_["x"][3, 0] == pytest.approx(getattr(table["v"].list.get(0), gaps)(), rel=1e-15)
    assert "w 2" in str(task.inputs_read().notes) and np.isfinite(inputs_["x"]).all()


@pytest.mark.usefixtures("by_few_rows")
def test_lists_of_unlike_length_in_parquet_are_named_by_their_row(tmp_path: Path) -> None:
    values = [[1.0 * row, 2.0] for row in range(200)]
    values[150] = [1.0]
    pl.DataFrame({"v": values, "y": np.arange(200.0) % 7}).write_parquet(tmp_path / "odd.parquet", row_group_size=70)
    assert "'v' holds 2 numbers a row, but 1 in row 151" in refused(str(tmp_path / "odd.parquet"))


@pytest.mark.usefixtures("by_few_rows")
def test_a_parquet_file_that_ends_early_is_refused(tmp_path: Path) -> None:
    path = Path(written(tmp_path, "columns"))
    path.write_bytes(path.read_bytes()[:-3000])
    assert "not a readable Parquet file" in refused(str(path))


@pytest.mark.usefixtures("by_few_rows")
def test_a_folder_of_parquet_files_is_one_table(tmp_path: Path) -> None:
    table = pl.read_parquet(written(tmp_path, "list"))
    (tmp_path / "parts").mkdir()
    for part in range(4):
        table[part * 100:(part + 1) * 100].write_parquet(tmp_path / "parts" / f"{part}.parquet")
    whole, parts = (read_table(path, apart={"y"}) for path in (str(tmp_path / "list.parquet"), str(tmp_path / "parts")))
    assert list(parts.columns) == list(whole.columns) and isinstance(parts.columns["embedding"], np.memmap)
    for name, cells in whole.columns.items():
        np.testing.assert_array_equal(parts.columns[name], cells)
    assert parts.row(399).startswith("row 100 of") and parts.row(399).endswith("3.parquet")


@pytest.mark.usefixtures("by_few_rows")
def test_whole_numbers_that_float64_does_not_hold_stay_whole_numbers(tmp_path: Path) -> None:
    table = pl.read_parquet(written(tmp_path, "columns")).with_columns(large=pl.int_range(N) * 2**45 + 1)
    table.with_columns(large=pl.col("large") + 2**60).write_parquet(tmp_path / "held.parquet")
    assert "more digits than a number here holds" in refused(str(tmp_path / "held.parquet"))


def test_columns_of_a_matrix_are_stored_once(w2s: Command, by_few_rows: None) -> None:
    """In one pool for both seeds, of which the columns are views, and once as features."""
    path = written(w2s.folder, "columns")
    w2s("run", "--task", f"arrays[path={Path(path).name},features=f0+f1+f2+f3+f4+f5]", "--weak", "random-features[width=8]",
        "--strong", "raw", "--strategy", "ridge", "--seeds", "0..1", "-o", "r", "--store", "s", "--executor", "here", check=0)
    from w2s_bench.store.artifacts import Store

    store = Store(str(w2s.folder / "s"))
    arrays = [pair for key in sorted(store.keys()) for pair in store.load(key).arrays.items()]
    holding = [name for name, array in arrays if array.shape == (N, D)]
    assert sorted(holding) == ["inputs/x", "pool"]


def test_reading_by_blocks_makes_no_copy_in_memory(tmp_path: Path, by_few_rows: None) -> None:
    n, d = 20_000, 40
    table = pl.DataFrame({"v": pl.Series(np.random.default_rng(0).normal(size=(n, d)).astype(np.float32).tolist(),
                                         dtype=pl.List(pl.Float32)), "y": np.arange(n) % 7 / 3})
    table.write_parquet(tmp_path / "long.parquet", row_group_size=2000)
    del table
    tracemalloc.start()
    splits = Arrays(str(tmp_path / "long.parquet")).load(0)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(splits.supervise.inputs) == 2 and most < 8 * n * d


def test_the_names_of_the_rows_are_counted_from_one() -> None:
    table = RowNames((3, 2), ("a.csv", "b.csv"))
    assert list(table) == [*(f"row {row} of a.csv" for row in (1, 2, 3)), "row 1 of b.csv", "row 2 of b.csv"]
    assert table[-1] == "row 2 of b.csv" and table[1:3] == ["row 2 of a.csv", "row 3 of a.csv"]


def test_texts_of_long_json_lines_are_those_of_a_whole_reading(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "texts.jsonl"
    rows = [{"text": f"née {row}\u2028 line", "meta": {"at": row}} | ({"late": None if row % 2 else row} if row > 150 else {})
            for row in range(200)]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode() + b"\r")
    whole = read_table(str(path))
    request.getfixturevalue("by_few_rows")
    assert read_table(str(path)).columns == whole.columns and whole.columns["text"][3] == "née 3\u2028 line"
