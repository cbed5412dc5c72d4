"""Many rows are read in blocks that are kept: what a killed embedding has read, it does not read again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command, untimed_rows
from polars.testing import assert_frame_equal

from w2s_bench.compute import row_blocks
from w2s_bench.compute.features import embedded, embedded_together
from w2s_bench.compute.row_blocks import ROWS
from w2s_bench.compute.row_blocks import row_blocks as blocks_of
from w2s_bench.contracts import Array, Columns, Embedding, PluginError, listening
from w2s_bench.store.artifacts import Store
from w2s_bench.store.checkpoints import StoredBlocks

N = 3 * ROWS - 5
KEY = "ab" * 32


class Lengths:
    """The length of a text times a factor, and whether it has more than 4 letters. Remembers what it was shown; stops at will."""

    column, family, size = "text", "lengths", None
    capabilities = frozenset({"embed_many"})

    def __init__(self, factor: float = 1.0, stops_after: int = 10**9) -> None:
        self.factor, self.stops_after = factor, stops_after
        self.shown: list[list[str]] = []

    def fingerprint(self) -> str:
        return ""

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        if len(self.shown) == self.stops_after:
            raise KeyboardInterrupt
        self.shown.append(list(inputs["text"]))
        lengths = np.array([[len(text), 1.0] for text in inputs["text"]], dtype=np.float32)
        return Embedding(self.factor * lengths, lengths[:, 0] > 4)

    def embed_many(self, models: Sequence[Lengths], inputs: Columns) -> list[Embedding]:
        first, *others = models
        return [first.embed(inputs, {}), *(Lengths(other.factor).embed(inputs, {}) for other in others)]


class WholeLengths(Lengths):
    """The same, and is never to be given a part."""

    capabilities = frozenset({"whole"})
    whole = True
    embed_many = None  # type: ignore[assignment]


class LoadedLengths(Lengths):
    """Loads something before it reads. loads: how often."""

    capabilities = frozenset({"reader"})
    embed_many = None  # type: ignore[assignment]
    loads = 0

    def reader(self, models: Sequence[Lengths], state: Mapping[str, Array]) -> Any:
        self.loads += 1
        return lambda inputs: [self.embed(inputs, state)]


class Widening(Lengths):
    """Gives as many features as it was shown letters in the longest text."""

    capabilities = frozenset()

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        self.shown.append([])
        return Embedding(np.zeros((len(inputs["text"]), len(self.shown)), dtype=np.float32))


def texts(n: int = N) -> Columns:
    column = np.empty(n, dtype=object)
    column[:] = [f"{'x' * (row % 7)}{row}" for row in range(n)]
    return {"text": column, "x": np.arange(n)}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredBlocks:
    monkeypatch.setattr(row_blocks, "WORTH", 0.0)
    return StoredBlocks(Store(str(tmp_path / "store")), KEY)


def test_blocks_are_disjoint_of_like_size_cover_all_rows_and_are_a_sample_of_them() -> None:
    for n in (1, ROWS, ROWS + 1, N, 20_000):
        blocks = blocks_of(n)
        assert np.array_equal(np.sort(np.concatenate(blocks)), np.arange(n))
        assert max(map(len, blocks)) <= ROWS and max(map(len, blocks)) - min(map(len, blocks)) <= 1
        assert len(blocks) == 1 or all(abs((block < n / 2).mean() - 0.5) < 0.05 for block in blocks)
        assert all(np.array_equal(*pair) for pair in zip(blocks, blocks_of(n), strict=True))


def test_blocks_give_the_features_of_a_whole() -> None:
    inputs = texts()
    model = Lengths()
    found = embedded(model, "lengths", {"pool": inputs}, {})
    assert found.arrays["pool"].tolist() == [[len(text), 1.0] for text in inputs["text"]]
    assert found.arrays["pool/truncated"].tolist() == [len(text) > 4 for text in inputs["text"]]
    assert sorted(map(len, model.shown)) == [4094, 4094, 4095]


def test_a_text_that_many_rows_share_is_read_once() -> None:
    inputs = texts()
    inputs = {"text": np.concatenate([inputs["text"], inputs["text"][::-1], inputs["text"][:9]]), "x": np.arange(2 * N + 9)}
    model = Lengths()
    found = embedded(model, "lengths", {"pool": inputs}, {})
    assert found.arrays["pool"][:, 0].tolist() == [len(text) for text in inputs["text"]]
    assert sorted(text for block in model.shown for text in block) == sorted(inputs["text"][:N])


def test_few_rows_are_read_in_one_call_as_they_are() -> None:
    model, inputs = Lengths(), texts(ROWS)
    embedded(model, "lengths", {"pool": inputs}, {})
    assert model.shown == [list(inputs["text"])]


def test_an_embedding_that_was_ended_goes_on_at_its_block(kept: StoredBlocks) -> None:
    inputs = texts()
    first = Lengths(stops_after=2)
    with pytest.raises(KeyboardInterrupt):
        embedded(first, "lengths", {"pool": inputs}, {}, kept)
    second, calm = Lengths(), Lengths()
    found = embedded(second, "lengths", {"pool": inputs}, {}, kept)
    assert len(second.shown) == 1
    assert sorted(text for block in [*first.shown, *second.shown] for text in block) == sorted(inputs["text"])
    undisturbed = embedded(calm, "lengths", {"pool": inputs}, {})
    assert {name: array.tobytes() for name, array in found.arrays.items()} == {
        name: array.tobytes() for name, array in undisturbed.arrays.items()}


def test_a_damaged_block_is_read_again_and_a_whole_embedding_needs_no_model(kept: StoredBlocks, tmp_path: Path) -> None:
    inputs = texts()
    before = embedded(Lengths(), "lengths", {"pool": inputs}, {}, kept)
    again = Lengths()
    embedded(again, "lengths", {"pool": inputs}, {}, kept)
    assert again.shown == []
    block = tmp_path / "store" / "checkpoints" / KEY / "pool-1-of-3"
    block.write_bytes(block.read_bytes()[:-1])
    found = embedded(again, "lengths", {"pool": inputs}, {}, kept)
    assert len(again.shown) == 1 and np.array_equal(found.arrays["pool"], before.arrays["pool"])
    kept.drop()
    assert not (tmp_path / "store" / "checkpoints" / KEY).exists()


def test_layers_of_one_network_each_keep_their_block(kept: StoredBlocks, tmp_path: Path) -> None:
    inputs, other = texts(), StoredBlocks(Store(str(tmp_path / "store")), "cd" * 32)

    def read(first: Lengths) -> list[Any]:
        return list(embedded_together({"one": first, "two": Lengths(2.0)}, "pool", inputs, {}, [kept, other]))

    with pytest.raises(KeyboardInterrupt):
        read(Lengths(stops_after=1))
    second = Lengths()
    one, two = read(second)
    assert len(second.shown) == 2 and np.array_equal(2.0 * one.arrays["pool"], two.arrays["pool"])
    third = Lengths(2.0)
    alone = embedded(third, "two", {"pool": inputs}, {}, other)
    assert third.shown == [] and np.array_equal(alone.arrays["pool"], two.arrays["pool"])


def test_what_a_model_loads_is_loaded_once_for_all_blocks_and_groups_and_not_at_all_where_all_are_kept(
        kept: StoredBlocks) -> None:
    model, again = LoadedLengths(), LoadedLengths()
    groups = {"supervise": texts(), "test": texts(9)}
    embedded(model, "lengths", groups, {}, kept)
    assert (model.loads, len(model.shown)) == (1, 4)
    embedded(again, "lengths", {"supervise": texts()}, {}, kept)
    assert (again.loads, again.shown) == (0, [])


def test_a_model_that_must_see_all_rows_is_never_given_a_part() -> None:
    model = WholeLengths()
    embedded(model, "lengths", {"pool": texts()}, {})
    assert [len(block) for block in model.shown] == [N]


def test_blocks_of_other_widths_are_an_error_that_says_the_way_out() -> None:
    with pytest.raises(PluginError, match="width 1 and of width 2") as caught:
        embedded(Widening(), "widening", {"pool": texts()}, {})
    assert "`whole`" in str(caught.value)


def test_blocks_tell_how_many_texts_of_all_are_read() -> None:
    heard: list[Any] = []
    with listening(heard.append):
        embedded(Lengths(), "lengths", {"pool": texts()}, {})
    assert [(step.done, step.of, step.unit) for step in heard] == [(4095, N, "texts"), (8189, N, "texts"), (N, N, "texts")]


COUNTED = """
import sys
import torch
from transformers import GPT2Model

def count(module, given, found):
    if isinstance(module, GPT2Model):
        with open(sys.argv[1], "a") as file:
            file.write(f"{len(found.last_hidden_state)}\\n")

torch.nn.modules.module.register_module_forward_hook(count)
from w2s_bench.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.slow
def test_an_embedding_of_twenty_thousand_texts_that_was_killed_goes_on_at_its_block(w2s: Command, tmp_path: Path) -> None:
    n = 20_000
    (tmp_path / "texts.csv").write_text("text,label\n" + "".join(
        f"the text of number {row} {'and more ' * (row % 9)},{row % 2}\n" for row in range(n)))
    script = tmp_path / "counted.py"
    script.write_text(COUNTED)

    def start(name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, str(script), f"{name}.count", "run", "--task", "text[path=texts.csv,limit=0]", "--weak",
             "nano[width=16,layers=1,steps=0,context=24,corpus=python,seed=1]", "--strong",
             "nano[width=48,layers=1,steps=0,context=24,corpus=python]", "--strategy", "ridge", "--executor", "here",
             "--store", name, "-o", f"{name}-run", "--no-page"], cwd=w2s.folder, env=w2s.environment, start_new_session=True)

    def read(name: str) -> int:
        file = w2s.folder / f"{name}.count"
        return sum(map(int, file.read_text().split())) if file.exists() else 0

    assert start("calm").wait() == 0
    killed = start("killed")
    kept = w2s.folder / "killed" / "checkpoints"
    while len([file for file in kept.glob("*/*") if "-of-" in file.name and file.name.count("-") == 3]) < 2:
        assert killed.poll() is None
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    before = read("killed")
    assert start("killed").wait() == 0
    undisturbed, disturbed = read("calm"), read("killed")
    assert undisturbed == 2 * n and undisturbed <= disturbed <= undisturbed + ROWS and before >= 2 * ROWS - 200
    assert not list(kept.glob("*"))
    assert_frame_equal(*(untimed_rows(w2s.folder / f"{name}-run") for name in ("calm", "killed")), check_exact=True)
    embeddings = []
    for name in ("calm", "killed"):
        store = Store(str(w2s.folder / name))
        embeddings.append({key: {array: values.tobytes() for array, values in store.load(key).arrays.items()}
                           for key in sorted(store.keys()) if (store.about(key) or {})["recipe"]["stage"] == "embed"})
    assert len(embeddings[0]) == 2 and embeddings[0] == embeddings[1]
