"""Static vectors of words or tokens, averaged over a text."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from w2s_bench.contracts import Array, Columns, DataError, Embedding, file_digest, place_of, text_column
from w2s_words.token_vectors import TokenVectors
from w2s_words.word_vectors import WordVectors

SUFFIXES = (".safetensors", ".txt", ".vec", ".txt.gz", ".vec.gz")


@dataclass(frozen=True)
class EmbeddingTable:
    """Features: the mean of the vectors of a text's tokens (n, d) float32, zeros where the table knows none of them."""

    path: str | None
    tokenizer: str
    package: str
    file: str
    column: str

    family = "embedding-table"
    capabilities = frozenset({"whole"})
    whole = True  # a call may read a file of gigabytes, and a text costs nothing

    @functools.cached_property
    def table(self) -> TokenVectors | WordVectors:
        """The file, and the tokenizer that goes with it. Raises UsageError unless path or package is given, DataError where one
        is not there.
        """
        place = Path(place_of(self.path, self.package, self.file)).expanduser()
        file = _vectors_in(place) if place.is_dir() else place
        if not file.is_file() or not file.name.endswith(SUFFIXES):
            raise DataError("no file of vectors", where=str(place), hint=f"one of {', '.join(SUFFIXES)}")
        if file.suffix != ".safetensors":
            return WordVectors(file)
        tokenizer = Path(place_of(None, self.package, self.tokenizer) if self.package and self.tokenizer else self.tokenizer or
                         file.parent / "tokenizer.json").expanduser()
        if not tokenizer.is_file():
            raise DataError("there is no tokenizer for these vectors", where=str(file), hint="tokenizer=<a tokenizer.json>")
        return TokenVectors(file, tokenizer)

    @property
    def size(self) -> int:
        """Values in the table."""
        rows, width = self.table.shape()
        return rows * width

    def fingerprint(self) -> str:
        """Digest of the vectors and the tokenizer, whatever the files are called."""
        return "-".join(file_digest(file) for file in self.table.files)

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """Features (n, d) float32. Raises DataError for a damaged table, one that knows no token of most of the texts, and means
        that are the same for all of them.
        """
        texts = text_column(inputs, self.column)
        distinct = {text: index for index, text in enumerate(dict.fromkeys(texts))}
        values, known = self.table.means(list(distinct))
        where = str(self.table.files[0])
        lost = [text for text, found in zip(distinct, known, strict=True) if not found and text.strip()]
        if 2 * len(lost) > len(distinct):
            raise DataError(f"knows no word of {len(lost)} of {len(distinct)} texts, such as {lost[0][:60]!r}", where=where,
                            hint="its vectors are of other words, or its tokenizer belongs to another table")
        if not np.isfinite(values).all():
            raise DataError("holds vectors that are not finite", where=where)
        if len(distinct) > 1 and not np.ptp(values, axis=0).any():
            raise DataError(f"the means of {len(distinct)} different texts are the same", where=where,
                            hint="its vectors are all alike, or its tokenizer belongs to another table")
        return Embedding(values[[distinct[text] for text in texts]])


def _vectors_in(folder: Path) -> Path:
    kinds = (".safetensors", ".vec", ".vec.gz")
    found = sorted(file for file in folder.iterdir() if file.is_file() and file.name.endswith(kinds))
    if len(found) != 1:
        raise DataError(f"holds {len(found)} files of vectors", where=str(folder), hint="name the file: path=<folder>/<file>")
    return found[0]
