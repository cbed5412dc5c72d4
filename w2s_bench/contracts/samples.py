"""Samples that are the same for every seed, drawn by the name of a task."""

from __future__ import annotations

from collections.abc import Mapping

from w2s_bench.contracts.data import Array
from w2s_bench.contracts.seeds import generator_for


def fixed_sample(n: int, size: int, task: str, part: str) -> Array:
    """`size` of n row numbers, ascending, the same for every seed; all of them where there are no more."""
    import numpy as np

    if size >= n:
        return np.arange(n)
    return np.sort(generator_for("sample", task=task, part=part).permutation(n)[:size])


def thinned(truth: Array, parts: Array | None, task: str) -> Array:
    """Row numbers, ascending, with as many of every class as of the rarest; in each part by itself where there are parts.

    truth: (n, k), whose largest column is the class. Which rows stay is drawn by the task's name, the same for every seed.
    """
    import numpy as np

    classes = truth.argmax(axis=1)
    of_part = np.zeros(len(truth), dtype=int) if parts is None else np.unique(parts, return_inverse=True)[1]
    kept = []
    for part in np.unique(of_part):
        inside = np.flatnonzero(of_part == part)
        fewest = np.unique(classes[inside], return_counts=True)[1].min()
        shuffled = inside[generator_for("balance", task=task, part=int(part)).permutation(len(inside))]
        kept += [shuffled[classes[shuffled] == number][:fewest] for number in np.unique(classes[inside])]
    return np.sort(np.concatenate(kept))


def columns_at(columns: Mapping[str, Array], rows: Array) -> dict[str, Array]:
    """Every column at these rows."""
    return {name: column[rows] for name, column in columns.items()}
