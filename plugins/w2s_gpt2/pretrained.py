"""Models with weights that somebody else trained: a folder, or a name on the hub."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from w2s_bench.contracts import Array, Columns, Embedding
from w2s_bench.errors import DataError
from w2s_gpt2.batches import padded, text_column, token_batches
from w2s_gpt2.folders import folder_digest, folder_family, folder_size, model_folder
from w2s_gpt2.size import gpt2_parameters


@dataclass(frozen=True)
class Pretrained:
    """A causal or encoder model read through transformers; safetensors only, no code from the model is run.

    Features are hidden states of one layer, pooled over the tokens of a text: (n, hidden size) float32.
    Padding is masked, so that a text's features do not depend on its batch; an empty text is read as the
    token that begins a text. published: family and parameter count, None where they come from the folder or
    are not known.
    """

    path: str
    revision: str
    column: str
    layer: int
    pooling: Literal["mean", "last"]
    max_length: int | Literal["auto"]
    dtype: Literal["float32", "bfloat16"]
    batch_tokens: int
    published: tuple[str, int] | None = None

    @property
    def family(self) -> str:
        """Published family, the model type of a folder's config, or the name on the hub."""
        if self.published:
            return self.published[0]
        folder = model_folder(self.path)
        return folder_family(folder) if folder else self.path

    @property
    def size(self) -> int | None:
        """Number of parameters; None for a name on the hub whose count is not known here."""
        if self.published:
            return self.published[1]
        folder = model_folder(self.path)
        return folder_size(folder) if folder else None

    def fingerprint(self) -> str:
        """SHA-256 of a folder's configuration, tokenizer and weights; `name@revision` on the hub."""
        folder = model_folder(self.path)
        return folder_digest(folder) if folder else f"{self.path}@{self.revision}"

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """Features (n, d) float32 of the column, and how many texts were cut. Raises DataError where it
        cannot.
        """
        from w2s_gpt2.loading import load_pretrained

        texts = text_column(inputs, self.column)
        distinct = {text: index for index, text in enumerate(dict.fromkeys(texts))}
        loaded = load_pretrained(self.path, self.revision, self.dtype)
        if not -(loaded.layers + 1) <= self.layer <= loaded.layers:
            raise DataError(
                f"layer={self.layer}, and the model has layers 0 to {loaded.layers}",
                where=self.path,
                hint="-1 is the last",
            )
        limit = loaded.context if self.max_length == "auto" else min(self.max_length, loaded.context)
        sequences, cut = loaded.tokens(list(distinct), limit)
        features = np.zeros((len(distinct), loaded.width), dtype=np.float32)
        for batch in token_batches([len(sequence) for sequence in sequences], self.batch_tokens):
            tokens, mask = padded([sequences[index] for index in batch], loaded.pad)
            features[batch] = loaded.features(tokens, mask, self.layer, self.pooling)
        rows = np.array([distinct[text] for text in texts], dtype=np.int64)
        return Embedding(features[rows], truncated=int(cut[rows].sum()))


@dataclass(frozen=True)
class Published:
    """A model of the hub whose size is known; calling it with the reading parameters gives the model."""

    vocabulary: ClassVar[int] = 50257
    positions: ClassVar[int] = 1024

    path: str
    width: int
    layers: int

    def __call__(self, **reading: object) -> Pretrained:
        size = gpt2_parameters(self.width, self.layers, self.positions, self.vocabulary)
        make = functools.partial(Pretrained, path=self.path, published=("gpt2", size))
        return make(**reading)  # type: ignore[arg-type]


gpt2 = Published("openai-community/gpt2", 768, 12)
gpt2_medium = Published("openai-community/gpt2-medium", 1024, 24)
gpt2_large = Published("openai-community/gpt2-large", 1280, 36)
gpt2_xl = Published("openai-community/gpt2-xl", 1600, 48)
distilgpt2 = Published("distilbert/distilgpt2", 768, 6)
any_model = Pretrained
