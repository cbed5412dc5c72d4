"""Splits are stored without pickle and come back as they were."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_bench.compute.splits import checked_splits, pack_pool, pack_splits, unpack_pool, unpack_splits
from w2s_bench.contracts import Classes, Pool, Regression, Split, Splits
from w2s_bench.contracts.errors import DataError


def split(name: str, texts: list[str], truth: list[float]) -> Split:
    ids = np.array([f"{name}{i}" for i in range(len(texts))], dtype=object)
    return Split({"text": np.array(texts, dtype=object), "x": np.arange(len(texts), dtype=np.float32)}, np.array(truth), ids)


class Toy:
    output = Regression(1)


SPLITS = Splits(split("a", ["", "é\0ñ", "日本"], [1, 2, 3]), split("b", ["u", "v"], [0, 1]), split("c", ["", "w"], [5, 6]))


def test_texts_of_any_kind_come_back() -> None:
    checked = checked_splits(Toy(), SPLITS, "toy")  # type: ignore[arg-type]
    packed = pack_splits(checked, {"kind": "regression"})
    loaded = unpack_splits(packed)
    assert loaded.splits.supervise.inputs["text"].tolist() == ["", "é\0ñ", "日本"]
    assert loaded.splits.test.truth.tolist() == [[5.0], [6.0]] and loaded.splits.test.ids.tolist() == ["c0", "c1"]
    assert all(array.dtype != object for array in packed.arrays.values())


def test_overlap_is_found_by_content_not_by_id() -> None:
    assert pack_splits(checked_splits(Toy(), SPLITS, "toy"), {}).payload["overlaps"] == ["supervise+test"]  # type: ignore[arg-type]


@pytest.mark.parametrize(("truth", "words"), [([1.0, float("nan")], "nan"), ([1.0], "not unique|rows for|at least 2"),
                                              ([[1.0, 2.0], [3.0, 4.0]], "shape")])
def test_labels_that_cannot_be_scored_are_refused(truth: list[float], words: str) -> None:
    bad = Splits(SPLITS.supervise, split("b", ["u", "v"], truth), SPLITS.test)
    with pytest.raises(DataError, match=words):
        checked_splits(Toy(), bad, "toy")  # type: ignore[arg-type]


class ToyClasses:
    output = Classes(2, ("no", "yes"))


def classes(truth: list[list[float]]) -> Splits:
    part = Split({"x": np.arange(2.0)}, np.array(truth), np.array(["a", "b"]))
    return Splits(part, part, part)


def test_classes_come_back_with_their_names() -> None:
    checked = checked_splits(ToyClasses(), classes([[1.0, 0.0], [0.3, 0.7]]), "toy")  # type: ignore[arg-type]
    about = {"kind": "classes", "k": 2, "names": ["no", "yes"], "ordered": True}
    loaded = unpack_splits(pack_splits(checked, {"output": about}))
    assert loaded.output == Classes(2, ("no", "yes"), ordered=True)
    assert loaded.splits.test.truth.tolist() == [[1.0, 0.0], [0.3, 0.7]]


@pytest.mark.parametrize("row", [[0.5, 0.6], [-0.1, 1.1], [0.0, 0.0], [1.0, 1.0]])
def test_a_label_outside_the_classes_is_refused_with_its_example(row: list[float]) -> None:
    with pytest.raises(DataError, match=r"label of example b is .*no distribution over 2 classes"):
        checked_splits(ToyClasses(), classes([[1.0, 0.0], row]), "toy")  # type: ignore[arg-type]


def test_a_pool_comes_back_and_is_known_by_its_inputs_alone() -> None:
    texts = np.array(["", "ñ"], dtype=object)
    packed = pack_pool(Pool({"text": texts}, np.array(["p", "q"], dtype=object)), "toy")
    again = unpack_pool(packed)
    assert again.inputs["text"].tolist() == ["", "ñ"] and again.ids.tolist() == ["p", "q"]
    assert pack_pool(Pool({"text": texts}, np.array(["r", "s"], dtype=object)), "toy").payload == packed.payload
    assert pack_pool(Pool({"text": texts[::-1]}, again.ids), "toy").payload != packed.payload


def test_splits_of_a_pool_are_stored_as_its_rows_and_come_back_the_same() -> None:
    checked = checked_splits(Toy(), SPLITS, "toy")  # type: ignore[arg-type]
    parts = (checked.supervise, checked.transfer, checked.test)
    own = {name: np.concatenate([part.inputs[name] for part in parts])[::-1] for name in ("text", "x")}
    pool = Pool({"text": own["text"], "x": own["x"] + np.float32(1)}, np.concatenate([part.ids for part in parts])[::-1])
    whole, packed = pack_splits(checked, {"a": 1}), pack_splits(checked, {"a": 1}, "key", pool)
    assert not any("text" in name or "ids" in name for name in packed.arrays) and "test/inputs/x" in packed.arrays
    assert packed.arrays["test/rows"].tolist() == [1, 0] and packed.payload["data"] == whole.payload["data"]
    asked: list[str] = []

    def stored(key: str) -> Pool:
        asked.append(key)
        return unpack_pool(pack_pool(pool, "toy"))

    again = unpack_splits(packed, stored)
    assert asked == ["key"] and pack_splits(again.splits, {"a": 1}).payload == whole.payload
    for name in ("supervise", "transfer", "test"):
        mine, theirs = again.part(name), unpack_splits(whole).part(name)  # type: ignore[arg-type]
        assert list(mine.inputs) == list(theirs.inputs) and mine.ids.tolist() == theirs.ids.tolist()
        assert all(mine.inputs[column].tolist() == theirs.inputs[column].tolist() for column in mine.inputs)
        assert np.array_equal(mine.truth, theirs.truth)


def test_splits_with_an_example_that_is_in_no_pool_are_stored_themselves() -> None:
    checked = checked_splits(Toy(), SPLITS, "toy")  # type: ignore[arg-type]
    elsewhere = Pool(checked.test.inputs, checked.test.ids)
    assert pack_splits(checked, {}, "key", elsewhere).arrays.keys() == pack_splits(checked, {}).arrays.keys()


def test_a_pool_whose_ids_repeat_is_refused() -> None:
    with pytest.raises(DataError, match="not unique"):
        pack_pool(Pool({"x": np.arange(2.0)}, np.array(["p", "p"])), "toy")


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_text_is_refused_with_its_row(missing: object) -> None:
    texts = np.array(["a", missing], dtype=object)
    with pytest.raises(DataError, match="row 1 is missing"):
        pack_pool(Pool({"text": texts}, np.array(["r", "s"], dtype=object)), "toy")
