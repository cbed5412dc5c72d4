"""A network with a linear head, what it answers, and how it learns from labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from w2s_bench.contracts import Array, Loss, TrainableModel, in_memory, tell
from w2s_finetune.batches import padded, token_batches

TOKENS = 8192
"""Tokens in a pass that only answers."""


@dataclass(frozen=True)
class Headed:
    """The network of `model` and a head on its pooled states, on the accelerator's device."""

    model: TrainableModel
    head: nn.Linear
    accelerator: Any

    def __call__(self, sequences: Sequence[Array]) -> Tensor:
        """Token ids of n texts to logits (n, k) float32, with gradients."""
        tokens, mask = padded(sequences, self.model.pad, self.accelerator.device)
        with self.accelerator.autocast():
            states = self.model.states(tokens, mask)
        answers: Tensor = self.head(states.float())
        return answers

    def answers(self, sequences: Sequence[Array]) -> Array:
        """Logits (n, k) float64 without gradients, in batches of like length. Raises MemoryError."""
        return in_memory(lambda budget: self._answers(sequences, budget), TOKENS)

    def _answers(self, sequences: Sequence[Array], budget: int) -> Array:
        out = np.zeros((len(sequences), self.head.out_features))
        with torch.no_grad():
            done = 0
            for rows in token_batches([len(sequence) for sequence in sequences], budget):
                out[rows] = self([sequences[row] for row in rows]).cpu().double().numpy()
                done += len(rows)
                tell(done, len(sequences), "texts")
        return out


class Answering(Protocol):
    """What answers with logits, or with numbers, to examples as it reads them: `Headed` or `Rewarded`."""

    def __call__(self, examples: Sequence[Any], /) -> Tensor: ...
    def answers(self, examples: Sequence[Any], /) -> Array: ...


@dataclass(frozen=True)
class Supervised:
    """The loss of a network on labels (n, k) float32; held: examples that are not trained on, with their labels."""

    network: Answering
    accelerator: Any
    loss: Loss
    examples: Sequence[Any]
    labels: Tensor
    held: tuple[Sequence[Any], Array]

    def gradient(self, rows: Array, at_once: int, progress: float) -> float:
        """The loss of all rows together, and its gradient.

        Some losses are no mean over rows (a threshold for the whole batch). Where a batch passes through the network in
        parts, its logits are made first, without a graph; then each part again, to carry the loss's slope at its logits
        back to the weights. So parts change memory and time, and no result beyond rounding.
        """
        labels = self.labels[torch.from_numpy(rows).to(self.labels.device)]
        parts = [[self.examples[row] for row in rows[at:at + at_once]] for at in range(0, len(rows), at_once)]
        if len(parts) == 1:
            loss = self.loss(self.network(parts[0]), labels, progress)
            self.accelerator.backward(loss)
            return float(loss.detach())
        with torch.no_grad():
            logits = torch.cat([self.network(part) for part in parts])
        loss = self.loss(logits.requires_grad_(), labels, progress)
        (slope,) = torch.autograd.grad(loss, logits)
        for part, slopes in zip(parts, torch.split(slope, at_once), strict=True):
            self.accelerator.backward((self.network(part) * slopes).sum())
        return float(loss.detach())

    def held_out(self) -> float | None:
        """Cross-entropy with, or squared distance from, the held-out labels as they were given: one measure for all losses."""
        examples, labels = self.held
        if not len(examples):
            return None
        answers = self.network.answers(examples)
        if "classes" in self.loss.outputs:
            return float(-(labels * log_softmax(answers)).sum(axis=1).mean())
        return float(np.square(answers - labels).sum(axis=1).mean())


def log_softmax(logits: Array) -> Array:
    """Logarithms of the probabilities (n, k) that logits (n, k) stand for, float64."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    normal: Array = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return normal
