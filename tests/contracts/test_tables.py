"""Tables as people have them: each file is read right, or refused with the word to add. See w2s_bench/contracts/tables.py."""

from __future__ import annotations

import csv
import datetime
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from w2s_bench.contracts import DataError, UsageError, Wording, number_labels, read_csv, read_table

A, B, Y = [0.5, -1.25, 3.0], [10.0, 2.0, 0.125], [1.0, 0.0, 2.5]


def written(folder: Path, name: str, content: str | bytes) -> str:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(folder / name)


def lines(separator: str = ",", point: str = ".", end: str = "\n") -> str:
    head = separator.join("aby")
    return end.join([head, *(separator.join(f"{v}".replace(".", point) for v in row) for row in zip(A, B, Y, strict=True))]) + end


def values(path: str, **words: str) -> dict[str, list[float]]:
    table = read_table(path, Wording(**words))
    return {name: table.typed(name).values.tolist() for name in table.columns}


@pytest.mark.parametrize(("name", "content"), [
    ("semicolons.csv", lines(";")), ("tabs.csv", lines("\t")), ("tabs.tsv", lines("\t")), ("bars.csv", lines("|")),
    ("old_mac.csv", lines(end="\r")), ("dos.csv", lines(end="\r\n")), ("mark.csv", b"\xef\xbb\xbf" + lines().encode()),
    ("utf16.csv", lines().encode("utf-16")), ("packed.csv.gz", gzip.compress(lines().encode())),
    ("packed.tsv.gz", gzip.compress(lines("\t").encode())), ("excel.csv", "sep=;\n" + lines(";")),
    ("blank.csv", lines() + "\n"), ("empty_rows.csv", lines() + ",,\n,,\n"), ("head.csv", lines().replace("a,b,y", "a, b , y")),
    ("spaces.csv", lines().replace("-1.25,", " -1.25 ,")), ("trailing.csv", lines().replace("\n", ",,\n")),
    ("lines.jsonl", "".join(json.dumps(dict(zip("aby", row, strict=True))) + "\n" for row in zip(A, B, Y, strict=True))),
], ids=lambda part: part if isinstance(part, str) and "\n" not in part else "")
def test_a_file_that_says_what_it_is_is_read_as_it_is(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert values(written(tmp_path, name, content)) == {"a": A, "b": B, "y": Y}


def test_what_a_file_does_not_say_is_said_by_a_word(tmp_path: Path) -> None:
    commas = written(tmp_path, "commas.csv", lines(";", ","))
    table = read_table(commas)
    assert table.typed("a").odd is not None and table.typed("a").odd.why == "decimal=comma"
    with pytest.raises(DataError, match="y of row 1 is '1,0', and labels must be numbers\n  add decimal=comma"):
        number_labels(table, "y")
    assert values(commas, decimal="comma") == {"a": A, "b": B, "y": Y}
    three = written(tmp_path, "three.csv", "q;y\n2,041;1\n0,402;2\n-1,250;3\n")
    odd = read_table(three).typed("q").odd
    assert odd is not None and odd.why == "decimal=comma" and values(three, decimal="comma")["q"] == [2.041, 0.402, -1.25]
    thousands = read_table(written(tmp_path, "thousands.csv", "q;y\n2,041;1\n402;2\n-1,250;3\n")).typed("q").odd
    assert thousands is not None and thousands.why == ""
    both = written(tmp_path, "both.csv", "a,b;c\n1,2;3\n4,5;6\n")
    with pytest.raises(DataError, match="separated by comma or by semicolon\n  separator=comma or separator=semicolon"):
        read_table(both)
    assert values(both, separator="semicolon")["c"] == values(both, separator=";")["c"] == [3.0, 6.0]
    bare = written(tmp_path, "bare.csv", lines().encode("utf-16-le"))
    with pytest.raises(DataError, match=r"holds zero bytes.*\n  add encoding=utf-16-le"):
        read_table(bare)
    assert values(bare, encoding="utf-16-le")["a"] == A
    windows = written(tmp_path, "windows.csv", "name,y\ncaf\u00e9 \u2013,1\n".encode("cp1252"))
    with pytest.raises(DataError, match=r"line 2 is not UTF-8 \(byte 0xe9\)\n  add encoding=cp1252"):
        read_table(windows)
    assert read_table(windows, Wording(encoding="cp1252")).columns["name"] == ["café –"]
    with pytest.raises(UsageError, match="no encoding is called 'utf9'\n  did you mean utf-8"):
        read_table(windows, Wording(encoding="utf9"))
    with pytest.raises(UsageError, match="'dots' separates no fields"):
        read_table(windows, Wording(separator="dots", encoding="cp1252"))


def test_columns_that_are_aligned_by_spaces_are_read_by_a_word(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'name      y\n  "a b"   1.5 \nc         12\n')
    assert read_table(path, Wording(separator="space")).columns == {"name": ["a b", "c"], "y": ["1.5", "12"]}


def test_what_cannot_be_read_says_how_to_mend_it(tmp_path: Path) -> None:
    for name, content, said in [
            ("slashes.csv", 'text,y\n"she said \\"amber, then\\" bridge",1,2\n', r'line 2: no CSV.*\n  .*doubled, "", and'),
            ("table.json", '{"a": {"0": 1},\n "b": {"0": 2}}', r"line 1: no JSON.*\n.*list of objects"),
            ("numbers.json", "[1, 2]", "not a list of JSON objects"),
            ("twice.json", '[{"a": 1, "a": 2}]', "names 'a' more than once"),
            ("r.csv", 'a,y\n"1",2,3\n', r"row 1 has 3 fields, the header 2\n  .*row\.names=FALSE"),
            ("twice.csv", "a,b,a\n1,2,3\n", "names 'a' more than once"),
            ("title.csv", "Prices of 2024\n\na,b,y\n1,2,3\n", "its first line is 'Prices of 2024': remove"),
            ("one.jsonl", '[{"a": 1},\n{"a": 2}]\n', r"line 1: no JSON.*\n.*jq"),
            ("twice.jsonl", '{"a": 1, "a": 2}\n', "names 'a' more than once"),
            ("same.jsonl", '{"a.b": 1, "a": {"b": 2}}\n', "'a.b'"),
            ("comma.csv", "a,y\n1,2,\n3,4,\n", "rows end with a separator, and the header does not"),
            ("zero.csv", "text,y\namber bridge,1\ncandle drift\0,2\n", "line 3 holds a zero byte.*\n  take it out"),
            ("bytes.csv", b"a,y\n1,\xff\n", "not UTF-8")]:
        with pytest.raises(DataError, match=said):
            read_table(written(tmp_path, name, content))
    for name, content, said in (("none.jsonl", "\n\n", "none.jsonl: holds no row"),
                                ("spaces.csv", "a  y\n1  2\n", "only one: 'a  y'\n  add separator=space")):
        with pytest.raises(DataError, match=said):
            read_table(written(tmp_path, name, content)).column("y")
    with pytest.raises(DataError, match="no column 'y': its first line holds numbers\n  add a line above it that names"):
        read_table(written(tmp_path, "bare.csv", "1.5,2\n3,4\n")).column("y", "label")
    with pytest.raises(DataError, match=r"not UTF-8 \(byte 0xff\)\n  save the file as UTF-8"):
        read_csv(tmp_path / "bytes.csv")


def test_parts_are_named_in_letters_of_either_case_and_another_word_says_what_they_are_for(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "a.csv", "split,other\nSupervise,train\nTRANSFER,train\ntest,test\n"))
    assert table.parts("split", "splits=none").tolist() == ["supervise", "transfer", "test"]
    with pytest.raises(DataError, match="other of row 1 is 'train', not one of .*\n  weak models are fitted on supervise"):
        table.parts("other", "splits=none")


def test_a_backslash_before_quotation_marks_is_read_where_the_file_can_be_nothing_else(tmp_path: Path) -> None:
    path = str(tmp_path / "a.csv")
    rows = [('she said "amber, then" bridge', "1"), ("C:\\new", "2"), ('ends "so"', "3")]
    with open(path, "w", newline="") as file:
        csv.writer(file, escapechar="\\", doublequote=False, quoting=csv.QUOTE_ALL).writerows([("text", "y"), *rows])
    table = read_table(path)
    assert list(zip(table.columns["text"], table.columns["y"], strict=True)) == rows
    both = read_table(written(tmp_path, "b.csv", 'text,y\n"a ""b"" \\",1\n"c:\\d",2\n'))
    assert both.columns["text"] == ['a "b" \\', "c:\\d"], "a file that doubles them keeps its backslashes"


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_a_list_of_objects_is_a_table_and_so_are_objects_a_line(tmp_path: Path, name: str) -> None:
    records = [{"text": "a\nb", "label": 1, "meta": {"score": 0.5}}, {"text": "c", "label": 0}]
    pack = gzip.compress if name.endswith("gz") else bytes
    for content in (json.dumps(records, indent=2), "".join(json.dumps(record) + "\n" for record in records)):
        (tmp_path / name).write_bytes(pack(content.encode()))
        table = read_table(str(tmp_path / name))
        assert table.columns == {"text": ["a\nb", "c"], "label": [1, 0], "meta.score": [0.5, None]}


def test_a_cell_of_any_length_is_read(tmp_path: Path) -> None:
    long = "amber " * 25_000
    assert read_table(written(tmp_path, "long.csv", f'text,y\n"{long}",1\n')).columns["text"] == [long]


def test_columns_without_a_name_are_called_by_their_place_and_empty_ones_are_none(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "spam.csv", "v1,v2,,,\nham,hello,,,\nspam,win,rest,,\n"))
    assert list(table.columns) == ["v1", "v2", "column 3"] and table.unnamed == {"column 3"}
    assert table.columns["column 3"] == ["", "rest"]


@pytest.mark.parametrize("word", ["NA", "N/A", "null", "None", "?", "-", "1,234.5", "12 %", "high"])
def test_one_cell_makes_no_column_text_without_a_word(tmp_path: Path, word: str) -> None:
    cells = [f"{value:.2f}" for value in np.linspace(-3, 9, 24)]
    cells[16] = word
    column = read_table(written(tmp_path, "a.csv", "q;y\n" + "".join(f"{cell};1\n" for cell in cells))).typed("q")
    assert column.odd is not None and (column.odd.row, column.odd.text) == (16, word)
    path = str(tmp_path / "a.csv")
    if word in ("NA", "N/A", "null", "None", "?", "-", "high"):
        assert column.odd.why == f"na={word}"
        gap = read_table(path, Wording(na=f"{word}+other")).typed("q").values
        assert np.flatnonzero(np.isnan(gap)).tolist() == [16] and gap[0] == -3.0


def test_many_words_for_a_gap_are_named_together_and_text_stays_text(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "a.csv", "q,name,room\n" + "NA,a1,101\n?,7,102\n" * 9 + "1,b,12A\n2.5,c,x\n"))
    odd = table.typed("q").odd
    assert odd is not None and odd.why == "na=?+NA"
    assert table.typed("name").odd is None and table.typed("name").why == "text"
    days = read_table(written(tmp_path, "d.csv", "day\n2024-01-31\n2024-02-01\n")).typed("day")
    assert (days.kind, days.why) == ("text", "dates")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet", "t.npz"])
def test_every_format_says_the_same_of_the_same_cells(tmp_path: Path, name: str) -> None:
    columns: dict[str, list[Any]] = {"n": [1, 2, 3], "f": [0.5, 1.0, -2.0], "b": [True, False, True], "s": ["a", "b c", "é"],
                                     "code": ["007", "012", "100"], "id": [9007199254740993, 9007199254740992, 7]}
    path = tmp_path / name
    if name.endswith("csv"):
        path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]))
    elif name.endswith("jsonl"):
        path.write_text("".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n"
                                for row in zip(*columns.values(), strict=True)))
    elif name.endswith("parquet"):
        pl.DataFrame(columns).write_parquet(path)
    else:
        np.savez(path, **{key: np.array(cells) for key, cells in columns.items()})
    table = read_table(str(path))
    found = {key: table.typed(key) for key in columns}
    assert [found[key].values.tolist() for key in "nfbs"] == [[1, 2, 3], [0.5, 1, -2], [1, 0, 1], ["a", "b c", "é"]]
    assert found["code"].values.tolist() == ["007", "012", "100"] and found["code"].why == "codes with leading zeros"
    assert table.ids("id", "").tolist() == ["9007199254740993", "9007199254740992", "7"]
    assert found["id"].rounded == 0 and found["n"].rounded is None
    with pytest.raises(DataError, match="id of row 1 is 9007199254740993, more digits"):
        number_labels(table, "id")


@pytest.mark.parametrize("ids", [["007", "7"], ["3e3", "3000"], ["0003", "0004"], ["1.0", "1"]])
def test_ids_stay_as_they_stand_in_the_file(tmp_path: Path, ids: list[str]) -> None:
    table = read_table(written(tmp_path, "a.csv", "id,y\n" + "".join(f" {each},1\n" for each in ids)))
    assert table.ids("id", "").tolist() == ids
    np.savez(tmp_path / "b.npz", id=np.array([each.encode() for each in ids]))
    assert read_table(str(tmp_path / "b.npz")).ids("id", "").tolist() == ids
    for cells, said in (([*ids, ids[0]], "row 1 and row 3 share the id"), ([*ids, ""], "id of row 3 is missing")):
        with pytest.raises(DataError, match=said):
            read_table(written(tmp_path, "c.csv", "id,y\n" + "".join(f"{each},1\n" for each in cells))).ids("id", "")


def test_nested_json_and_parquet_are_columns_with_dots(tmp_path: Path) -> None:
    records = [{"text": "a", "meta": {"score": 1.5, "by": {"name": "x"}}, "emb": [1.0, 2.0]},
               {"text": "b", "meta": {"score": 2.5, "by": {"name": "y"}}, "emb": [3.0, 4.0]}]
    written(tmp_path, "a.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    pl.DataFrame(records).write_parquet(tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.parquet"):
        table = read_table(str(tmp_path / name))
        assert table.typed("meta.score").values.tolist() == [1.5, 2.5] and table.columns["meta.by.name"] == ["x", "y"]
        assert table.typed("emb").kind == "matrix" and table.typed("emb").values.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    days = pl.DataFrame({"day": [datetime.date(2024, 1, 31)], "raw": [b"\xff"]})
    days.drop("raw").write_parquet(tmp_path / "d.parquet")
    assert read_table(str(tmp_path / "d.parquet")).typed("day").values.tolist() == ["2024-01-31"]
    days.write_parquet(tmp_path / "e.parquet")
    with pytest.raises(DataError, match="'raw' holds bytes that are no text"):
        read_table(str(tmp_path / "e.parquet"))


def test_a_folder_is_its_tables_one_under_the_other_and_one_rule_decides_over_all(tmp_path: Path) -> None:
    written(tmp_path, "a.csv", "q,y\n1,1\n")
    written(tmp_path, "b.csv.gz", gzip.compress(b"y;q\n2;3.5\n"))
    written(tmp_path, "c.jsonl", '{"q": 4, "y": 0}\n')
    table = read_table(str(tmp_path))
    assert table.typed("q").values.tolist() == [1.0, 3.5, 4.0] and table.typed("y").values.tolist() == [1.0, 2.0, 0.0]
    assert table.row(1).startswith("row 1 of") and table.row(1).endswith("b.csv.gz")
