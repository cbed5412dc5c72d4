"""A small byte-level GPT-2 that is trained here, on the task's own texts or on another corpus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from w2s_bench.contracts import (
    Array,
    Columns,
    DataError,
    Embedding,
    PluginError,
    PrepareContext,
    UsageError,
    generator_for,
    seed_for,
    tell,
    text_column,
)
from w2s_gpt2.batches import padded, token_batches
from w2s_gpt2.bytes import PAD, VOCABULARY, byte_tokens
from w2s_gpt2.checkpoints import kept_steps, packed, weights_at
from w2s_gpt2.corpora import corpus_fingerprint, read_corpus
from w2s_gpt2.size import gpt2_parameters

if TYPE_CHECKING:
    from w2s_gpt2.trainable import TrainableTransformer

BATCH_TOKENS = 8192


@dataclass(frozen=True)
class Nano:
    """The architecture of GPT-2 (Radford et al. 2019) over bytes, trained from scratch by next-byte
    prediction.

    Features: the last hidden state, after the final layer norm, pooled over a text's bytes: (n, width)
    float32. A text begins with a token of its own, which is all that an empty one consists of.
    objective=descriptors adds the mean squared error of a linear map from the mean state to standardised
    descriptors of the text. checkpoint: after how many steps of the one training the weights are taken; those of
    `kept_steps` are kept. Models that differ in it alone share a training, and have one size and family.
    """

    width: int
    layers: int
    heads: int | Literal["auto"]
    context: int
    steps: int
    batch: int
    lr: float
    schedule: Literal["cosine", "constant"]
    corpus: str
    objective: Literal["next-token", "descriptors"]
    descriptors: Callable[[list[str]], Array] | str
    seed: int
    column: str
    pooling: Literal["mean", "last"]
    checkpoint: int | Literal["end"]

    family: ClassVar[str] = "nano"
    capabilities: ClassVar[frozenset[str]] = frozenset({"prepare", "prepared_as", "module"})

    def __post_init__(self) -> None:
        if self.width % self.n_heads:
            raise UsageError(
                f"width={self.width} is no multiple of heads={self.n_heads}",
                where="nano",
                hint=f"heads={max(h for h in range(1, self.n_heads + 1) if self.width % h == 0)} would do",
            )
        kept = kept_steps(self.steps)
        if self.checkpoint != "end" and self.checkpoint not in kept:
            raise UsageError(
                f"checkpoint={self.checkpoint} is not kept",
                where="nano",
                hint=f"of steps={self.steps} these are kept: {', '.join(map(str, kept))} (end)",
            )

    @property
    def n_heads(self) -> int:
        """Attention heads."""
        return max(1, self.width // 16) if self.heads == "auto" else self.heads

    @property
    def size(self) -> int:
        """Number of parameters, the tied output matrix counted once."""
        return gpt2_parameters(self.width, self.layers, self.context + 1, VOCABULARY)

    @property
    def prepare_from(self) -> frozenset[str]:
        """The cell's seed and the task's texts for corpus=task; nothing of the cell otherwise."""
        return frozenset({"task", "seed"}) if self.corpus == "task" else frozenset()

    @property
    def prepared_as(self) -> dict[str, str]:
        """One training serves every checkpoint and pooling, and every column unless its texts are learned."""
        reading = {"checkpoint": "end", "pooling": "mean"}
        return reading if self.corpus == "task" else reading | {"column": "text"}

    def fingerprint(self) -> str:
        """Digest of the corpus."""
        return corpus_fingerprint(self.corpus)

    def prepare(self, context: PrepareContext) -> dict[str, Array]:
        """Weights after each step that is kept as float32 arrays `<step>/<name>`, and "loss": (steps,)
        float32, nats a byte plus the descriptors' error.

        Raises Diverged at the first loss that is not finite, DataError for a corpus or descriptors that
        cannot be used.
        """
        from w2s_gpt2.training import Architecture, train

        if self.corpus == "task":
            if context.inputs is None:
                raise PluginError("corpus=task was given no texts", where="nano")
            texts = text_column(context.inputs, self.column)
        else:
            texts = read_corpus(self.corpus, self.context)
        seed = seed_for("nano", seed=self.seed, cell=context.seed)
        texts = _sample(texts, self.steps * self.batch, seed)
        targets = self._targets(texts) if self.objective == "descriptors" and self.steps else None
        documents = [np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8) for text in texts]
        weights, loss = train(
            Architecture(self.width, self.layers, self.n_heads, self.context + 1),
            documents,
            targets,
            steps=self.steps,
            batch=self.batch,
            lr=self.lr,
            schedule=self.schedule,
            seed=seed,
            kept=kept_steps(self.steps),
        )
        return packed(weights, loss)

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """Features (n, width) float32 of the column, from the weights of the checkpoint in what prepare() gave."""
        from w2s_gpt2.training import features

        model = self._network(state)
        texts = text_column(inputs, self.column)
        distinct = {text: index for index, text in enumerate(dict.fromkeys(texts))}
        sequences, cut = byte_tokens(list(distinct), self.context)
        values = np.zeros((len(distinct), self.width), dtype=np.float32)
        done = 0
        for batch in token_batches([len(sequence) for sequence in sequences], BATCH_TOKENS):
            values[batch] = features(model, *padded([sequences[index] for index in batch], PAD), self.pooling)
            done += len(batch)
            tell(done, len(sequences), "texts")
        rows = np.array([distinct[text] for text in texts], dtype=np.int64)
        return Embedding(values[rows], truncated=cut[rows] if cut.any() else None)

    def module(self, state: Mapping[str, Array]) -> TrainableTransformer:
        """The network with a copy of the checkpoint's weights."""
        from w2s_gpt2.passes import Passes
        from w2s_gpt2.pooling import Pooling
        from w2s_gpt2.trainable import TrainableTransformer, tied_scores

        network = self._network(state)
        passes = Passes(network, -1, "nano", width=self.width)

        def reader(inputs: Columns) -> tuple[list[Array], Array]:
            return byte_tokens(text_column(inputs, self.column), self.context)

        return TrainableTransformer(passes, PAD, Pooling(self.pooling), reader, tied_scores(network))

    def _network(self, state: Mapping[str, Array]) -> Any:
        from w2s_gpt2.training import Architecture, network

        weights = weights_at(state, self.steps if self.checkpoint == "end" else self.checkpoint)
        return network(Architecture(self.width, self.layers, self.n_heads, self.context + 1), weights)

    def _targets(self, texts: Sequence[str]) -> Array:
        """Descriptors (n, m) float32, standardised over the corpus; constant ones are left out."""
        where = "descriptors"
        if isinstance(self.descriptors, str):
            raise PluginError(f"{self.descriptors} is a name, not the function that it stands for", where=where)
        values = np.asarray(self.descriptors(list(texts)), dtype=np.float64)
        if values.ndim != 2 or len(values) != len(texts):
            raise PluginError(
                f"gave an array of shape {values.shape} for {len(texts)} texts",
                where=where,
                hint="wanted (n, m)",
            )
        bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if len(bad):
            raise DataError(f"not finite for the text {texts[bad[0]]!r}", where=where)
        values = values[:, values.std(axis=0) > 0]
        if not values.shape[1]:
            raise DataError("every descriptor is constant over this corpus", where=where)
        standard: Array = ((values - values.mean(axis=0)) / values.std(axis=0)).astype(np.float32)
        return standard


def _sample(texts: Sequence[str], wanted: int, seed: int) -> list[str]:
    """As many texts as the steps can visit, in the corpus's order: describing the others would be for nothing."""
    if len(texts) <= wanted:
        return list(texts)
    chosen = generator_for("nano corpus", seed=seed).permutation(len(texts))[:wanted]
    return [texts[index] for index in sorted(chosen.tolist())]
