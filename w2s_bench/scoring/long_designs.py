"""Designs of so many rows that they are never whole in memory: blocks of them are made anew whenever one is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from w2s_bench.contracts.errors import DomainError
from w2s_bench.scoring.arrays import Array

LONG = 5 << 22
"""Entries from which a design is one: 160 MiB in float64, of which a factorisation makes several."""

ROWS = 4096


@dataclass(frozen=True)
class LongDesign:
    """(made(features) − mean) turn in blocks of rows, (n, q) float64. features: (n, d); made: rows to rows, (n, r). mean: (r,)
    and turn: (r, q), None for 0 and for the identity.

    A product with a few columns is never made of the turned rows: the turn is applied to the few.
    """

    features: Array
    made: Callable[[Array], Array]
    mean: Array | None = None
    turn: Array | None = None

    @cached_property
    def shape(self) -> tuple[int, int]:
        """(n, q)."""
        return len(self), (self.made(np.array(self.features[:1])) if self.turn is None else self.turn).shape[1]

    def __len__(self) -> int:
        return len(self.features)

    def blocks(self) -> Iterator[tuple[slice, Array]]:
        """Which rows, and those rows (b, q)."""
        for rows, block in self._centred():
            yield rows, block if self.turn is None else block @ self.turn

    def __matmul__(self, weight: Array) -> Array:
        """(n, q) by (q, k)."""
        turned = weight if self.turn is None else self.turn @ weight
        return np.concatenate([block @ turned for _, block in self._centred()])

    def under(self, values: Array) -> Array:
        """Itself transposed by (n, k): (q, k)."""
        total: Array = sum((block.T @ values[rows] for rows, block in self._centred()), np.zeros(()))
        return total if self.turn is None else self.turn.T @ total

    def _centred(self) -> Iterator[tuple[slice, Array]]:
        for start in range(0, len(self), ROWS):
            rows = slice(start, min(start + ROWS, len(self)))
            block = np.asarray(self.made(np.array(self.features[rows])), dtype=np.float64)
            yield rows, block if self.mean is None else block - self.mean


Design = Array | LongDesign


def design_of(student: Any, features: Array) -> Design:
    """What a head makes of features (n, d), whole where that is not long; of copies of rows, which it may change, where it is."""
    width = student.design(np.array(features[:1])).shape[1]
    return LongDesign(features, student.design) if len(features) * width > LONG else np.asarray(student.design(features))


def under(design: Design, values: Array) -> Array:
    """designᵀ values, (r, k) of values (n, k)."""
    if isinstance(design, LongDesign):
        return design.under(values)
    out: Array = design.T @ values
    return out


def sum_of_squares(design: Design) -> float:
    """Over all entries."""
    if isinstance(design, LongDesign):
        return float(sum((block**2).sum() for _, block in design.blocks()))
    return float((np.asarray(design, dtype=np.float64) ** 2).sum())


def basis_of(design: LongDesign, constant: bool) -> tuple[LongDesign, Array]:
    """An orthonormal basis (n, q) of the design above rounding, centred where there is a constant, and its singular values (q,).

    The triangle R of H = QR is found block by block (Demmel et al., SIAM J. Sci. Comput. 34, 2012); Q is not kept, and H V s⁻¹
    is orthonormal only up to rounding over the smallest singular value, so that its own triangle is taken off it once.
    Raises DomainError for a design that is not finite.
    """
    n, r = design.shape
    mean = sum((block.sum(axis=0) for _, block in design.blocks()), np.zeros(r)) / n if constant else None
    triangle = _triangle(replace(design, mean=mean))
    if not np.isfinite(triangle).all():
        raise DomainError("design holds values that are NaN or infinite")
    _, s, right = np.linalg.svd(triangle, full_matrices=False)
    rank = int(np.count_nonzero(s > s[0] * max(n, r) * np.finfo(np.float64).eps))
    turn = right[:rank].T / s[:rank]
    again = _triangle(replace(design, mean=mean, turn=turn))
    return replace(design, mean=mean, turn=np.linalg.solve(again.T, turn.T).T), s[:rank]


def _triangle(design: LongDesign) -> Array:
    """R (q, q) of the QR factorisation of all rows."""
    triangle: Array | None = None
    for _, block in design.blocks():
        stacked = block if triangle is None else np.concatenate([triangle, block])
        triangle = np.asarray(np.linalg.qr(stacked, mode="r"))
    assert triangle is not None
    return triangle
