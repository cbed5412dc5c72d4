"""The class of linear heads on one sample: {x ↦ Wᵀ h(x) + b}, with a free intercept b and, if asked, ‖W‖_F
≤ radius.

A triangular factor of the centred [design, labels] holds all that is needed, so nothing here is ever (n,
n), and singular values are not squared as in a Gram matrix: a direction of relative size 1e-12 still counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from w2s_bench.scoring.arrays import Array, as_rows
from w2s_bench.scoring.errors import DomainError, ShapeError

_ROUNDING = 1e-14
"""Relative size of what float64 leaves of a value after centring and a factorisation."""


def smallest_misfit(design: npt.ArrayLike, weak: npt.ArrayLike, radius: float | None = None) -> float:
    """min over the class of the mean over examples of ‖W ᵀh + b − f_w‖², summed over outputs.

    design: (n, r) features. weak: (n, k) or (n,) labels. radius: bound on the Frobenius norm of W, None for
    none. With a radius that binds, the secular equation Σ_i s_i²·β_i / (s_i² + λ)² = radius² is solved for
    the multiplier λ (s_i singular values of the centred design, β_i energy of the labels along them).
    Rank-deficient designs are fine. Raises ShapeError, and DomainError for a negative radius.
    """
    problem = _Centred.of(design, weak)
    if radius is None or problem.least_norm() <= _checked(radius):
        return problem.outside / problem.n
    if radius == 0.0:
        return problem.total / problem.n
    kept = problem.multiplier(radius) / (problem.spectrum + problem.multiplier(radius))
    return (problem.outside + float(problem.energy @ kept**2)) / problem.n


def contains(
    design: npt.ArrayLike, values: npt.ArrayLike, radius: float | None = None, tolerance: float = 1e-9
) -> bool:
    """Whether some head of the class gives `values` (n, k) on the sample.

    Residual mean square ≤ tolerance·(variance of values, summed over outputs) up to rounding of the values
    themselves, and the least norm of a head that reaches it ≤ radius·(1 + 1e-9). Raises as `smallest_misfit`.
    """
    problem = _Centred.of(design, values)
    rounding = float((as_rows(values, "values") ** 2).sum()) * _ROUNDING**2
    reached = problem.outside <= tolerance * problem.total + rounding
    return bool(reached and (radius is None or problem.least_norm() <= _checked(radius) * (1.0 + 1e-9)))


def spans_sample(design: npt.ArrayLike) -> bool:
    """Whether a head has as many parameters as the sample has points (r + 1 ≥ n): what it can fit says
    nothing."""
    rows, columns = np.asarray(design).shape
    return bool(columns + 1 >= rows)


@dataclass(frozen=True)
class _Centred:
    """min ‖H W − Y‖² after centring, in the singular basis of H.

    spectrum: (q,) squared singular values above rounding. energy: (q,) of Y along them, summed over outputs.
    outside: energy of Y that no head reaches. total: energy of Y.
    """

    n: int
    spectrum: Array
    energy: Array
    outside: float
    total: float

    @staticmethod
    def of(design: npt.ArrayLike, labels: npt.ArrayLike) -> _Centred:
        y = as_rows(labels, "labels")
        columns = np.asarray(design, dtype=np.float64)
        n, r = columns.shape if columns.ndim == 2 else (len(columns), 1)
        if len(y) != n:
            raise ShapeError(f"design has {n} rows and the labels have {len(y)}")
        if r == 0:  # constants only, for example features that do not vary
            total = float(((y - y.mean(axis=0)) ** 2).sum())
            return _Centred(n, np.zeros(0), np.zeros(0), total, total)
        h = as_rows(design, "design")
        h, y = h - h.mean(axis=0), y - y.mean(axis=0)
        triangle: Array = np.asarray(np.linalg.qr(np.hstack([h, y]), mode="r"))
        left, s, _ = np.linalg.svd(triangle[:, :r], full_matrices=False)
        rank = int(np.count_nonzero(s > s[0] * max(n, r) * np.finfo(np.float64).eps))
        along = left[:, :rank].T @ triangle[:, r:]
        remainder = triangle[:, r:] - left[:, :rank] @ along
        return _Centred(
            n, s[:rank] ** 2, (along**2).sum(axis=1), float((remainder**2).sum()), float((y**2).sum())
        )

    def least_norm(self) -> float:
        """Frobenius norm of the smallest head among those that fit best."""
        return float(np.sqrt((self.energy / self.spectrum).sum()))

    def multiplier(self, radius: float) -> float:
        """λ ≥ 0 at which the ridge head has norm `radius`, 0 < radius < least_norm()."""

        def excess(penalty: float) -> float:
            # The reciprocal of the norm is nearly linear in the penalty, the norm itself is not (Moré and
            # Sorensen 1983).
            return float(
                1.0 / np.sqrt((self.spectrum * self.energy / (self.spectrum + penalty) ** 2).sum())
                - 1.0 / radius
            )

        highest = float(np.sqrt((self.spectrum * self.energy).sum())) / radius
        return float(brentq(excess, 0.0, highest * (1.0 + 1e-9), xtol=1e-300, rtol=1e-15, maxiter=500))


def _checked(radius: float) -> float:
    if not radius >= 0.0:
        raise DomainError(f"the radius is {radius}", hint="a norm is bounded by a number ≥ 0, or by None")
    return radius
