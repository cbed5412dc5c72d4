"""The fitted linear head that every probe of squared errors returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from w2s_bench.contracts import Array, Diverged
from w2s_probes.affine_head import AffineHead


@dataclass(frozen=True)
class LinearHead(AffineHead):
    """The affine function itself, in label units."""

    @property
    def head_norm(self) -> float:
        """‖W‖_F in the design's coordinates."""
        return float(np.sqrt((self.weight**2).sum()))

    def predict(self, features: Array) -> Array:
        """Features (n, d) to (n, k) float64, in label units."""
        return self.affine(features)

    def finite(self) -> Self:
        """Itself, or Diverged when the fit did not end in finite numbers."""
        if not (np.isfinite(self.weight).all() and np.isfinite(self.intercept).all()):
            raise Diverged("the fitted head is not finite", where="probe",
                           hint="a larger penalty, a smaller learning rate or standardised features may help")
        return self
