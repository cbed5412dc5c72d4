"""What in a table gives an answer away: a column of x that tells it, all of x together, the order of the rows, repeated rows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from w2s_bench.contracts.data import Array, Columns
from w2s_bench.contracts.mapped import at_slice, height_of, row_slices

IN_INPUTS, IN_ORDER = "answer-in-inputs", "answer-in-order"
"""Flags of every row of a task in which such a thing was found."""

_ROWS = 20_000
"""Rows that are looked at; those of a long file would take a fit of their own."""

_WIDEST = 512
_FEWEST = 10
"""Rows below which order is chance."""

_EXACT = 1e-10
"""Share of the variance that a fit to all of x may leave of an answer that x gives exactly."""

_SORTED = 0.95
"""Rank correlation of row and answer from which a file is called sorted by it."""

_CHANCE = math.log(1e-4)
"""What chance lays out so no more often is no chance."""


@dataclass(frozen=True)
class Leak:
    """words: what gives an answer away, and which. flag: of the rows of the task; "" where only its parts can tell."""

    words: str
    flag: str = ""


def leaks(x: Mapping[str, Array], answers: Mapping[str, Array], numbered: Mapping[str, Array],
          unflagged: Collection[str] = ()) -> tuple[Leak, ...]:
    """What was found, () where nothing was.

    x: the columns of x, (n,) or (n, d). answers: the label and what teaches, (n, k), by name; unflagged: those of them that may
    teach or not. numbered: columns of row numbers.
    """
    head = at_slice(x, slice(0, _ROWS), list(x))
    looked_at = {name: values.astype("float64") for name, values in head.items()
                 if values.ndim == 1 or values.shape[1] <= _WIDEST}
    wide = len(looked_at) < len(head) or sum(values.size for values in looked_at.values()) > _WIDEST * _ROWS
    columns = dict(_single(looked_at))
    found = (Leak(leak.words, "" if name in unflagged else leak.flag) for name, answer in answers.items()
             for leak in _of_answer(columns, {} if wide else looked_at, name, answer[:_ROWS], numbered))
    return (*found, *_repeated_rows(x))


def repeated(rows: Iterable[Hashable], what: str) -> tuple[Leak, ...]:
    """That rows are equal, if they are. what: they repeat, "the text"."""
    listed = list(rows)
    return _said(len(listed) - len(set(listed)), len(listed), what)


def _said(again: int, of: int, what: str) -> tuple[Leak, ...]:
    words = f"{again} of {of} rows repeat {what} of an earlier one, and may lie in another part than it"
    return (Leak(words),) if again else ()


def _single(x: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    """Each column (n,) of x; those of a matrix by their number."""
    for name, values in x.items():
        if values.ndim == 1:
            yield name, values
        elif values.shape[1] <= _WIDEST:
            yield from ((f"{name}[{at}]", values[:, at]) for at in range(values.shape[1]))


def _of_answer(columns: Mapping[str, Array], x: Mapping[str, Array], name: str, answer: Array,
               numbered: Mapping[str, Array]) -> Iterator[Leak]:
    import numpy as np

    classes = answer.shape[1] > 1
    value = answer.argmax(axis=1).astype(np.float64) if classes else answer[:, 0]
    if len(value) < _FEWEST or (value == value[0]).all():
        return
    telling = [column for column, values in columns.items() if tells(values, value, classes)]
    if telling:
        yield Leak(f"{', '.join(telling)} in x {'tells' if len(telling) == 1 else 'tell'} {name} exactly", IN_INPUTS)
    elif x and gives(np.column_stack(list(x.values())), answer):
        yield Leak(f"x gives {name} exactly, by least squares", IN_INPUTS)
    rows = {"the order of the rows": np.arange(len(value), dtype=np.float64), **numbered}
    for column, values in rows.items():
        along = values[:_ROWS]
        if abs(rank_correlation(along, value)) > _SORTED or tells(along, value, classes):
            yield Leak(f"{column} goes with {name}: a file that is sorted by it", IN_ORDER)
            return


def tells(column: Array, value: Array, classes: bool) -> bool:
    """Whether a column (n,) fixes an answer (n,): equal cells have equal answers, and either the answer rises or falls with the
    column (classes lie in one stretch each), or the column has few values. Not where chance alone might have it so.
    """
    import numpy as np

    order = np.argsort(column, kind="stable")
    sorted_column, along = column[order], value[order]
    same = np.diff(sorted_column) == 0.0
    steps = np.diff(along)
    if (same & (steps != 0.0)).any():
        return False
    counts = np.unique(value, return_counts=True)[1]
    distinct = len(sorted_column) - int(same.sum())
    if 1 < distinct <= len(value) / 4:
        return _chance(counts, distinct * math.log(len(counts))) < _CHANCE
    if classes:
        return int(np.count_nonzero(steps)) == len(counts) - 1 and _chance(counts, math.lgamma(len(counts) + 1)) < _CHANCE
    return bool((steps >= 0.0).all() or (steps <= 0.0).all()) and _chance(counts, math.log(2.0)) < _CHANCE


def _chance(counts: Array, arrangements: float) -> float:
    """Logarithm of the share that arrangements, of which the logarithm is given, are of all those of values with these counts."""
    return arrangements + sum(math.lgamma(count + 1.0) for count in counts.tolist()) - math.lgamma(float(counts.sum()) + 1.0)


def gives(x: Array, answer: Array) -> bool:
    """Whether a linear function of x (n, d) is the answer (n, k); not asked where x has more than n/2 columns."""
    import numpy as np

    n, d = x.shape
    if 2 * (d + 1) > n or d > _WIDEST:
        return False
    spread = x.std(axis=0)
    design = np.column_stack([np.ones(n), (x - x.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)])
    left = answer - design @ np.linalg.lstsq(design, answer, rcond=None)[0]
    return float((left**2).sum()) <= _EXACT * float(((answer - answer.mean(axis=0)) ** 2).sum())


def rank_correlation(first: Array, second: Array) -> float:
    """Spearman's, ties shared; 0 for a constant."""
    import numpy as np

    one, other = _ranks(first), _ranks(second)
    if one.std() == 0.0 or other.std() == 0.0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _ranks(values: Array) -> Array:
    import numpy as np

    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return ranks


def _repeated_rows(columns: Columns) -> tuple[Leak, ...]:
    """Rows are told apart by digests: the rows of a long file are many bytes."""
    import numpy as np

    if not columns:
        return ()
    n, digests = height_of(columns), bytearray()
    for rows in row_slices(n):
        block = np.column_stack(list(at_slice(columns, rows, list(columns)).values()))
        for row in np.ascontiguousarray(block):
            digests += hashlib.blake2b(row, digest_size=16).digest()
    distinct = np.unique(np.frombuffer(digests, dtype="S16"))
    return _said(n - len(distinct), n, "the x")
