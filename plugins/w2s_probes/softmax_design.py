"""Standardised features as iterative solvers look at them: two products and a spectrum, shared by all label sets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from w2s_bench.contracts import Array
from w2s_probes.spectrum import Eigenbasis, eigenbasis_of
from w2s_probes.standardise import Standard, row_blocks, standard_of, uncentred_of

NUMERICAL_RANK = 1e-7
"""Directions whose singular value is below this share of the largest are rounding, not features."""

HELD = 1 << 26
"""Entries of standardised features kept in float64 between two looks, 512 MiB; larger matrices are made anew each time."""


@dataclass(frozen=True)
class Design:
    """A design z (n, r) float64 whose columns have mean 0, class-major: weights are (c, r), images (c, n).

    intercept: whether heads on it have one; without one the columns are not centred. chosen: rows of the features, None for all.
    basis: (s, r), turns standardised features into z, None for the identity. energy: (q,) eigenvalues of zᵀz/n, largest
    first. vectors: (r, q) eigenvectors, None for the identity.
    """

    features: Array
    standard: Standard
    basis: Array | None
    energy: Array
    vectors: Array | None
    intercept: bool = True
    chosen: Array | None = None

    def __len__(self) -> int:
        """n."""
        return len(self.features) if self.chosen is None else len(self.chosen)

    @cached_property
    def width(self) -> int:
        """r."""
        return len(self.standard.kept) if self.basis is None else self.basis.shape[1]

    @cached_property
    def held(self) -> Array | None:
        """All of z, or None where that takes too much memory."""
        n = len(self)
        return np.concatenate([self.rows(part) for part in row_blocks(n)]) if n * self.width <= HELD else None

    def rows(self, part: slice) -> Array:
        """Some rows of z."""
        z = self.standard(self.features[part if self.chosen is None else self.chosen[part]])
        out: Array = z if self.basis is None else z @ self.basis
        return out

    def images(self, weight: Array) -> Array:
        """weight zᵀ: (c, r) to (c, n)."""
        if self.held is not None:
            out: Array = weight @ self.held.T
            return out
        return np.concatenate([weight @ self.rows(part).T for part in row_blocks(len(self))], axis=1)

    def moments(self, values: Array) -> Array:
        """values z: (c, n) to (c, r)."""
        if self.held is not None:
            out: Array = values @ self.held
            return out
        total = np.zeros((len(values), self.width))
        for part in row_blocks(len(self)):
            total += values[:, part] @ self.rows(part)
        return total

    def taking(self, rows: Array) -> Design:
        """The same coordinates over some rows, whose column means and spectrum are then near the stated ones only."""
        return replace(self, chosen=rows if self.chosen is None else self.chosen[rows])


def ball_design(features: Array, intercept: bool = True) -> Design:
    """The standardised features themselves, for heads with a penalty. Raises Diverged for features that are not finite."""
    basis = eigenbasis_of(features, NUMERICAL_RANK, standard_of if intercept else uncentred_of)
    return _ready(Design(features, basis.standard, None, basis.energy / len(features), _right(basis, features), intercept))


def span_design(features: Array, intercept: bool = True) -> Design:
    """The standardised features in the basis of their right singular vectors, for heads without a penalty: sought in the
    numerical row space alone, near-copies of a column blow up nothing. Raises Diverged for features that are not finite."""
    basis = eigenbasis_of(features, NUMERICAL_RANK, standard_of if intercept else uncentred_of)
    return _ready(Design(features, basis.standard, _right(basis, features), basis.energy / len(features), None, intercept))


def whitened_design(features: Array, ridge: float, intercept: bool = True) -> tuple[Design, Array]:
    """The standardised features z in coordinates in which zᵀz/n + ridge·I is the identity, within the numerical row space.

    Also the scale (q,) of these coordinates: a weight θ in them has the norm ‖θ·scale‖ on z. Raises Diverged for features
    that are not finite.
    """
    basis = eigenbasis_of(features, NUMERICAL_RANK, standard_of if intercept else uncentred_of)
    energy = basis.energy / len(features)
    scale = 1.0 / np.sqrt(energy + ridge)
    return _ready(Design(features, basis.standard, _right(basis, features) * scale, energy * scale**2, None, intercept)), scale


def _ready(design: Design) -> Design:
    """Itself, with what it holds made before several threads look at it."""
    _ = design.held
    return design


def _right(basis: Eigenbasis, features: Array) -> Array:
    out: Array = (basis.vectors if not basis.left
                  else (basis.standard(features).T @ basis.vectors) / np.sqrt(basis.energy))
    return np.ascontiguousarray(out)
