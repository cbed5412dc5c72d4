"""A transformer whose weights a strategy may train."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from w2s_bench.contracts import Array, Columns, PluginError
from w2s_gpt2.passes import Passes
from w2s_gpt2.pooling import Pooling


@dataclass(frozen=True)
class TrainableTransformer:
    """States are pooled and texts are cut as the model's own parameters say.

    reader: input columns to token ids, and which texts were cut. scores: token ids and mask (n, t) to logits of the next token
    (n, t, vocabulary), or None for a model that predicts none.
    """

    passes: Passes
    pad: int
    pooling: Pooling
    reader: Callable[[Columns], tuple[list[Array], Array]]
    scores: Callable[[Tensor, Tensor], Tensor] | None

    capabilities = frozenset({"cut"})

    @property
    def network(self) -> Any:
        """The module that is trained."""
        return self.passes.network

    @property
    def width(self) -> int:
        """Values of a pooled state."""
        return self.passes.width

    @property
    def adapters(self) -> tuple[str, ...]:
        """Every linear layer of the network's blocks."""
        linear = (name for name, layer in self.network.named_modules() if isinstance(layer, (nn.Linear, Conv1D)))
        return tuple(name for name in linear if not name.startswith("pooler"))

    def tokens(self, inputs: Columns) -> list[Array]:
        """Token ids (t,) int64 of each text, cut to the context, never empty."""
        return self.reader(inputs)[0]

    def cut(self, inputs: Columns) -> Array:
        """Which texts are longer than the context, (n,) bool."""
        return self.reader(inputs)[1]

    def states(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Pooled hidden states (n, width) float32, with gradients."""
        return self.pooling(self.passes.states(tokens, mask), mask)

    def language_loss(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Mean cross-entropy of the next token in nats, over the real tokens behind the first. Raises PluginError."""
        if self.scores is None:
            raise PluginError("predicts no next token: it is an encoder, or was saved without its output matrix",
                              where=self.passes.where, hint="a language-model stage needs a causal model, such as gpt2 or nano")
        real = mask[:, 1:].bool()
        logits = self.scores(tokens, mask)[:, :-1][real]
        return nn.functional.cross_entropy(logits.float(), tokens[:, 1:][real])


def tied_scores(network: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """Logits of the next token through the transposed token embedding, as in GPT-2."""
    def scores(tokens: Tensor, mask: Tensor) -> Tensor:
        hidden = network(input_ids=tokens, attention_mask=mask).last_hidden_state
        return torch.nn.functional.linear(hidden, network.get_input_embeddings().weight)

    return scores
