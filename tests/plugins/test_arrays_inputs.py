"""What x is made of in a file of one's own: see plugins/w2s_tabular/inputs.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from w2s_tabular.arrays import Arrays

from w2s_bench.contracts import DataError, UsageError, setting
from w2s_bench.registry.loading import load_registry

N = 24
RNG = np.random.default_rng(3)
P, Q, Y = RNG.normal(size=(3, N)).round(4)


def csv(folder: Path, name: str = "a.csv", **columns: Any) -> str:
    pl.DataFrame({"p": P, "q": Q, **columns, "y": Y}).write_csv(folder / name)
    return str(folder / name)


def whole_x(task: Arrays) -> np.ndarray[Any, Any]:
    """x of all examples in the order of the file."""
    splits = task.load(0)
    parts = [splits.supervise, splits.transfer, splits.test]
    rows = np.concatenate([[int(name.removeprefix("row ")) for name in part.ids] for part in parts])
    return np.concatenate([part.inputs["x"] for part in parts])[np.argsort(rows)]


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "rownames", "index", "row.names", "__index_level_0__", "PassengerId",
                                  "user_id", "S.No.", "record", "#", "anything"])
def test_row_numbers_are_no_input_and_are_named_with_the_word_to_take_them_in(tmp_path: Path, name: str) -> None:
    numbers = RNG.permutation(N) + (900 if name in ("user_id", "S.No.", "record", "#") else 1)
    task = Arrays(csv(tmp_path, **{name or "no name": numbers}))
    if not name:
        file = Path(task.path)
        file.write_text(file.read_text().replace("no name", ""))
    known = name or "column 3"
    assert task.inputs_read().x == ("p", "q") and setting("include", known) in task.inputs_read().left_out[known]
    assert np.array_equal(whole_x(task), np.stack([P, Q], axis=1))
    taken = Arrays(task.path, include=known)
    assert taken.inputs_read().x == ("p", "q", known) and np.array_equal(whole_x(taken)[:, 2], numbers)


def test_a_column_that_counts_something_is_an_input(tmp_path: Path) -> None:
    columns = {"year": np.arange(2000, 2000 + N), "index": RNG.normal(size=N), "n_id": RNG.integers(0, 4, N)}
    assert Arrays(csv(tmp_path, **columns)).inputs_read().x == ("p", "q", "year", "index", "n_id")


@pytest.mark.parametrize("name", ["Id", "ID", "ids"])
def test_ids_are_found_whatever_their_letters_and_may_be_chosen(tmp_path: Path, name: str) -> None:
    names = [f"0{row:03d}" for row in range(N)]
    splits = Arrays(csv(tmp_path, **{name: names})).load(0)
    assert sorted([*splits.supervise.ids, *splits.transfer.ids, *splits.test.ids]) == names
    assert sorted(Arrays(csv(tmp_path, code=names), id="code").load(0).test.ids)[0] in names
    twice = csv(tmp_path, id=[0, *range(N - 1)])
    with pytest.raises(DataError, match="row 1 and row 2 share the id '0'.*\n.*id=none"):
        Arrays(twice).load(0)
    assert Arrays(twice, id="none").inputs_read().x == ("p", "q", "id")


def test_a_matrix_is_the_input_whatever_stands_beside_it(tmp_path: Path) -> None:
    emb = RNG.normal(size=(N, 4))
    for name in ("X", "x", "features"):
        np.savez(tmp_path / "a.npz", **{name: emb, "y": Y, "idx": np.arange(N), "length": P})
        task = Arrays(str(tmp_path / "a.npz"))
        assert task.inputs_read().x == (name,) and np.array_equal(whole_x(task), emb)
        assert "include=length" in task.inputs_read().left_out["length"] and "row numbers" in task.inputs_read().left_out["idx"]
        both = Arrays(task.path, include="length")
        assert np.array_equal(whole_x(both), np.column_stack([emb, P]))
    pl.DataFrame({"emb": emb.tolist(), "tokens": P, "y": Y}).write_parquet(tmp_path / "a.parquet")
    assert np.array_equal(whole_x(Arrays(str(tmp_path / "a.parquet"))), emb)
    np.savez(tmp_path / "b.npz", small=emb[:, :2], large=emb, y=Y)
    two = Arrays(str(tmp_path / "b.npz"))
    assert two.inputs_read().x == () and set(two.load(0).test.inputs) == {"small", "large"}
    assert "features=small" in two.inputs_read().left_out["large"]


def test_no_column_is_left_out_or_overwritten_without_a_word(tmp_path: Path) -> None:
    path = csv(tmp_path, who=["a"] * N, zip=[f"0{row:02d}" for row in range(N)], day=["2024-01-31"] * N)
    assert Arrays(path).inputs_read().left_out == {"who": "text", "zip": "codes with leading zeros", "day": "dates"}
    assert Arrays(path, exclude="q").inputs_read().left_out["q"] == "exclude= names it"
    assert Arrays(path, features="q").inputs_read().left_out["p"] == "features= names others"
    own = csv(tmp_path, "x.csv", x=P)
    assert Arrays(own).inputs_read().x == ("p", "q", "x")
    assert any("a column x of its own" in line for line in Arrays(own).inputs_read().notes)
    with pytest.raises(DataError, match=r"column 'x' of its own, and models read the input p\+q by this name\n  rename"):
        Arrays(own, exclude="x").load(0)
    with pytest.raises(DataError, match="no column 'r'"):
        Arrays(path, include="r").inputs_read()
    with pytest.raises(UsageError, match="'p' is to be in x and out of it"):
        Arrays(path, exclude="p", features="p+q").inputs_read()


def test_one_odd_cell_is_named_and_a_word_or_exclude_is_the_way_out(tmp_path: Path) -> None:
    cells = [f"{value}" for value in Q]
    cells[10] = "NA"
    path = csv(tmp_path, bad=cells)
    with pytest.raises(DataError, match="column 'bad' holds numbers, but 'NA' in row 11\n  add na=NA; or exclude=bad"):
        Arrays(path).load(0)
    with pytest.raises(DataError, match="column 'bad' holds a gap in row 11\n.*exclude=bad"):
        Arrays(path, na="NA").load(0)
    assert Arrays(path, exclude="bad").inputs_read().x == ("p", "q")
    big = csv(tmp_path, big=[2**53 + 1] * N)
    with pytest.raises(DataError, match="'big' holds 9007199254740993 in row 1, more digits.*\n.*exclude=big"):
        Arrays(big).load(0)


@pytest.mark.parametrize("word", ["–", "#VALUE!", "not known", "?", "N.A"])
def test_the_word_that_a_refusal_gives_is_one_that_a_command_reads(tmp_path: Path, word: str) -> None:
    cells = [f"{value}" for value in Q]
    cells[10] = word
    path = csv(tmp_path, **{"price (USD)": cells})
    with pytest.raises(DataError, match="holds numbers, but") as refused:
        Arrays(path).load(0)
    gap, _, leave = refused.value.hint.removeprefix("add ").partition("; or ")
    registry = load_registry()
    filled = registry.one("tasks", f"arrays[path={path},{gap},gaps=mean]").create()
    assert whole_x(filled)[10, 2] == pytest.approx(np.delete(Q, 10).mean())
    without = registry.one("tasks", f"arrays[path={path},{leave.removesuffix(' leaves the column out of x')}]").create()
    assert without.inputs_read().x == ("p", "q")


@pytest.mark.parametrize(("odd", "said"), [(None, "''"), ([1.0], r"'\[1.0\]'"), ([1.0, "NA"], r"""'\[1.0, "NA"\]'""")])
def test_one_row_makes_no_vectors_something_else(tmp_path: Path, odd: Any, said: str) -> None:
    """Where the vectors leave x, a count beside them would be it."""
    rows = [{"embedding": odd if row == 4 else [P[row], Q[row]], "tokens": row % 7, "y": Y[row]} for row in range(N)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=f"column 'embedding' holds 2 numbers a row, but {said} in row 5\n.*exclude=embedding"):
        Arrays(str(path)).load(0)
    assert Arrays(str(path), exclude="embedding").inputs_read().x == ("tokens",)


def test_a_column_with_a_plus_in_its_name_is_named_alone(tmp_path: Path) -> None:
    path = csv(tmp_path, **{"C++": Q + P})
    assert Arrays(path, exclude="C++").inputs_read().x == ("p", "q") and Arrays(path, features="C++").inputs_read().x == ("C++",)


def test_one_comma_among_points_is_no_decimal_comma(tmp_path: Path) -> None:
    cells = [f"{value}" for value in Q]
    cells[10] = "1,5"
    path = csv(tmp_path, bad=cells)
    for decimal in ("point", "comma"):
        with pytest.raises(DataError, match="\n  write it as a number without separators or units; or exclude=bad"):
            Arrays(path, decimal=decimal, features="bad").load(0)


@pytest.mark.parametrize(("gaps", "filled"), [("mean", 26.0 / 9), ("median", 2.0)])
def test_a_word_fills_the_gaps_of_x_from_the_column_alone(tmp_path: Path, gaps: str, filled: float) -> None:
    """Ten rows of which one has no `age`: the rest is 1, 1, 1, 1, 2, 2, 3, 5, 10."""
    ages = [1, 1, None, 1, 1, 2, 2, 3, 5, 10]
    pl.DataFrame({"age": ages, "other": RNG.normal(size=10), "y": RNG.normal(size=10)}).write_csv(tmp_path / "a.csv")
    path = str(tmp_path / "a.csv")
    with pytest.raises(DataError, match=r"'age' holds a gap in row 3\n  gaps=median \(or mean\) fills it"):
        Arrays(path).load(0)
    task = Arrays(path, gaps=gaps)
    splits = task.load(0)
    x = {str(name): row for part in (splits.supervise, splits.transfer, splits.test)
         for name, row in zip(part.ids, part.inputs["x"], strict=True)}
    assert x["row 2"][0] == pytest.approx(filled) and [x[f"row {row}"][0] for row in (0, 9)] == [1.0, 10.0]
    assert task.inputs_read().notes == (f"gaps are filled with the {gaps} of all rows: age 1",)


def test_an_input_that_is_the_same_in_all_rows_is_refused(tmp_path: Path) -> None:
    path = csv(tmp_path, c=[5] * N)
    with pytest.raises(DataError, match="x is the same in all rows: c\n"):
        Arrays(path, features="c").inputs_read()
    assert Arrays(path).inputs_read().x == ("p", "q", "c")


def test_no_word_fills_a_label_an_infinity_or_a_column_of_gaps(tmp_path: Path) -> None:
    x = RNG.normal(size=(12, 2))
    for hole, said in (((3, 0), None), ((slice(None), 1), "column 2 of 'x' holds nothing but gaps")):
        holed = x.copy()
        holed[hole] = np.nan
        np.savez(tmp_path / "a.npz", x=holed, y=x[:, 0])
        if said is None:
            assert np.isfinite(Arrays(str(tmp_path / "a.npz"), gaps="mean").load(0).test.inputs["x"]).all()
        else:
            with pytest.raises(DataError, match=said):
                Arrays(str(tmp_path / "a.npz"), gaps="mean").load(0)
    x[2, 1] = np.inf
    np.savez(tmp_path / "a.npz", x=x, y=x[:, 0])
    with pytest.raises(DataError, match="holds inf in row 3"):
        Arrays(str(tmp_path / "a.npz"), gaps="median").load(0)
    np.savez(tmp_path / "a.npz", x=x[:, :1], y=np.where(np.arange(12) == 4, np.nan, 1.0))
    with pytest.raises(DataError, match="y of row 5 is missing"):
        Arrays(str(tmp_path / "a.npz"), gaps="median").load(0)
