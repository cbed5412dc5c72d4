"""A matrix of vectors in safetensors, and the tokenizer whose ids are its rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from w2s_bench.contracts import Array, DataError, tell


@dataclass(frozen=True)
class TokenVectors:
    """Files of a table such as WordLlama's or Model2Vec's."""

    file: Path
    tokenizer: Path

    @property
    def files(self) -> tuple[Path, Path]:
        """What is read."""
        return self.file, self.tokenizer

    def shape(self) -> tuple[int, int]:
        """Rows and width. Raises DataError for a file that holds anything but one matrix."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(str(self.file), "np") as stored:
                shapes = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise DataError(f"damaged safetensors file: {error}", where=str(self.file)) from error
        if len(shapes) != 1 or any(len(shape) != 2 for shape in shapes.values()):
            held = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
            raise DataError(f"holds {held or 'nothing'}; one matrix of vectors is read", where=str(self.file),
                            hint="a network is read by hf[path=<folder>]")
        ((rows, width),) = shapes.values()
        return rows, width

    def means(self, texts: list[str]) -> tuple[Array, Array]:
        """The mean (n, d) float32 of the vectors of each text's tokens, without those that stand for an unknown word, and (n,)
        bool: whether there was one. Raises DataError for ids past the table.
        """
        vectors = self._vectors()
        values, known = np.zeros((len(texts), vectors.shape[1]), dtype=np.float32), np.zeros(len(texts), dtype=bool)
        for index, ids in enumerate(self._ids(texts)):
            if len(ids) and ids.max() >= len(vectors):
                raise DataError(f"the text {texts[index][:60]!r} holds the token {ids.max()}, and the table has {len(vectors)} "
                                "rows", where=str(self.tokenizer), hint="the tokenizer belongs to another table")
            if len(ids):
                values[index], known[index] = vectors[ids].mean(axis=0, dtype=np.float64), True
            tell(index + 1, len(texts), "texts")
        return values, known

    def _vectors(self) -> Array:
        from safetensors.torch import load_file

        self.shape()
        (matrix,) = load_file(self.file).values()
        found: Array = matrix.float().numpy()
        return found

    def _ids(self, texts: list[str]) -> list[Array]:
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self.tokenizer))
            tokenizer.no_truncation()
            tokenizer.no_padding()
            encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
        except Exception as error:  # the library raises no narrower one
            raise DataError(f"this tokenizer fails: {error}", where=str(self.tokenizer)) from error
        unknown = tokenizer.token_to_id(getattr(tokenizer.model, "unk_token", None) or "")
        rows = (np.array(found.ids, dtype=np.int64) for found in encoded)
        return [ids if unknown is None else ids[ids != unknown] for ids in rows]
