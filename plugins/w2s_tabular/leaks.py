"""What in a table gives an answer away: a column of x that tells it, all of x together, the order of the rows, repeated rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from w2s_bench.contracts import Array

_ROWS = 20_000
"""Rows that are looked at; those of a long file would take a fit of their own."""

_WIDEST = 512
_FEWEST = 10
"""Rows below which order is chance."""

_EXACT = 1e-10
"""Share of the variance that a fit to all of x may leave of an answer that x gives exactly."""

_IN_ORDER = 0.95
"""Rank correlation of row and answer from which a file is called sorted by it."""


def leaks(x: Mapping[str, Array], answers: Mapping[str, Array], numbered: Mapping[str, Array]) -> tuple[str, ...]:
    """Sentences, none where nothing was found.

    x: the columns of x, (n,) or (n, d). answers: the label and what teaches, (n, k), by name. numbered: columns of row numbers.
    """
    return (*(line for name, answer in answers.items() for line in _of_answer(x, name, answer[:_ROWS], numbered)),
            *_repeated(list(x.values())))


def _of_answer(x: Mapping[str, Array], name: str, answer: Array, numbered: Mapping[str, Array]) -> Iterator[str]:
    value = answer[:, 0] if answer.shape[1] == 1 else answer.argmax(axis=1).astype(np.float64)
    if len(value) < _FEWEST or (value == value[0]).all():
        return
    telling = [column for column, values in x.items() if values.ndim == 1 and tells(values[:_ROWS], value, answer.shape[1] > 1)]
    if telling:
        yield f"{', '.join(telling)} in x {'tells' if len(telling) == 1 else 'tell'} {name} exactly"
    elif x and gives(np.column_stack([values[:_ROWS] for values in x.values()]), answer):
        yield f"x gives {name} exactly, by least squares"
    rows = {"the order of the rows": np.arange(len(value), dtype=np.float64), **numbered}
    for column, values in rows.items():
        if abs(rank_correlation(values[:_ROWS], value)) > _IN_ORDER:
            yield f"{column} goes with {name}: a file that is sorted by it"
            return


def tells(column: Array, value: Array, classes: bool) -> bool:
    """Whether a column (n,) fixes an answer (n,): equal cells have equal answers, and either the answer rises or falls with the
    column (classes lie in one stretch each), or the column has few values.
    """
    order = np.argsort(column, kind="stable")
    sorted_column, along = column[order], value[order]
    same = np.diff(sorted_column) == 0.0
    steps = np.diff(along)
    if (same & (steps != 0.0)).any():
        return False
    distinct = len(sorted_column) - int(same.sum())
    if 1 < distinct <= len(value) / 4:
        return True
    if classes:
        return int(np.count_nonzero(steps)) == len(np.unique(value)) - 1
    return bool((steps >= 0.0).all() or (steps <= 0.0).all())


def gives(x: Array, answer: Array) -> bool:
    """Whether a linear function of x (n, d) is the answer (n, k); not asked where x has more than n/2 columns."""
    n, d = x.shape
    if 2 * (d + 1) > n or d > _WIDEST:
        return False
    spread = x.std(axis=0)
    design = np.column_stack([np.ones(n), (x - x.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)])
    left = answer - design @ np.linalg.lstsq(design, answer, rcond=None)[0]
    return float((left**2).sum()) <= _EXACT * float(((answer - answer.mean(axis=0)) ** 2).sum())


def rank_correlation(first: Array, second: Array) -> float:
    """Spearman's, ties shared; 0 for a constant."""
    one, other = _ranks(first), _ranks(second)
    if one.std() == 0.0 or other.std() == 0.0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _ranks(values: Array) -> Array:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return ranks


def _repeated(columns: list[Array]) -> Iterator[str]:
    if not columns:
        return
    rows = np.ascontiguousarray(np.column_stack(columns))
    repeated = len(rows) - len({row.tobytes() for row in rows})
    if repeated:
        yield f"{repeated} of {len(rows)} rows repeat the x of an earlier one, and may lie in another part than it"
