"""What a model is shown of pairs: each distinct text once, whether it reads alone or with others of its network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from w2s_bench.compute.features import embedded, embedded_together
from w2s_bench.contracts import Array, Columns, DataError, Embedding, PluginError, paired


class Letters:
    """Counts of a and b times a factor; a text of more than three letters is cut there. Remembers what it was shown."""

    column, family, size = "text", "letters", None
    capabilities = frozenset({"embed_many"})

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.shown: list[str] = []

    def fingerprint(self) -> str:
        return ""

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        self.shown += list(inputs["text"])
        counts = [[text[:3].count(letter) for letter in "ab"] for text in inputs["text"]]
        return Embedding(self.factor * np.array(counts, dtype=np.float32), np.array([len(text) > 3 for text in inputs["text"]]))

    def embed_many(self, models: Sequence[Letters], inputs: Columns) -> list[Embedding]:
        return [model.embed(inputs, {}) for model in models]


def pairs(*two: tuple[str, str]) -> Columns:
    columns = np.array(two, dtype=object)
    return {**paired("text", columns[:, 0], columns[:, 1]), "llm": np.full(len(two), 0.5)}


TWO = pairs(("a", "b"), ("aab", "a"), ("b", "aab"), ("abab", "b"))


def test_a_pair_has_the_difference_of_its_features_and_each_text_is_read_once() -> None:
    model = Letters()
    found = embedded(model, "letters", {"pool": TWO}, {})
    assert found.arrays["pool"].tolist() == [[1, -1], [1, 1], [-2, 0], [2, 0]] and found.payload["column"] == ""
    assert found.arrays["pool/truncated"].tolist() == [False, False, False, True]
    assert sorted(model.shown) == ["a", "aab", "abab", "b"]


def test_models_of_one_network_are_shown_the_same_texts() -> None:
    models = {"one": Letters(), "two": Letters(2.0)}
    found = embedded_together(models, "pool", TWO, {})
    for model, artifact in zip(models.values(), found, strict=True):
        alone = embedded(Letters(model.factor), "letters", {"pool": TWO}, {})
        assert artifact.payload == alone.payload and artifact.arrays.keys() == alone.arrays.keys()
        assert all(np.array_equal(artifact.arrays[name], alone.arrays[name]) for name in alone.arrays)
    assert sorted(models["one"].shown) == ["a", "aab", "abab", "b"]


def test_what_cannot_be_compared_is_an_error() -> None:
    model = Letters()
    with pytest.raises(DataError, match="tells no first from its second: all 2 differences"):
        embedded(model, "letters", {"pool": pairs(("ab", "ba"), ("aabx", "aaby"))}, {})
    model.column = "llm"
    with pytest.raises(PluginError, match="reads the column 'llm', and what is compared is text"):
        embedded(model, "letters", {"pool": TWO}, {})
