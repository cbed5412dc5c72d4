"""What the fitted heads that are affine in the features share: their design, and how they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from w2s_bench.contracts import Array
from w2s_probes.standardise import Standard, by_rows


@dataclass(frozen=True)
class AffineHead:
    """design(features) @ weight + intercept, before whatever a kind of head makes of it.

    standard: standardisation of the features. basis: (s, r) float64 that turns standardised features into the design's
    coordinates, None for the identity. weight: (r, k); intercept: (k,). radius: norm of the ball of heads that the fit
    ranged over, None for all of them.
    """

    standard: Standard
    basis: Array | None
    weight: Array
    intercept: Array
    radius: float | None = None

    def design(self, features: Array) -> Array:
        """Features (n, d) as (n, r) float64."""
        z = self.standard(features)
        out: Array = z if self.basis is None else z @ self.basis
        return out

    def affine(self, features: Array) -> Array:
        """Features (n, d) to (n, k) float64."""
        return by_rows(lambda some: self.design(some) @ self.weight + self.intercept, features)

    def to_arrays(self) -> dict[str, Array]:
        """Plain float64 arrays (int64 for column numbers); `radius` is empty when there is none."""
        arrays = self.standard.to_arrays() | {"weight": self.weight, "intercept": self.intercept}
        arrays["radius"] = np.array([] if self.radius is None else [self.radius], dtype=np.float64)
        if self.basis is not None:
            arrays["basis"] = self.basis
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Inverse of `to_arrays`; predictions are equal bit for bit."""
        def float64(name: str) -> Array:
            return np.ascontiguousarray(arrays[name], dtype=np.float64)

        radius = float64("radius")
        return cls(Standard.from_arrays(arrays), float64("basis") if "basis" in arrays else None,
                   float64("weight"), float64("intercept"), float(radius[0]) if radius.size else None)
