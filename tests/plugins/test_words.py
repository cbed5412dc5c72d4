"""TF-IDF and tables of static vectors."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import w2s_words
from safetensors.torch import save_file
from small_models import column
from tokenizers import Tokenizer, models, pre_tokenizers

from w2s_bench.contracts import DataError, Model, PrepareContext, PreparedModel, UsageError
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters

TEXTS = ["Cat dog", "cat cat bird", "dog", ""]


def make(name: str, /, **settings: Any) -> Any:
    entry = next(entry for entry in w2s_words.w2s_models() if entry.name == name)
    return instantiate(entry.target, check_parameters(entry, settings, name), name)


def test_tfidf_is_count_by_rarity_and_knows_nothing_of_the_texts_that_it_is_given_later() -> None:
    tfidf = make("tfidf")
    assert isinstance(tfidf, PreparedModel)
    state = tfidf.prepare(PrepareContext(None, column(TEXTS)))
    values = tfidf.embed(column(["cat cat dog fish", "fish"]), state).values
    idf = {word: 1 + math.log((1 + 4) / (1 + texts)) for word, texts in (("bird", 1), ("cat", 2), ("dog", 2))}
    right = np.array([0, 2 * idf["cat"], idf["dog"]])
    np.testing.assert_allclose(values[0], right / np.linalg.norm(right), rtol=1e-6)
    assert values.dtype == np.float32 and not values[1].any()


def test_tfidf_keeps_the_most_frequent_terms_and_says_where_none_is_left() -> None:
    two = make("tfidf", terms=2)
    assert two.prepare(PrepareContext(None, column(TEXTS)))["terms"].tobytes() == b"cat\0dog" and two.size == 2
    pairs = make("tfidf", longest=2, least=1)
    assert b"cat bird" in pairs.prepare(PrepareContext(None, column(TEXTS)))["terms"].tobytes().split(b"\0")
    letters = make("tfidf", unit="char", longest=3)
    assert b"cat" in letters.prepare(PrepareContext(None, column(TEXTS)))["terms"].tobytes().split(b"\0")
    for settings, texts in (({"least": 9}, TEXTS), ({}, ["", "!"])):
        with pytest.raises(DataError, match="no term occurs"):
            make("tfidf", **settings).prepare(PrepareContext(None, column(texts)))


VECTORS = {"cat": (1.0, 2.0), "dog": (3.0, -4.0), "bird": (0.5, 0.0)}
MEANS = [[2.0, -1.0], [2.5 / 3, 4 / 3], [3.0, -4.0], [0.0, 0.0]]


def save_table(folder: Path, rows: int = 4, dtype: torch.dtype = torch.float16) -> Path:
    matrix = torch.tensor([[9.0, 9.0], *VECTORS.values()])[:rows].to(dtype)
    save_file({"embedding.weight": matrix}, folder / "vectors.safetensors")
    inner = Tokenizer(models.WordLevel({"[UNK]": 0, "cat": 1, "dog": 2, "bird": 3}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.save(str(folder / "tokenizer.json"))
    return folder


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_a_tables_features_are_means_of_the_rows_of_known_tokens(tmp_path: Path, dtype: torch.dtype) -> None:
    table = make("embedding-table", path=str(save_table(tmp_path, dtype=dtype)))
    assert isinstance(table, Model) and table.size == 8
    values = table.embed(column(["cat dog", "cat cat bird fish", "dog", "fish"]), {}).values
    np.testing.assert_allclose(values, MEANS, rtol=1e-6)


@pytest.mark.parametrize("head", ["", "3 2\n"])
def test_words_of_a_text_file_are_looked_up_as_they_are_and_then_small(tmp_path: Path, head: str) -> None:
    file = tmp_path / "glove.txt"
    file.write_text(head + "".join(f"{word} {x} {y}\n" for word, (x, y) in VECTORS.items()))
    table = make("embedding-table", path=str(file))
    np.testing.assert_allclose(table.embed(column(["Cat dog", "CAT, cat bird", "dog", "fish"]), {}).values, MEANS, rtol=1e-6)
    assert table.size == 6


def test_the_fingerprint_is_the_content_of_vectors_and_tokenizer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "carried_vectors").mkdir()
    folder = save_table(tmp_path / "carried_vectors")
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    placed = make("embedding-table", path=str(folder))
    carried = make("embedding-table", package="carried-vectors", file="vectors.safetensors", tokenizer="tokenizer.json")
    before = placed.fingerprint()
    assert before == carried.fingerprint()
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text() + " ")
    assert make("embedding-table", path=str(folder)).fingerprint() != before


def test_tables_that_cannot_be_used_are_refused_with_a_way_out(tmp_path: Path) -> None:
    folder = save_table(tmp_path)
    table = make("embedding-table", path=str(folder))
    with pytest.raises(DataError, match="knows no word of 2 of 3 texts, such as 'fish'"):
        table.embed(column(["fish", "cat", "whale"]), {})
    with pytest.raises(DataError, match="means of 2 different texts are the same"):
        table.embed(column(["cat", "cat cat"]), {})
    save_table(tmp_path, rows=2)
    with pytest.raises(DataError, match="holds the token 2, and the table has 2 rows.*\n.*another table"):
        table.embed(column(["cat dog", "cat"]), {})
    (folder / "tokenizer.json").unlink()
    with pytest.raises(DataError, match="no tokenizer for these vectors\n.*tokenizer="):
        make("embedding-table", path=str(folder)).fingerprint()
    bad = tmp_path / "bad.txt"
    bad.write_text("cat 1.0 2.0\ndog 3.0 x\n")
    with pytest.raises(DataError, match="line 2 is no word with its numbers"):
        make("embedding-table", path=str(bad)).embed(column(["dog"]), {})
    bad.write_text("3 2\ncat 1.0 2.0\ndog 3.0 4.0\n")
    with pytest.raises(DataError, match="holds 2 vectors of 2 numbers, and its first line says 3 of 2\n"):
        assert make("embedding-table", path=str(bad)).size
    with pytest.raises(DataError, match="its first line says 3 of 2\n"):
        make("embedding-table", path=str(bad)).embed(column(["dog"]), {})
    with pytest.raises(UsageError, match="needs the parameter path"):
        make("embedding-table")


def test_vader_scores_as_its_authors_show_and_neither_order_nor_neighbours_matter() -> None:
    vader = make("vader")
    texts = ["VADER is smart, handsome, and funny.", "good", "", "Today sux", "a table"]
    values = vader.embed(column(texts), {}).values
    right = [[0.0, 0.254, 0.746, 0.8316],  # the first example of the authors' page
             [0.0, 0.0, 1.0, 1.9 / math.sqrt(1.9**2 + 15)],  # a word of valence 1.9, normalised as the paper says
             [0.0, 0.0, 0.0, 0.0], [0.714, 0.286, 0.0, -1.5 / math.sqrt(1.5**2 + 15)], [0.0, 1.0, 0.0, 0.0]]
    np.testing.assert_allclose(values, right, atol=5e-4)
    assert values.dtype == np.float32 and vader.embed(column([]), {}).values.shape == (0, 4)
    np.testing.assert_array_equal(vader.embed(column(texts[::-1]), {}).values[::-1], values)
    assert isinstance(vader, Model) and vader.size > 7000 and len(vader.fingerprint()) == 64
