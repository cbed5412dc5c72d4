"""One long text or id among many short ones costs its own length, not that of every row."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import w2s_text
from w2s_text.labelled import drawn_parts

from w2s_bench.compute.splits import example_names, pack_pool, pack_splits, part_fingerprints, unpack_splits
from w2s_bench.contracts import Pool, Split, Splits
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters

ROWS, LONG = 5000, 500_000
FEW = 60 * 2**20
"""Bytes: far below the ten gigabytes of rows × longest × 4, and far above what a run over the texts needs."""

LONG_TEXT = "long " * (LONG // 5)
TEXTS = [LONG_TEXT, *(f"text {number}" for number in range(1, ROWS))]


def peak(work: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def as_objects(texts: list[str]) -> Any:
    column = np.empty(len(texts), dtype=object)
    column[:] = texts
    return column


def test_parts_drawn_by_the_texts_themselves_take_little() -> None:
    groups = as_objects(TEXTS)
    assert peak(lambda: drawn_parts(groups, (0.4, 0.4, 0.2), "t", 0)) < FEW
    few = as_objects(["b", "a", "b", "c", "a", "d"])
    assert [sorted(few[part]) for part in drawn_parts(few, (0.5, 0.5), "t", 1)] == [["b", "b", "d"], ["a", "a", "c"]]


def test_ids_of_any_length_are_kept_as_they_are() -> None:
    ids = as_objects(TEXTS)
    whole = Split({"x": np.arange(ROWS, dtype=np.float64)}, np.zeros((ROWS, 1)), ids)
    splits = Splits(*(Split({"x": whole.inputs["x"][rows]}, whole.truth[rows], ids[rows])
                      for rows in np.array_split(np.arange(ROWS), 3)))

    def through() -> None:
        loaded = unpack_splits(pack_splits(splits, {}))
        assert loaded.part("supervise").ids[0] == LONG_TEXT
        part_fingerprints(loaded)
        pack_pool(Pool(whole.inputs, ids), "t")

    assert peak(through) < FEW
    numbers = Split({"x": np.arange(2.0)}, np.zeros((2, 1)), np.array([7, 8]))
    words = Split(numbers.inputs, numbers.truth, np.array(["7", "8"]))
    assert (example_names(numbers) == example_names(words)).all(), "ids are known as text"


@pytest.mark.parametrize("column", ["text", "id"])
def test_a_table_with_one_long_cell_is_loaded_and_pooled(tmp_path: Path, column: str) -> None:
    rows = TEXTS if column == "text" else [f"text {number}" for number in range(ROWS)]
    ids = TEXTS if column == "id" else [str(number) for number in range(ROWS)]
    lines = [f"{name},{text},{number % 7}" for number, (name, text) in enumerate(zip(ids, rows, strict=True))]
    (tmp_path / "t.csv").write_text("\n".join(["id,text,label", *lines]))
    entry = next(entry for entry in w2s_text.w2s_tasks() if entry.name == "text")
    task = instantiate(entry.target, check_parameters(entry, {"path": str(tmp_path / "t.csv")}, "text"), "text")
    assert peak(lambda: pack_splits(task.load(0), {})) < FEW
