"""A network that gives each text one number, its reward, and compares the two of a pair by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from w2s_bench.contracts import Array, Columns, DataError, TrainableModel, sides
from w2s_finetune.supervised import Headed

Pair = tuple[Array, Array]
"""Token ids (t,) int64 of the first and of the second text."""


@dataclass(frozen=True)
class Rewarded:
    """The model of Bradley and Terry: the first of two texts is preferred with probability σ(r(first) − r(second)), r the head of
    `network`, of one output. As logits of the classes (second, first) that is (−Δ/2, Δ/2), Δ the difference of rewards.
    """

    network: Headed

    def __call__(self, pairs: Sequence[Pair]) -> Tensor:
        """Pairs to logits (n, 2) float32, with gradients; both texts of all pairs pass through the network together."""
        rewards = self.network([first for first, _ in pairs] + [second for _, second in pairs])
        half = (rewards[:len(pairs), 0] - rewards[len(pairs):, 0]) / 2
        return torch.stack([-half, half], dim=1)

    def answers(self, pairs: Sequence[Pair]) -> Array:
        """Logits (n, 2) float64 without gradients. Raises MemoryError.

        Each distinct text is read once, in an order that is that of the texts themselves: who swaps the two of a pair swaps the
        answers to the last bit.
        """
        both = [text for pair in pairs for text in pair]
        distinct = sorted({text.tobytes(): text for text in both}.items())
        place = {key: row for row, (key, _) in enumerate(distinct)}
        rewards = self.network.answers([text for _, text in distinct])[:, 0]
        first, second = rewards[[place[text.tobytes()] for text in both]].reshape(-1, 2).T
        half = (first - second) / 2
        return np.column_stack([-half, half])


def pairs_of(model: TrainableModel, inputs: Columns) -> list[Pair]:
    """The token ids of each pair. Raises DataError for inputs that are in no pairs."""
    first, second = sides(inputs)
    if not first:
        raise DataError(f"there are preferences, and no pairs of texts among {', '.join(inputs)}", where="finetune")
    return list(zip(model.tokens(first), model.tokens(second), strict=True))
