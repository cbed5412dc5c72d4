"""Splits are stored without pickle and come back as they were."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_bench.contracts import Regression, Split, Splits
from w2s_bench.errors import DataError
from w2s_bench.splits_io import checked_splits, pack_splits, unpack_splits


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
