"""The three parts of a task, drawn by a seed."""

from __future__ import annotations

from w2s_bench.contracts.data import Array, Columns, Split, Splits
from w2s_bench.contracts.errors import PluginError
from w2s_bench.contracts.mapped import RowsOf, columns_at


def draw_splits(inputs: Columns, truth: Array, ids: Array, seed: int,
                shares: tuple[float, float, float] = (0.4, 0.4, 0.2), difficulty: Array | None = None) -> Splits:
    """Disjoint supervise, transfer and test parts in the given shares, drawn by the seed.

    truth: (n, k) float64; ids: (n,) str. Each part keeps at least one example when n ≥ 3. difficulty: (n,), larger is harder:
    easy to hard, that is the easiest examples supervise, the seed choosing among equals, and the others are drawn.

    Raises PluginError for what is no array, and for columns and ids that are not as many as the labels.
    """
    import numpy as np

    _check_arrays(inputs, truth, ids)
    n = len(truth)
    order = np.random.default_rng(seed).permutation(n)
    first = max(1, min(round(shares[0] * n), n - 2))
    if difficulty is not None:
        easiest = order[np.argsort(np.asarray(difficulty)[order], kind="stable")[:first]]
        order = np.concatenate([easiest, order[~np.isin(order, easiest)]])
    second = first + max(1, min(round(shares[1] * n), n - first - 1))

    def part(index: Array) -> Split:
        return Split(columns_at(inputs, index), truth[index], ids[index])

    return Splits(part(order[:first]), part(order[first:second]), part(order[second:]))


def _check_arrays(inputs: Columns, truth: Array, ids: Array) -> None:
    """What would be drawn wrong, or not at all, in words: lists, and columns that are not as long as the labels."""
    import numpy as np

    columns = {} if isinstance(inputs, RowsOf) else {f"the column {name!r}": column for name, column in inputs.items()}
    given: dict[str, object] = {"truth": truth, "ids": ids, **columns}
    for what, values in given.items():
        if not isinstance(values, np.ndarray):
            raise PluginError(f"{what} is a {type(values).__name__}, no array", where="draw_splits",
                              hint="np.array(values); texts as np.array(values, dtype=object)")
        if values.ndim == 0 or len(values) != len(truth):
            raise PluginError(f"{what} has shape {values.shape}, and truth {truth.shape}", where="draw_splits")


def easy_to_hard(difficulty: str) -> str:
    """How `draw_splits` and its like make parts by a difficulty of that name, in a sentence for the head of a run."""
    return f"easy to hard: the easiest 40 % by {difficulty} supervise, and transfer and test are drawn from the harder ones"
