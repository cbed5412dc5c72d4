"""Tasks from text: a table of the user's, and the functions of the standard library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import w2s_text
from w2s_text.python_functions import LONGEST, PythonFunctions, functions_of

from w2s_bench.contracts import Task
from w2s_bench.errors import DataError, UsageError
from w2s_bench.registry import check_parameters, instantiate


def task(name: str, /, **settings: Any) -> Any:
    entry = next(entry for entry in w2s_text.w2s_tasks() if entry.name == name)
    return instantiate(entry.target, check_parameters(entry, settings, name), name)


def rows(n: int = 10) -> list[dict[str, Any]]:
    return [{"text": f"text {i}", "label": i / 4, "size": i, "kind": "ab"[i % 2]} for i in range(n)]


def write(folder: Path, name: str, records: list[dict[str, Any]]) -> str:
    path = folder / name
    if name.endswith(".csv"):
        pl.DataFrame(records).write_csv(path)
    elif name.endswith(".parquet"):
        pl.DataFrame(records).write_parquet(path)
    else:
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_every_format_gives_the_same_splits(tmp_path: Path, name: str) -> None:
    splits = task("text", path=write(tmp_path, name, rows())).load(3)
    parts = (splits.supervise, splits.transfer, splits.test)
    assert [len(part.truth) for part in parts] == [4, 4, 2]
    assert sorted(int(i) for part in parts for i in part.ids) == list(range(1, 11))
    for part in parts:
        assert set(part.inputs) == {"text", "size", "kind"}
        assert part.inputs["size"].dtype == np.float64 and part.inputs["kind"].dtype == object
        for text, size, label, number in zip(
            part.inputs["text"], part.inputs["size"], part.truth[:, 0], part.ids, strict=True
        ):
            assert text == f"text {size:.0f}" and label == size / 4 and int(number) == size + 1


def test_the_label_is_never_an_input_and_seeds_draw_other_splits(tmp_path: Path) -> None:
    own = task("text", path=write(tmp_path, "t.csv", rows(40)))
    assert isinstance(own, Task) and "label" not in own.load(0).test.inputs
    assert own.load(0).test.ids.tolist() == own.load(0).test.ids.tolist() != own.load(1).test.ids.tolist()


def test_a_folder_is_one_table(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", rows(6))
    write(tmp_path, "b.jsonl", rows(4))
    splits = task("text", path=str(tmp_path)).load(0)
    assert sum(len(part.truth) for part in (splits.supervise, splits.transfer, splits.test)) == 10
    write(tmp_path, "c.csv", [{"text": "x", "other": 1}])
    with pytest.raises(DataError, match="its columns are not those of"):
        task("text", path=str(tmp_path)).load(0)


def test_split_and_id_columns_are_used(tmp_path: Path) -> None:
    parts = ["supervise"] * 4 + ["transfer"] * 3 + ["test"] * 3
    records = [
        record | {"split": part, "id": f"r{i}"}
        for i, (record, part) in enumerate(zip(rows(), parts, strict=True))
    ]
    path = write(tmp_path, "t.csv", records)
    splits = task("text", path=path).load(0)
    assert splits.transfer.ids.tolist() == ["r4", "r5", "r6"]
    assert set(splits.test.inputs) == {"text", "size", "kind"}
    assert len(task("text", path=path, split="none").load(0).supervise.truth) == 4
    records[2]["split"] = "train"
    with pytest.raises(DataError, match=r"split of row 3 is 'train'"):
        task("text", path=write(tmp_path, "t.csv", records)).load(0)
    records[3]["id"] = "r0"
    with pytest.raises(DataError, match="id 'r0' of row 1 occurs more than once"):
        task("text", path=write(tmp_path, "t.csv", records), split="none").load(0)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("positive", r"label of row 3 is 'positive', and labels must be numbers"),
        ("nan", r"label of row 3 is 'nan', not a finite number"),
        ("inf", "not a finite number"),
        ("", "must be numbers"),
    ],
)
def test_a_bad_label_is_named_with_its_row(tmp_path: Path, label: str, message: str) -> None:
    records = [record | {"label": str(record["label"])} for record in rows()]
    records[2]["label"] = label
    with pytest.raises(DataError, match=message):
        task("text", path=write(tmp_path, "t.csv", records)).load(0)


def test_faults_of_files_are_explained(tmp_path: Path) -> None:
    path = write(tmp_path, "reviews.csv", rows())
    with pytest.raises(DataError, match="did you mean reviews.csv"):
        task("text", path=str(tmp_path / "review.csv")).fingerprint()
    with pytest.raises(DataError, match="has no column 'lable'\n  did you mean label"):
        task("text", path=path, label="lable").load(0)
    with pytest.raises(DataError, match="has 5 rows; at least 6"):
        task("text", path=write(tmp_path, "few.csv", rows(5))).load(0)
    latin = tmp_path / "latin.csv"
    latin.write_bytes("text,label\ncafé,1\n".encode("latin1"))
    with pytest.raises(DataError, match="line 2 is not UTF-8"):
        task("text", path=str(latin)).load(0)
    ragged = tmp_path / "ragged.csv"
    ragged.write_text("text,label\na,1\nb,c,2\n")
    with pytest.raises(DataError, match="row 2 has 3 fields, the header 2"):
        task("text", path=str(ragged)).load(0)
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="no readable Parquet"):
        task("text", path=str(tmp_path / "broken.parquet")).load(0)
    (tmp_path / "table.xlsx").write_bytes(b"")
    with pytest.raises(DataError, match=r"\.xlsx is not read"):
        task("text", path=str(tmp_path / "table.xlsx")).fingerprint()
    with pytest.raises(UsageError, match="no revision is given"):
        task("text", path=path, name="sst2").fingerprint()


def test_a_hub_data_set_without_network_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    hub = task("text", path="nobody/nothing", revision="abc123")
    assert hub.fingerprint() == "nobody/nothing[]@abc123"
    with pytest.raises(DataError, match="give the file or folder as path="):
        hub.load(0)


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    before = task("text", path=write(tmp_path, "t.csv", rows())).fingerprint()
    assert before == task("text", path=write(tmp_path, "t.csv", rows())).fingerprint()
    assert before != task("text", path=write(tmp_path, "t.csv", rows(11))).fingerprint()


def test_python_functions_are_short_distinct_and_counted() -> None:
    python = task("python-functions")
    splits = python.load(0)
    parts = (splits.supervise, splits.transfer, splits.test)
    texts = [text for part in parts for text in part.inputs["text"]]
    truth = np.concatenate([part.truth for part in parts])
    assert isinstance(python, Task) and len(texts) == len(set(texts)) > 4000
    assert max(len(text.encode()) for text in texts) <= LONGEST
    assert 0.2 < truth.var() < 0.4
    ids = np.concatenate([part.ids for part in parts])
    assert len(set(ids.tolist())) == len(ids)
    assert python.fingerprint() == python.fingerprint()


def test_a_limit_is_a_fixed_sample_that_seeds_split_differently() -> None:
    ids = [
        sorted(
            i
            for part in ("supervise", "transfer", "test")
            for i in getattr(PythonFunctions(60).load(seed), part).ids
        )
        for seed in (0, 1)
    ]
    assert ids[0] == ids[1] and len(ids[0]) == 60
    assert PythonFunctions(60).load(0).test.ids.tolist() != PythonFunctions(60).load(1).test.ids.tolist()


def test_calls_and_branches_are_counted_without_decorators_and_cut_by_lines() -> None:
    source = b"""class A:
    @cached(1)
    def f(self, x):
        if x and g(x):
            return [h(y) for y in x]

    async def nothing(self): pass
"""
    assert list(functions_of(source)) == [
        (3, "def f(self, x):\n    if x and g(x):\n        return [h(y) for y in x]", 5),
        (7, "async def nothing(self): pass", 0),
    ]
    assert list(functions_of(b"def broken(:")) == []
    assert [text for _, text, _ in functions_of(b"x = '\x0c'\ndef f():\n    return 1\n")] == [
        "def f():\n    return 1"
    ]
