"""Models with weights that somebody else trained: a folder, or a name on the hub."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from w2s_bench.contracts import Array, Columns, Demand, Embedding, device, in_memory, place_of, text_column
from w2s_gpt2.folders import folder_digest, folder_family, folder_size, model_folder
from w2s_gpt2.revision import absent_model, cached_commit, commit_of
from w2s_gpt2.sentences import SentenceReading, hub_folder, sentence_reading
from w2s_gpt2.size import gpt2_parameters

if TYPE_CHECKING:
    from w2s_gpt2.trainable import TrainableTransformer


CPU_TOKENS, GPU_TOKENS = 1024, 16384
"""Tokens in a batch: what lies between two products should stay in a CPU's cache, and fill a GPU."""


@dataclass(frozen=True)
class Pretrained:
    """A causal or encoder model read through transformers; safetensors only, no code from the model is run.

    Features are hidden states of one layer, pooled over the tokens of a text: (n, hidden size) float32.
    Padding is masked, so that a text's features do not depend on its batch; an empty text is read as the
    token that begins a text. published: family and parameter count, None where they come from the folder or
    are not known.
    """

    path: str | None
    revision: str
    column: str
    layer: int
    pooling: Literal["auto", "mean", "last", "cls", "max"]
    max_length: int | Literal["auto"]
    dtype: Literal["float32", "bfloat16"]
    batch_tokens: int | Literal["auto"]
    package: str = ""
    file: str = ""
    published: tuple[str, int] | None = None

    capabilities = frozenset({"absent", "demand", "embed_many", "module", "pinned", "reader"})
    demand = Demand(gpus=1.0)
    read_by = "layer"

    @property
    def place(self) -> str:
        """The folder or the name on the hub. Raises UsageError unless there is one of path and package, DataError where a
        package lacks it.
        """
        return place_of(self.path, self.package, self.file)

    @property
    def family(self) -> str:
        """Published family, the model type of a folder's config, or the name on the hub."""
        if self.published:
            return self.published[0]
        folder = model_folder(self.place)
        return folder_family(folder) if folder else self.place

    @property
    def size(self) -> int | None:
        """Number of parameters; None for a name on the hub whose count is not known here."""
        if self.published:
            return self.published[1]
        folder = model_folder(self.place)
        return folder_size(folder) if folder else None

    def fingerprint(self) -> str:
        """SHA-256 of a folder's configuration, tokenizer and weights. On the hub `name@commit`: the
        commit of the snapshot in the cache, which is read then whatever the hub has by now, or of the hub; `name@revision`
        where there is neither.
        """
        folder = model_folder(self.place)
        if folder:
            self._sentence()
            return folder_digest(folder)
        return f"{self.place}@{commit_of(self.place, self.revision) or self.revision}"

    def pinned(self) -> dict[str, str]:
        """The commit that a revision on the hub stands for."""
        commit = None if model_folder(self.place) else commit_of(self.place, self.revision)
        return {"revision": commit} if commit else {}

    def absent(self) -> str:
        """That a model of the hub is neither in the cache nor to be had from it now; "" where it is, and for a folder."""
        return "" if model_folder(self.place) else absent_model(self.place, self.revision)

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """Features (n, d) float32 of the column, and which texts were cut. Raises DataError where it cannot, MemoryError
        where half a batch does not fit the device.
        """
        return self.embed_many([self], inputs)[0]

    def embed_many(self, models: Sequence[Pretrained], inputs: Columns) -> list[Embedding]:
        """What `embed` gives for each of models that differ in their layer alone, from one pass over the texts. Raises as it
        does.
        """
        return self.reader(models, {})(inputs)

    def reader(self, models: Sequence[Pretrained], state: Mapping[str, Array]) -> Callable[[Columns], list[Embedding]]:
        """What `embed_many` gives, as a function of the inputs, with the network loaded once. Raises as it does."""
        from w2s_gpt2.loading import load_pretrained
        from w2s_gpt2.passes import features_of_layers
        from w2s_gpt2.pooling import Pooling

        sentence = self._sentence()
        loaded = load_pretrained(self.place, self.revision, self.dtype, device(), models[0].layer)
        passes = [loaded.passes, *loaded.at([model.layer for model in models[1:]])]
        pooling = Pooling(sentence.pooling, sentence.normalised)
        budget = (CPU_TOKENS if device() == "cpu" else GPU_TOKENS) if self.batch_tokens == "auto" else self.batch_tokens

        def read(inputs: Columns) -> list[Embedding]:
            texts = sentence.cased(text_column(inputs, self.column))
            distinct = {text: index for index, text in enumerate(dict.fromkeys(texts))}
            sequences, cut = loaded.reader.tokens(list(distinct), self._limit(loaded.reader.context, sentence))
            rows = np.array([distinct[text] for text in texts], dtype=np.int64)
            truncated = cut[rows] if cut.any() else None
            found = in_memory(lambda size: features_of_layers(passes, sequences, loaded.reader.pad, size, pooling), budget)
            return [Embedding(features[rows], truncated) for features in found]

        return read

    def module(self, state: Mapping[str, Array]) -> TrainableTransformer:
        """The network in float32 on the CPU, with weights read afresh. Raises DataError where it cannot."""
        from w2s_gpt2.loading import load_trainable
        from w2s_gpt2.pooling import Pooling
        from w2s_gpt2.trainable import TrainableTransformer

        loaded, scores = load_trainable(self.place, self.revision, self.layer)

        sentence = self._sentence()
        limit = self._limit(loaded.reader.context, sentence)

        def reader(inputs: Columns) -> tuple[list[Array], Array]:
            return loaded.reader.tokens(sentence.cased(text_column(inputs, self.column)), limit)

        pooling = Pooling(sentence.pooling, sentence.normalised)
        return TrainableTransformer(loaded.passes, loaded.reader.pad, pooling, reader, scores)

    def _sentence(self) -> SentenceReading:
        """How texts are cut and pooled. Raises DataError for a sentence encoder of which not every module is read."""
        if self.pooling != "auto":
            return SentenceReading(self.pooling)
        folder = model_folder(self.place) or self._on_hub()
        return sentence_reading(folder if folder and folder.is_dir() else None, self.place)

    def _on_hub(self) -> Path | None:
        return hub_folder(self.place, cached_commit(self.place, self.revision) or self.revision)

    def _limit(self, context: int, sentence: SentenceReading) -> int:
        return min(context, (sentence.longest or context) if self.max_length == "auto" else self.max_length)


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
