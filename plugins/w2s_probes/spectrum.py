"""One eigendecomposition per feature matrix, from which every closed-form head is solved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, FitProblem, Predictor
from w2s_probes.linear import LinearHead
from w2s_probes.shared_features import Solve, solve_shared
from w2s_probes.standardise import Standard, check_features, row_blocks, standard_of


@dataclass(frozen=True)
class Spectrum:
    """Standardised features Z = U diag(√energy) Vᵀ, kept to numerical rank r.

    energy: (r,) squared singular values, largest first. v: (s, r) right singular vectors.
    """

    standard: Standard
    energy: Array
    v: Array

    def scores(self, features: Array, rows: slice) -> Array:
        """Z V for some rows: (rows, r) float64."""
        out: Array = self.standard(features[rows]) @ self.v
        return out

    def moments(self, features: Array, values: Array) -> Array:
        """(Z V)ᵀ values for values (n, k): (r, k), accumulated in blocks of rows as Vᵀ(Zᵀ values)."""
        total = np.zeros((len(self.standard.kept), values.shape[1]))
        for rows in row_blocks(len(features)):
            total += self.standard(features[rows]).T @ values[rows]
        out: Array = self.v.T @ total
        return out

    def fitted(self, features: Array, weight: Array) -> Array:
        """Z V weight for weight (r, k): (n, k)."""
        turned = self.v @ weight
        return np.concatenate([self.standard(features[rows]) @ turned for rows in row_blocks(len(features))])


@dataclass(frozen=True)
class Eigenbasis:
    """Standardised features Z = U diag(√energy) Vᵀ, kept to numerical rank r, with the one side that was decomposed.

    energy: (r,) squared singular values, largest first. left: whether vectors are U (n, r), because there are more
    columns than rows, or V (s, r).
    """

    standard: Standard
    energy: Array
    vectors: Array
    left: bool


def eigenbasis_of(features: Array, cutoff: float,
                  standard_by: Callable[[Array], Standard] = standard_of) -> Eigenbasis:
    """Eigenbasis of the standardised features; singular values below cutoff·largest are dropped.

    Takes ZᵀZ (s, s), accumulated in blocks of rows, or ZZᵀ (n, n) where there are more columns than rows.
    Squaring costs half of the digits, so the cut-off is never below 1e-7 in singular values.
    standard_by: what turns features into Z.
    """
    check_features(features)
    standard = standard_by(features)
    n, s = len(features), len(standard.kept)
    if s == 0:
        return Eigenbasis(standard, np.zeros(0), np.zeros((0, 0)), left=False)
    if s <= n:
        gram = np.zeros((s, s))
        for rows in row_blocks(n):
            z = standard(features[rows])
            gram += z.T @ z
    else:
        z = standard(features)
        gram = z @ z.T
    energy, vectors = np.linalg.eigh(gram)
    kept = np.flatnonzero(energy > max(cutoff, 1e-7) ** 2 * energy[-1])[::-1]
    return Eigenbasis(standard, energy[kept], vectors[:, kept], left=s > n)


def spectrum_of(features: Array, cutoff: float) -> Spectrum:
    """Spectrum of the standardised features; singular values below cutoff·largest are dropped (`eigenbasis_of`)."""
    basis = eigenbasis_of(features, cutoff)
    v = basis.vectors
    if basis.left:
        v = (basis.standard(features).T @ v) / np.sqrt(basis.energy)
    return Spectrum(basis.standard, basis.energy, np.ascontiguousarray(v))


def refined(spectrum: Spectrum, features: Array, values: Array, ridge: float) -> tuple[Array, Array]:
    """Weight (r, k) and intercept (k,) that minimise ‖Z V W + b − values‖² + ridge·‖W‖².

    The spectrum diagonalises ZᵀZ only to rounding, so the first answer is corrected twice on the gradient of
    its own residuals (iterative refinement, Björck 1967).
    """
    weight = np.zeros((len(spectrum.energy), values.shape[1]))
    intercept = values.mean(axis=0)
    residual = values - intercept
    for step in range(3):
        gradient = spectrum.moments(features, residual) - ridge * weight
        weight = weight + gradient / (spectrum.energy[:, None] + ridge)
        if step < 2:
            residual = values - intercept - spectrum.fitted(features, weight)
            intercept = intercept + residual.mean(axis=0)
            residual = residual - residual.mean(axis=0)
    return weight, intercept


def zero_head(problem: FitProblem) -> LinearHead:
    """The head that predicts 0 from the problem's standardised features."""
    check_features(problem.features)
    standard, k = standard_of(problem.features), problem.context.output.k
    return LinearHead(standard, None, np.zeros((len(standard.kept), k)), np.zeros(k))


def solve_each(problems: Sequence[FitProblem], cutoff: float, solve: Solve[Spectrum]) -> Iterator[Predictor | Exception]:
    """Solve every problem, with one spectrum per feature matrix and each label set on its own.

    The answer to a problem does not depend on which others are in the list, not even in its last bit.
    """
    return solve_shared(problems, lambda problem: spectrum_of(problem.features, cutoff), solve)
