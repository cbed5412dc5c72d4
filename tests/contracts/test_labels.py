"""What is a class and what is none: one rule for every format, split and file. See w2s_bench/contracts/labels.py."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from w2s_bench.contracts import ClassColumn, Classes, DataError, Wording, number_labels, read_table


def as_csv(folder: Path, labels: list[Any]) -> str:
    with (folder / "a.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("n", "label"), *enumerate("" if label is None else label for label in labels)])
    return str(folder / "a.csv")


def as_jsonl(folder: Path, labels: list[Any]) -> str:
    (folder / "a.jsonl").write_text("".join(json.dumps({"label": label}) + "\n" for label in labels))
    return str(folder / "a.jsonl")


def as_parquet(folder: Path, labels: list[Any]) -> str:
    pl.DataFrame({"label": labels}).write_parquet(folder / "a.parquet")
    return str(folder / "a.parquet")


FORMATS = [as_csv, as_jsonl, as_parquet]


def found(path: str, names: tuple[str, ...] = (), **words: str) -> tuple[tuple[str, ...], list[int]]:
    table, column = read_table(path, Wording(**words)), ClassColumn("label", names, False)
    classes = column.classes(table)
    return classes.names, column.truth(table, classes).argmax(axis=1).tolist()


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize("word", ["NA", "n/a", "nan", "None", "NULL", "–", "#N/A ", "", " ", None])
def test_a_label_that_is_missing_is_refused_by_its_row_whatever_the_file(tmp_path: Path, write: Any, word: str | None) -> None:
    with pytest.raises(DataError, match=r"label of row 3 is '.*', and a class is needed\n  drop the row"):
        found(write(tmp_path, ["yes", "no", word, "yes"]))
    with pytest.raises(DataError, match=r"label of row 3 is (missing|'.*', a word for what is missing)\n  drop the row"):
        number_labels(read_table(write(tmp_path, ["1", "0", word, "1"])), "label")


def test_a_word_of_the_users_own_is_missing_too_and_a_class_that_is_named_is_none(tmp_path: Path) -> None:
    path = as_csv(tmp_path, ["yes", "no", "unsure", "no"])
    assert found(path)[0] == ("no", "unsure", "yes")
    with pytest.raises(DataError, match="label of row 3 is 'unsure', and a class is needed"):
        found(path, na="unsure")
    stance = as_csv(tmp_path, ["none", "against", "favor", "None"])
    with pytest.raises(DataError, match="label of row 1 is 'none'"):
        found(stance)
    assert found(stance, ("against", "favor", "none")) == (("against", "favor", "none"), [2, 0, 1, 2])


@pytest.mark.parametrize("write", FORMATS)
def test_a_minus_one_beside_numbered_classes_is_a_hidden_label_unless_it_is_named(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path, [0, 1, -1, 1])
    with pytest.raises(DataError, match=r'label of row 3 is -1 beside 0, 1: the mark of a hidden label\?\n.*classes="-1,0,1"'):
        found(path)
    assert found(path, ("-1", "0", "1")) == (("-1", "0", "1"), [1, 2, 0, 2])
    assert found(write(tmp_path, [-1, 1, 1, -1])) == (("-1", "1"), [0, 1, 1, 0])
    with pytest.raises(DataError, match=r'label of row 2 is -100 beside 1, 2: the mark .*\n.*classes="-100,1,2"'):
        found(write(tmp_path, [1, -100, 2]))
    with pytest.raises(DataError, match=r'label of row 3 is -99 beside no, yes: the mark .*\n.*classes="-99,no,yes"'):
        found(write(tmp_path, ["no", "yes", "-99"]))
    assert found(write(tmp_path, [-2, -1, 0, 1])) == (("-2", "-1", "0", "1"), [0, 1, 2, 3])


@pytest.mark.parametrize("write", FORMATS)
def test_spellings_of_one_class_are_refused_or_taken_for_the_class_that_is_named(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path, ["Positive", "negative ", " negative", "positive"])
    with pytest.raises(DataError, match=r"'Positive' in row 1 and 'positive' in row 4: two spellings of one class\?\n.*classes="):
        found(path)
    assert found(path, ("negative", "positive")) == (("negative", "positive"), [1, 0, 0, 1])
    both = ("Positive", "negative", "positive")
    assert found(path, both) == (both, [0, 1, 1, 2])
    mixed = as_jsonl(tmp_path, [True, "1", False, 0])
    with pytest.raises(DataError, match="'true' in row 1 and '1' in row 2"):
        found(mixed)


@pytest.mark.parametrize(("labels", "numbers"), [
    (["yes", "Yes.", "'yes'", "no", "**No**"], [1, 1, 1, 0, 0]),
    (["very good", "Very_Good", "very-good", "very  good", "bad"], [1, 1, 1, 1, 0]),
    (["1", "true", "0", "False", "01"], [1, 1, 0, 0, 1]), (["1.5", "1.50", "0.5"], [1, 1, 0]),
    (["caf\u00e9", "cafe\u0301", "tea"], [0, 0, 1]), (["pos\u00aditive", "positive", "negative"], [1, 1, 0])])
def test_the_classes_that_a_refusal_of_spellings_names_take_all_of_them(tmp_path: Path, labels: list[str],
                                                                         numbers: list[int]) -> None:
    path = as_csv(tmp_path, labels)
    with pytest.raises(DataError, match="two spellings of one class") as refused:
        found(path)
    names = tuple(refused.value.hint.split('"')[1].split(","))
    assert found(path, names) == (names, numbers)


def test_numbers_and_truth_are_one_class_however_a_file_writes_them(tmp_path: Path) -> None:
    for name, content in {"a.csv": "label\nTrue\nFALSE\n", "b.jsonl": '{"label": true}\n{"label": "false"}\n'}.items():
        (tmp_path / name).write_text(content)
    assert found(str(tmp_path)) == (("false", "true"), [1, 0, 1, 0])
    assert found(as_jsonl(tmp_path / "..", [1, 1.0, "1.0", 0])) == (("0", "1"), [1, 1, 1, 0])
    big = [9007199254740993, 9007199254740992, 9007199254740993]
    assert found(as_parquet(tmp_path, big)) == (("9007199254740992", "9007199254740993"), [1, 0, 1])


def test_a_classs_number_is_read_only_where_no_name_is_a_number(tmp_path: Path) -> None:
    assert found(as_csv(tmp_path, [0, 1, 1]), ("no", "yes"))[1] == [0, 1, 1]
    with pytest.raises(DataError, match="label of row 1 is '0', which is no class"):
        found(as_csv(tmp_path, [0, 1, 2]), ("1", "2", "3"))


def test_a_matrix_of_probabilities_is_a_label_of_classes(tmp_path: Path) -> None:
    shares = np.array([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]])
    np.savez(tmp_path / "a.npz", label=shares)
    table = read_table(str(tmp_path / "a.npz"))
    assert np.array_equal(ClassColumn("label", (), False).truth(table, Classes(2)), shares)
    with pytest.raises(DataError, match="label has 2 columns for 3 classes"):
        ClassColumn("label", ("a", "b", "c"), False).truth(table, Classes(3))
