"""How much of the strong features the weak ones hold already: label-free, from features on the transfer inputs alone.

Features are only met through an orthonormal basis of their centred columns, so nothing is (n, n) where (d, d) does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_bench.scoring.arrays import Array, as_rows, check_same_shape

RIDGE = 0.1
"""The kernel is regularised by this share of its mean eigenvalue, tr(K)/n."""

ENERGY = 0.99
"""Share of the energy that the leading singular values hold which count as dimensions."""

INPUTS = 2048
"""At most this many transfer inputs, the first ones, are compared."""


@dataclass(frozen=True)
class Spectrum:
    """Centred features X = U diag(s) Vᵀ. basis: U (n, r), orthonormal. energy: s² (r,), largest first, all > 0."""

    basis: Array
    energy: Array

    @property
    def dimension(self) -> int:
        """How many leading singular values hold ENERGY of the energy; 0 for constant features."""
        if not self.energy.size:
            return 0
        held = np.cumsum(self.energy) / self.energy.sum()
        return int(np.searchsorted(held, ENERGY - 1e-12) + 1)

    @property
    def kept(self) -> Array:
        """Eigenvalues (r,) in (0, 1) of P = K (K + RIDGE·tr(K)/n·I)⁻¹ with K = XXᵀ/n."""
        mean = self.energy.sum() / len(self.basis)
        shares: Array = self.energy / (self.energy + RIDGE * mean)
        return shares


@dataclass(frozen=True)
class Representations:
    """projection_gap in [0, 1]. dim_weak, dim_strong: intrinsic dimensions. dim_overlap in [0, min of both]."""

    projection_gap: float
    dim_weak: int
    dim_strong: int
    dim_overlap: float


def spectrum(features: npt.ArrayLike) -> Spectrum:
    """The spectrum of features (n, d) after centring; the first INPUTS rows are read.

    Directions below rounding (float32 features) are left out. Raises ShapeError and DomainError.
    """
    x = as_rows(np.asarray(features)[:INPUTS], "features")
    x = x - x.mean(axis=0)
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    kept = s > s[0] * np.finfo(np.float32).eps * np.sqrt(max(x.shape)) if s.size and s[0] > 0 else np.zeros(len(s), dtype=bool)
    return Spectrum(np.ascontiguousarray(u[:, kept]), s[kept] ** 2)


def compare(weak: Spectrum, strong: Spectrum) -> Representations:
    """projection_gap (Xue et al. 2025) and intrinsic dimensions with their overlap (Dong et al. 2025) of one sample.

        projection_gap = ‖P_s (I − P_w)‖_op,   d_s∧w = ‖U_sᵀ U_w‖²_F over the leading d_s and d_w singular vectors

    With C = U_sᵀ U_w and D the eigenvalues of P the gap is √λ_max of D_s (I − C (2 D_w − D_w²) Cᵀ) D_s, an (r, r)
    matrix. Raises ShapeError where the two samples differ in size.
    """
    check_same_shape(weak.basis[:, :0], strong.basis[:, :0], "weak and strong features")
    d_w, d_s = weak.dimension, strong.dimension
    between = strong.basis.T @ weak.basis
    overlap = float((between[:d_s, :d_w] ** 2).sum())
    if not strong.energy.size:
        return Representations(0.0, d_w, d_s, overlap)
    inner = np.eye(len(strong.energy)) - (between * (2.0 * weak.kept - weak.kept**2)) @ between.T
    left = strong.kept[:, None] * inner * strong.kept
    gap = float(np.sqrt(max(0.0, float(np.linalg.eigvalsh(left)[-1]))))
    return Representations(gap, d_w, d_s, overlap)


def predicted_variance(
    dim_weak: float, dim_strong: float, dim_overlap: float, noise: float, n: int, transfer: int
) -> float:
    """σ²·(d_s∧w/n + (d_s/N)·(d_w − d_s∧w)/n): the student's variance, Dong et al. (ICML 2025, arXiv 2502.05075).

    noise: σ², variance of the label noise. n supervise and N transfer points; ridgeless heads, no bias.
    """
    return noise * (dim_overlap / n + dim_strong / transfer * (dim_weak - dim_overlap) / n)
