"""Tasks from text: a table of the user's, and the functions of the standard library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import w2s_text
from w2s_gpt2.bytes import BEGIN, byte_tokens
from w2s_text.python_functions import LONGEST, PythonFunctions, functions_of

from w2s_bench.contracts import Classes, Regression, Task
from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters


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
    with pytest.raises(DataError, match="row 1 and row 4 share the id 'r0'"):
        task("text", path=write(tmp_path, "t.csv", records), split="none").load(0)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("positive", r"label of row 3 is 'positive', and labels must be numbers"),
        ("nan", r"label of row 3 is 'nan', a word for what is missing"),
        ("inf", "not a finite number"),
        ("", "label of row 3 is missing"),
    ],
)
def test_a_bad_label_is_named_with_its_row(tmp_path: Path, label: str, message: str) -> None:
    records = [record | {"label": str(record["label"])} for record in rows()]
    records[2]["label"] = label
    with pytest.raises(DataError, match=message):
        task("text", path=write(tmp_path, "t.csv", records)).load(0)


def test_half_a_character_is_named_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "tweets.jsonl"
    path.write_text("\n".join(json.dumps({"text": "cut \ud83d" if row == 31 else f"whole {row}", "label": row})
                              for row in range(1, 41)))
    with pytest.raises(DataError, match=r"tweets.jsonl: text of row 31 holds half a character, '\\ud83d' at position 5"):
        task("text", path=str(path)).load(0)


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
    with pytest.raises(DataError, match="not a readable Parquet"):
        task("text", path=str(tmp_path / "broken.parquet")).load(0)
    (tmp_path / "table.xlsx").write_bytes(b"")
    with pytest.raises(DataError, match=r"cannot read a \.xlsx"):
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def labelled(labels: list[Any]) -> list[dict[str, Any]]:
    return [{"text": f"text {i}", "label": label} for i, label in enumerate(labels)]


def truth_by_text(own: Any, seed: int = 0) -> dict[str, list[float]]:
    splits = own.load(seed)
    return {text: row for part in (splits.supervise, splits.transfer, splits.test)
            for text, row in zip(part.inputs["text"], part.truth.tolist(), strict=True)}


def test_a_number_stays_the_default(tmp_path: Path) -> None:
    own = task("text", path=write(tmp_path, "t.csv", rows()), unit="kg")
    assert own.output == Regression(1, "kg") and own.divergence == "squared" and not own.balanced


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_labels_are_classes_by_name_in_sorted_order(tmp_path: Path, name: str) -> None:
    own = task("text", path=write(tmp_path, name, labelled(["pos", "neg", "pos", "neutral"] * 3)), output="classes")
    assert isinstance(own, Task) and own.output == Classes(3, ("neg", "neutral", "pos")) and own.divergence == "kl"
    truth = truth_by_text(own)
    assert truth["text 0"] == [0.0, 0.0, 1.0] and truth["text 1"] == [1.0, 0.0, 0.0] and truth["text 3"] == [0.0, 1.0, 0.0]
    named = task("text", path=own.path, output="classes", classes="pos,neutral,neg", divergence="brier")
    assert named.output.names == ("pos", "neutral", "neg") and named.divergence == "brier"
    assert truth_by_text(named)["text 0"] == [1.0, 0.0, 0.0]


def test_whole_numbers_are_classes_and_steps(tmp_path: Path) -> None:
    path = write(tmp_path, "t.parquet", labelled([10, 2, 2, 10, 2, 10]))
    assert task("text", path=path, output="ordinal").output == Classes(2, ("2", "10"), ordered=True)
    numbered = write(tmp_path, "n.csv", labelled([0, 1, 1, 0, 1, 2]))
    own = task("text", path=numbered, output="ordinal", classes="bad,fair,good")
    assert own.output == Classes(3, ("bad", "fair", "good"), ordered=True) and truth_by_text(own)["text 5"] == [0.0, 0.0, 1.0]
    floats = write(tmp_path, "f.jsonl", labelled([0.0, 1.0, "1.0", 1, 0, " 1 "]))
    assert task("text", path=floats, output="classes").output.names == ("0", "1")
    words = write(tmp_path, "w.csv", labelled(["low", "high", "low", "high", "low", "high"]))
    with pytest.raises(UsageError, match=r"the order of the steps is not known\n.*classes=\"high,low\""):
        task("text", path=words, output="ordinal").load(0)


def test_files_whose_labels_come_in_another_order_agree_by_name(tmp_path: Path) -> None:
    one = task("text", path=write(tmp_path, "a.csv", labelled(["x", "y", "z", "x", "y", "z"])), output="classes")
    other = task("text", path=write(tmp_path, "b.csv", labelled(["z", "y", "x", "z", "y", "x"])), output="classes")
    assert one.output == other.output
    assert truth_by_text(one)["text 0"] == truth_by_text(other)["text 2"] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("labels", "settings", "message"),
    [
        (["yes", "no", "yse", "no", "no"] * 2, {"classes": "no,yes"}, r"label of row 3 is 'yse', which is no class\n.*mean yes"),
        ([0, 1, 2, 0, 1, 0], {"classes": "no,yes"}, r"label of row 3 is '2', which is no class"),
        (["a", "", "a", "b", "a", "b"], {}, r"label of row 2 is '', and a class is needed"),
        (["a"] * 6, {}, r"all labels of 'label' are a: one class only"),
        (["no"] * 6, {"classes": "no,yes"}, r"all labels of 'label' are no: one class only"),
    ],
)
def test_a_bad_class_is_named_with_its_row(tmp_path: Path, labels: list[Any], settings: dict[str, str], message: str) -> None:
    path = write(tmp_path, "t.csv", labelled(labels))
    with pytest.raises(DataError, match=message):
        task("text", path=path, output="classes", **settings).load(0)


def test_settings_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "t.csv", rows())
    for settings, message in [({"balance": "on"}, "for classes"), ({"classes": "a,b"}, "for classes"),
                              ({"output": "classes", "unit": "kg"}, "is for a number"),
                              ({"output": "classes", "classes": "a"}, "two or more different names"),
                              ({"output": "classes", "classes": "a,b,a"}, "two or more different names")]:
        with pytest.raises(UsageError, match=message):
            task("text", path=path, **settings).output  # noqa: B018


def test_balance_thins_the_larger_classes_alike_for_every_seed(tmp_path: Path) -> None:
    path = write(tmp_path, "t.csv", labelled(["yes", "no", "yes", "yes"] * 10))
    even, whole = task("text", path=path, output="classes", balance="on"), task("text", path=path, output="classes")
    assert even.balanced and len(whole.pool().ids) == 40 and len(even.pool().ids) == 20
    for seed in (0, 1):
        assert np.sum(list(truth_by_text(even, seed).values()), axis=0).tolist() == [10.0, 10.0]
        assert set(truth_by_text(even, seed)) == set(even.pool().inputs["text"])


def test_balance_holds_in_every_part_of_a_split_column(tmp_path: Path) -> None:
    parts = ["supervise"] * 6 + ["transfer"] * 6 + ["test"] * 6
    records = [record | {"split": part} for record, part in zip(labelled(["a", "b", "a"] * 6), parts, strict=True)]
    splits = task("text", path=write(tmp_path, "t.csv", records), output="classes", balance="on").load(0)
    for part in (splits.supervise, splits.transfer, splits.test):
        assert part.truth.sum(axis=0).tolist() == [2.0, 2.0]


def test_a_pair_of_texts_is_one_input_with_an_empty_line_between(tmp_path: Path) -> None:
    records = [{"premise": f"p{i}", "hypothesis": f"h{i}", "label": i % 2, "size": i} for i in range(8)]
    own = task("text", path=write(tmp_path, "t.csv", records), text="premise", second="hypothesis", output="classes")
    assert own.pool().inputs["text"].tolist() == [f"p{i}\n\nh{i}" for i in range(8)]
    assert set(own.pool().inputs) == {"text", "size"}
    with pytest.raises(DataError, match="has no column 'hypotesis'\n  did you mean hypothesis"):
        task("text", path=own.path, text="premise", second="hypotesis").load(0)


@pytest.mark.parametrize("settings", [{}, {"split": "none", "id": "none"}, {"output": "classes"}])
def test_the_pool_holds_every_split_of_every_seed(tmp_path: Path, settings: dict[str, str]) -> None:
    own = task("text", path=write(tmp_path, "t.csv", rows(20)), **settings)
    pool = own.pool()
    texts = dict(zip(pool.ids, pool.inputs["text"], strict=True))
    assert len(texts) == 20 and set(pool.inputs) == {"text", "size", "kind"}
    for seed in range(3):
        splits = own.load(seed)
        for part in (splits.supervise, splits.transfer, splits.test):
            assert [texts[i] for i in part.ids] == part.inputs["text"].tolist()


@pytest.mark.slow
def test_python_functions_have_a_pool() -> None:
    python = PythonFunctions(40)
    pool = python.pool()
    splits = python.load(5)
    assert sorted(pool.ids) == sorted(i for part in (splits.supervise, splits.transfer, splits.test) for i in part.ids)


def test_empty_long_and_foreign_texts_reach_a_model_whole_or_counted_as_cut(tmp_path: Path) -> None:
    texts = ["", "x" * 50, "日本語", "na\u0301ive", "ok", "é" * 9]
    records = [{"text": text, "label": i % 2} for i, text in enumerate(texts)]
    own = task("text", path=write(tmp_path, "t.jsonl", records), output="classes")
    assert own.pool().inputs["text"].tolist() == texts
    tokens, cut = byte_tokens(own.pool().inputs["text"], context=16)
    assert cut.tolist() == [False, True, False, False, False, True]
    assert [len(found) for found in tokens] == [1, 17, 10, 8, 3, 17] and all(found[0] == BEGIN for found in tokens)
    assert bytes(tokens[2][1:].astype(np.uint8)).decode() == "日本語"
