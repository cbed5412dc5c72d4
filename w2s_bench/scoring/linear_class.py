"""The class of linear heads on one sample: {x ↦ Wᵀ h(x) + b}, with a free intercept b or, if asked, b = 0, and if asked
‖W‖_F ≤ radius.

One orthonormal basis of the centred design serves every question, so nothing here is ever (n, n), and singular
values are not squared as in a Gram matrix: a direction of relative size 1e-12 still counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from w2s_bench.contracts.errors import DomainError, ShapeError
from w2s_bench.scoring.arrays import Array, as_rows
from w2s_bench.scoring.long_designs import Design, LongDesign, basis_of, under

Factorise = Callable[[Design, bool], "LinearClass"]
"""A design (n, r), and whether there is an intercept, to the class of its heads of any norm: `LinearClass.of`, or what it gave of
the same design before."""

BEYOND = 1e-9
"""A head may exceed its radius by this share: the radius is often its own norm, found by another order of sums."""

_ROUNDING = 1e-14
"""Relative size of what float64 leaves of a value after centring and a factorisation."""


def factorised(design: Design, constant: bool) -> LinearClass:
    """The class of heads of any norm on a design (n, r)."""
    return LinearClass.of(design, constant=constant)


@dataclass(frozen=True)
class LinearClass:
    """basis: (n, q) orthonormal, spans the centred design above rounding. spectrum: (q,) its squared singular values.

    parameters: columns of the design, the intercept not counted. radius: bound on ‖W‖_F, None for none. constant: whether
    there is an intercept; without one nothing is centred.
    """

    basis: Design
    spectrum: Array
    parameters: int
    radius: float | None
    constant: bool = True

    @staticmethod
    def of(design: npt.ArrayLike | LongDesign, radius: float | None = None, constant: bool = True) -> LinearClass:
        """The class on a design (n, r). Rank-deficient designs are fine, and so is r = 0: constants only.

        Raises ShapeError, and DomainError for a negative radius or a design that is not finite.
        """
        if isinstance(design, LongDesign):
            basis, singular = basis_of(design, constant)
            return LinearClass(basis, singular**2, design.shape[1], None, constant).within(radius)
        columns = np.asarray(design, dtype=np.float64)
        if columns.ndim == 2 and columns.shape[1] == 0:
            return LinearClass(np.zeros(columns.shape), np.zeros(0), 0, None, constant).within(radius)
        h = as_rows(columns, "design")
        n, r = h.shape
        q, triangle = np.linalg.qr(h - h.mean(axis=0) if constant else h)
        left, s, _ = np.linalg.svd(triangle, full_matrices=False)
        rank = int(np.count_nonzero(s > s[0] * max(n, r) * np.finfo(np.float64).eps))
        return LinearClass(q @ left[:, :rank], s[:rank] ** 2, r, None, constant).within(radius)

    def within(self, radius: float | None) -> LinearClass:
        """The heads of this factorisation with ‖W‖_F ≤ radius. Raises DomainError for a negative radius."""
        if radius is not None and not radius >= 0.0:
            raise DomainError(f"the radius is {radius}", hint="a norm is bounded by a number ≥ 0, or by None")
        return replace(self, radius=radius)

    @property
    def spans_sample(self) -> bool:
        """Whether a head has as many parameters as the sample has points (r + 1 ≥ n with an intercept): what it can
        fit says nothing."""
        return self.parameters + self.constant >= len(self.basis)

    def smallest_misfit(self, weak: npt.ArrayLike) -> float:
        """min over the class of the mean over examples of ‖W ᵀh + b − f_w‖², summed over outputs.

        weak: (n, k) or (n,) labels. With a radius that binds, the secular equation Σ_i s_i²·β_i / (s_i² + λ)² =
        radius² is solved for the multiplier λ (s_i singular values of the centred design, β_i energy of the labels
        along them). Raises ShapeError and DomainError.
        """
        labels = self._met(weak)
        n = len(self.basis)
        if self.radius is None or self._least_norm(labels) <= self.radius:
            return labels.outside / n
        if self.radius == 0.0:
            return labels.total / n
        multiplier = self._multiplier(labels, self.radius)
        kept = multiplier / (self.spectrum + multiplier)
        return (labels.outside + float(labels.energy @ kept**2)) / n

    def contains(self, values: npt.ArrayLike, tolerance: float = 1e-9) -> bool:
        """Whether some head of the class gives `values` (n, k) on the sample.

        Residual mean square ≤ tolerance·(variance of values, summed over outputs) up to rounding of the values
        themselves, and the least norm of a head that reaches it ≤ radius·(1 + BEYOND). Raises as `smallest_misfit`.
        """
        labels = self._met(values)
        rounding = float((as_rows(values, "values") ** 2).sum()) * _ROUNDING**2
        reached = labels.outside <= tolerance * labels.total + rounding
        return bool(reached and (self.radius is None or self._least_norm(labels) <= self.radius * (1.0 + BEYOND)))

    def distance(self, values: npt.ArrayLike) -> float:
        """Root mean square distance of `values` (n, k) from the nearest head of the class, summed over outputs."""
        return float(np.sqrt(max(self.smallest_misfit(values), 0.0)))

    def _met(self, labels: npt.ArrayLike) -> _Labels:
        y = as_rows(labels, "labels")
        if len(y) != len(self.basis):
            raise ShapeError(f"design has {len(self.basis)} rows and the labels have {len(y)}")
        y = y - y.mean(axis=0) if self.constant else y
        along = under(self.basis, y)
        remainder = y - self.basis @ along
        if isinstance(self.basis, LongDesign):  # whose products are made in an order that rounds more
            rest = under(self.basis, remainder)
            along, remainder = along + rest, remainder - self.basis @ rest
        return _Labels((along**2).sum(axis=1), float((remainder**2).sum()), float((y**2).sum()))

    def _least_norm(self, labels: _Labels) -> float:
        """Frobenius norm of the smallest head among those that fit best."""
        return float(np.sqrt((labels.energy / self.spectrum).sum()))

    def _multiplier(self, labels: _Labels, radius: float) -> float:
        """λ ≥ 0 at which the ridge head has norm `radius`, 0 < radius < the least norm."""

        def excess(penalty: float) -> float:
            # The reciprocal of the norm is nearly linear in the penalty, the norm itself is not (Moré and
            # Sorensen 1983).
            norm = np.sqrt((self.spectrum * labels.energy / (self.spectrum + penalty) ** 2).sum())
            return float(1.0 / norm - 1.0 / radius)

        highest = float(np.sqrt((self.spectrum * labels.energy).sum())) / radius
        return float(brentq(excess, 0.0, highest * (1.0 + 1e-9), xtol=1e-300, rtol=1e-15, maxiter=500))


@dataclass(frozen=True)
class _Labels:
    """Centred labels in the basis. energy: (q,) along each direction, summed over outputs.

    outside: energy that no head reaches. total: all of it.
    """

    energy: Array
    outside: float
    total: float
