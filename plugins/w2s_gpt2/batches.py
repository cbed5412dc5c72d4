"""Batches of sequences of like length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_bench.contracts import Array

PADDING = 0.05
"""Share of a batch that may be padding once the batch has an eighth of its budget: a product of fewer rows is slower."""


def token_batches(lengths: Sequence[int], budget: int, *, alike: bool = False) -> list[Array]:
    """Indices in batches whose padded size (rows × longest) is within the budget, short sequences first.

    A sequence longer than the budget gets a batch of its own. A batch ends early where the next sequence would pad it too
    much; alike: where it would pad it at all. Every index occurs once.
    """
    batches: list[Array] = []
    current: list[int] = []
    real = 0
    for index in np.argsort(lengths, kind="stable").tolist():
        size = (len(current) + 1) * lengths[index]
        wasteful = 8 * real >= budget and size - real - lengths[index] > PADDING * size
        if current and (size > budget or wasteful or (alike and lengths[index] != lengths[current[0]])):
            batches.append(np.array(current))
            current, real = [], 0
        current.append(index)
        real += lengths[index]
    return [*batches, np.array(current)] if current else batches


def padded(sequences: Sequence[Array], pad: int) -> tuple[Array, Array]:
    """Sequences as (n, t) int64, padded on the right, and the mask (n, t) int64 that is 1 on real tokens."""
    lengths = np.array([len(sequence) for sequence in sequences])
    mask = np.arange(lengths.max()) < lengths[:, None]
    tokens = np.full(mask.shape, pad, dtype=np.int64)
    tokens[mask] = np.concatenate(sequences)
    return tokens, mask.astype(np.int64)
