"""The inputs of a task lie in the store once, whatever the number of seeds, and are read there."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from conftest import Command, untimed_rows

from w2s_bench.store.artifacts import Store

MATRIX = ("--task", "text[path=texts.csv]", "--weak", "nano[width=16,layers=1,steps=0,context=16,corpus=python,seed=1]",
          "--strong", "nano[width=16,layers=1,steps=0,context=32,corpus=python]")


@pytest.fixture
def texts(w2s: Command) -> int:
    lines = [f"{'a rather long text of many words ' * 200}{row},{row % 5}" for row in range(80)]
    (w2s.folder / "texts.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    return sum(map(len, lines))


def loads(folder: Path) -> dict[str, int]:
    """Bytes of what each load left, by its key; the labels of splits have one of their own."""
    store = Store(str(folder))
    return {key: sum(array.nbytes for array in store.load(key).arrays.values()) for key in sorted(store.keys())
            if (store.about(key) or {})["recipe"]["stage"] == "load"}


def test_four_seeds_of_a_task_hold_its_texts_once(w2s: Command, texts: int) -> None:
    w2s("run", *MATRIX, "--strategy", "ridge", "--seeds", "0..3", "--store", "s", "-o", "r", "--executor", "here", check=0)
    sizes = loads(w2s.folder / "s")
    assert len(sizes) == 1 + 2 * 4 and sum(sizes.values()) < 1.2 * texts


@pytest.mark.parametrize("damage", ["gone", "flipped"])
def test_a_pool_that_is_gone_is_loaded_again_for_the_splits_that_are_its_rows(damage: str, w2s: Command, texts: int) -> None:
    w2s("run", *MATRIX, "--strategy", "ridge", "--store", "s", "-o", "before", "--executor", "here", check=0)
    store = Store(str(w2s.folder / "s"))
    pool = max(loads(w2s.folder / "s").items(), key=lambda item: item[1])[0]
    if damage == "gone":
        store.drop(pool)
    else:
        (file,) = (path for path in (w2s.folder / "s").rglob("*.safetensors") if b"a rather long text" in path.read_bytes())
        file.write_bytes(file.read_bytes().replace(b"a rather long text", b"a rather long texT", 1))
    w2s("run", *MATRIX, "--strategy", "ridge", "--strategy", "least-squares", "--store", "s", "-o", "after", "--executor", "here",
        check=0)
    before, after = untimed_rows(w2s.folder / "before"), untimed_rows(w2s.folder / "after")
    assert set(after["status"]) == {"ok"} and pool in store.keys()  # noqa: SIM118
    assert after.filter(pl.col("strategy") == "ridge").drop("run_id").equals(before.drop("run_id"))
