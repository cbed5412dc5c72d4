"""The frozen data that travels between the stages: columns, splits and pools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts.errors import DataError, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
else:
    Array = Any


DIRECTIONS = ("weak-to-strong", "undirected", "same", "strong-to-weak")
"""What a cell's direction may be, in the order in which tables and figures show them: declared, or nothing."""

PARTS = ("supervise", "transfer", "test")
"""The splits of a task."""

ROW_SUM_TOLERANCE = 1e-5
"""A row of probabilities may miss a sum of 1 by this much: float32 softmax over many classes does."""

_SHOWN = 12
"""Columns that a sentence names."""

Columns = Mapping[str, Array]
"""Named input columns of equal length n: numeric (n,) or (n, d), or text as an object array of str."""


@dataclass(frozen=True)
class Split:
    """A part of a task. inputs: columns of length n. truth: (n, k) float64. ids: (n,) str, unique."""

    inputs: Columns
    truth: Array
    ids: Array


@dataclass(frozen=True)
class Splits:
    """supervise teaches the weak model; transfer is labelled by it for the student; test is never fitted on."""

    supervise: Split
    transfer: Split
    test: Split


@dataclass(frozen=True)
class Pool:
    """All inputs of a task, whatever the seed. ids: (n,) str, unique; the ids of every split are among them."""

    inputs: Columns
    ids: Array


@dataclass(frozen=True)
class InputsRead:
    """x: the columns of a file that together are the input x, in order. left_out: the others, and why, in words. asked: those
    that the person asked for by name, and which stay in x though they teach. notes: what to look at, in sentences, such as what
    gives an answer away; flags: of every row of the task, for the notes that deserve one (`leaks`). hard: the teachers' columns
    that give classes the probability 0. name: under which models read the input.
    """

    x: tuple[str, ...]
    left_out: Mapping[str, str]
    asked: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    name: str = "x"
    flags: tuple[str, ...] = ()
    hard: frozenset[str] = frozenset()

    def words(self) -> tuple[str, str]:
        """The columns of x, and the others with the reasons; the first few of many."""
        others: dict[str, list[str]] = {}
        for name, why in self.left_out.items():
            others.setdefault(why.replace(name, "…") if name in why else why, []).append(name)
        said = [f"{_some(names)} ({(self.left_out[names[0]] if len(names) == 1 else why)})" for why, names in others.items()]
        return _some(self.x) or "none", "; ".join(said) or "none"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f", … ({len(names)} in all)" if len(names) > _SHOWN else "")


def text_column(inputs: Columns, name: str) -> list[str]:
    """The column as texts. Raises DataError where it is missing (near names) or holds numbers."""
    import numpy as np

    if name not in inputs:
        raise DataError(f"the task has no column {name!r}", where=f"column={name}", hint=nearest(name, inputs))
    column = np.asarray(inputs[name])
    if column.dtype.kind not in "OUS" or column.ndim != 1:
        raise DataError(f"the column {name!r} holds numbers, not texts", where=f"column={name}")
    return [str(text) for text in column]
