"""Vectors of words in a text file, a word and its numbers a line, as GloVe and word2vec write them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from w2s_bench.contracts import Array, DataError, tell

WORD = re.compile(r"\w+|[^\w\s]")
HEAD = re.compile(r"(\d+) (\d+)")
"""How many vectors of how many numbers follow."""


@dataclass(frozen=True)
class WordVectors:
    """A first line of two whole numbers, as word2vec writes it, is no vector. Words are split as \\w+ and single signs; one that
    is not in the file is looked up in small letters.
    """

    file: Path

    @property
    def files(self) -> tuple[Path]:
        """What is read."""
        return (self.file,)

    def shape(self) -> tuple[int, int]:
        """Words and width. Raises DataError for a file without vectors."""
        rows, width = 0, 0
        for number, line in self._lines():
            rows, width = rows + 1, width or self._width(number, line)
        self._check_whole(rows, width)
        return rows, width

    def means(self, texts: list[str]) -> tuple[Array, Array]:
        """The mean (n, d) float32 of the vectors of each text's words, and (n,) bool: whether the file knows one. Raises
        DataError for a line that is no vector.
        """
        words = [WORD.findall(text) for text in texts]
        vectors, width = self._vectors({form for found in words for word in found for form in (word, word.lower())})
        values, known = np.zeros((len(texts), width), dtype=np.float32), np.zeros(len(texts), dtype=bool)
        for index, found in enumerate(words):
            rows = [vectors[form] for form in (word if word in vectors else word.lower() for word in found) if form in vectors]
            if rows:
                values[index], known[index] = np.mean(rows, axis=0), True
            tell(index + 1, len(texts), "texts")
        return values, known

    def _vectors(self, wanted: set[str]) -> tuple[dict[str, Array], int]:
        found: dict[str, Array] = {}
        rows, width = 0, 0
        for number, line in self._lines():
            rows, width = rows + 1, width or self._width(number, line)
            word, *numbers = line.rsplit(" ", width)
            if word in wanted and word not in found:
                try:
                    found[word] = np.array(numbers, dtype=np.float64)
                except ValueError as error:
                    raise self._no_vector(number) from error
                if len(numbers) != width:
                    raise self._no_vector(number)
        self._check_whole(rows, width)
        return found, width

    def _check_whole(self, rows: int, width: int) -> None:
        if not rows:
            raise DataError("holds no vector", where=str(self.file))
        stated = HEAD.fullmatch(next(self._text()).rstrip())
        if stated and (rows, width) != (int(stated[1]), int(stated[2])):
            raise DataError(f"holds {rows} vectors of {width} numbers, and its first line says {stated[1]} of {stated[2]}",
                            where=str(self.file), hint="copy or download it again; or take the first line away")

    def _width(self, number: int, line: str) -> int:
        if line.count(" ") < 1:
            raise self._no_vector(number)
        return line.count(" ")

    def _no_vector(self, number: int) -> DataError:
        return DataError(f"line {number} is no word with its numbers", where=str(self.file),
                         hint="a word and as many numbers as in every line, with spaces between")

    def _lines(self) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(self._text(), start=1):
            text = line.rstrip()
            if text and not (number == 1 and HEAD.fullmatch(text)):
                yield number, text

    def _text(self) -> Iterator[str]:
        try:
            with (gzip.open if self.file.suffix == ".gz" else open)(self.file, "rt", encoding="utf-8", newline="\n") as stream:
                yield from stream
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise DataError(f"cannot be read: {error}", where=str(self.file)) from error
