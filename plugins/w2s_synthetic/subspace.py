"""Models that see a subspace of the inputs, in pairs of chosen dimensions and overlap."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Columns, DataError, Embedding, UsageError, nearest

WHERE = "subspace"


@dataclass(frozen=True)
class Subspace:
    """Coordinates of x in a subspace of R^d: one side of a pair as in Dong et al. (2025).

    side, dim: "weak", with d_w = dim, or "strong", with d_s = dim. overlap: d_s∧w = Σ cos² of the canonical angles of the
    two, the same number on both sides of a pair. x₁ lies in both. The other shared directions lie at one angle, whose
    cos² is `alignment` (1: they are one and the same); there are (overlap − 1)/alignment of them.

    The weak side is the first `dim` coordinates. The strong side has x₁, for each other shared direction
    √alignment·x_j + √(1 − alignment)·x_{d+1−j}, and further coordinates from the last one down.
    """

    column = "x"
    family = "subspace"
    side: str = "weak"
    dim: int = 16
    overlap: float = 1.0
    alignment: float = 1.0

    def __post_init__(self) -> None:
        """Raises UsageError where no pair of subspaces has these numbers."""
        if not 1.0 <= self.overlap <= self.dim:
            raise UsageError(f"overlap={self.overlap:g} is not between 1 and dim={self.dim}", where=WHERE,
                             hint="x₁ is always shared, and two subspaces share at most the smaller dimension")
        tilted = (self.overlap - 1.0) / self.alignment
        if abs(tilted - round(tilted)) > 1e-9:
            near = 1.0 + round(tilted) * self.alignment
            raise UsageError(f"overlap={self.overlap:g} is not 1 plus a whole number of directions of {self.alignment:g}",
                             where=WHERE, hint=f"overlap={near:g} is the nearest")
        if self.shared > self.dim:
            raise UsageError(f"{self.shared} directions at alignment={self.alignment:g} do not fit into dim={self.dim}",
                             where=WHERE, hint="a larger dim or alignment, or a smaller overlap")

    @property
    def shared(self) -> int:
        """How many directions are not orthogonal to the other side, x₁ among them."""
        return 1 + round((self.overlap - 1.0) / self.alignment)

    @property
    def size(self) -> int:
        """The dimension."""
        return self.dim

    def fingerprint(self) -> str:
        """No files are read."""
        return ""

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """Coordinates (n, dim) float32 of column x (n, d). Raises DataError for d < 2·dim: a side has half of them."""
        if self.column not in inputs:
            raise DataError(f"the task has no input column {self.column!r}", where=WHERE, hint=nearest(self.column, inputs))
        x = np.asarray(inputs[self.column])
        if x.dtype.kind not in "fiu" or x.ndim != 2 or x.shape[1] < 2 * self.dim:
            raise DataError(f"column {self.column!r} has shape {x.shape}, not (n, d) numbers with d ≥ {2 * self.dim}",
                            where=WHERE, hint="this model belongs to the task correlated; give that a larger d")
        return Embedding((x[:, :self.dim] if self.side == "weak" else self._strong(x)).astype(np.float32))

    def _strong(self, x: Array) -> Array:
        shared, far = self.shared, x[:, ::-1]
        held = x[:, :shared].copy()
        held[:, 1:] *= math.sqrt(self.alignment)
        held[:, 1:] += math.sqrt(1.0 - self.alignment) * far[:, 1:shared]
        return np.hstack([held, far[:, shared:self.dim]])
