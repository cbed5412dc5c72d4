"""Samples that are the same for every seed, drawn by the name of a task."""

from __future__ import annotations

from w2s_bench.contracts.data import Array
from w2s_bench.contracts.entries import Parameter
from w2s_bench.contracts.errors import UsageError
from w2s_bench.contracts.seeds import generator_for

FEWEST = 6
"""Examples that three parts are drawn from, at least."""

LIMIT = Parameter("limit", int, 0, "use a fixed sample of at most so many examples, the same for every seed; 0: all", low=0)
"""The parameter by which a task says how many of its examples are used."""


def limited(n: int, limit: int, task: str) -> Array:
    """Row numbers, ascending, of the fixed sample that `limit` asks for; all n where it is 0. Raises UsageError for too few."""
    import numpy as np

    if 0 < limit < FEWEST:
        raise UsageError(f"limit={limit} leaves too few examples for three parts", where=task, hint=f"at least {FEWEST}; 0: all")
    return fixed_sample(n, limit, task, "all") if limit else np.arange(n)


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
