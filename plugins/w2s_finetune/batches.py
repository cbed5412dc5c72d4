"""Which rows a step trains on, and token ids as padded tensors."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from w2s_bench.contracts import Array, generator_for

POOL = 16
"""Batches whose rows are sorted by length together, so that little is padded."""


@dataclass(frozen=True)
class Order:
    """The rows of every step, a function of the seed alone: a fit that goes on from a checkpoint needs only its step.

    Each epoch visits every row once, in a random order of batches of like lengths. lengths: (n,) tokens of each row.
    """

    lengths: tuple[int, ...]
    batch: int
    epochs: int
    seed: int

    @property
    def per_epoch(self) -> int:
        """Steps in an epoch."""
        return -(-len(self.lengths) // self.batch)

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.epochs * self.per_epoch

    def rows(self, step: int) -> Array:
        """Row numbers of a step, at most `batch`."""
        epoch, place = divmod(step, self.per_epoch)
        return _epoch(self, epoch)[place]


@functools.lru_cache(maxsize=2)
def _epoch(order: Order, epoch: int) -> list[Array]:
    random = generator_for("finetune order", seed=order.seed, epoch=epoch)
    sizes = np.asarray(order.lengths)
    rows = random.permutation(len(sizes))
    batches = []
    for start in range(0, len(rows), order.batch * POOL):
        pool = rows[start:start + order.batch * POOL]
        pool = pool[np.argsort(sizes[pool], kind="stable")]
        batches += [pool[at:at + order.batch] for at in range(0, len(pool), order.batch)]
    return [batches[index] for index in random.permutation(len(batches))]


def token_batches(lengths: Sequence[int], budget: int) -> list[Array]:
    """Row numbers in batches of at most `budget` tokens, padding included, short rows first; a longer row stays alone."""
    order = np.argsort(lengths, kind="stable")
    starts = [0]
    for place, row in enumerate(order.tolist()):
        if place > starts[-1] and (place + 1 - starts[-1]) * lengths[row] > budget:
            starts.append(place)
    return np.split(order, starts[1:]) if len(order) else []


def padded(sequences: Sequence[Array], pad: int, on: Any) -> tuple[Tensor, Tensor]:
    """Token ids (n, t) int64, padded on the right, and the mask (n, t) int64, 1 on real tokens, on a device."""
    lengths = np.array([len(sequence) for sequence in sequences])
    real = np.arange(lengths.max()) < lengths[:, None]
    tokens = np.full(real.shape, pad, dtype=np.int64)
    tokens[real] = np.concatenate(sequences)
    return torch.from_numpy(tokens).to(on), torch.from_numpy(real.astype(np.int64)).to(on)
