"""The class of softmax heads on one sample, {softmax(h(x)ᵀ W + b)} with a free b and, if asked, ‖W‖_F ≤ radius: how far
a head is from the least cross-entropy, without finding it.

With soft labels w, L = mean KL(w ‖ f) is convex in (W, b), and ln Σ exp z = max over distributions p of <p, z> + H(p).
Hence for every p, one distribution an example, whose class means are those of w,

    min over the class of L ≥ mean [H(p) − H(w)] − radius·‖G‖_F,    G = hᵀ(p − w)/n

and without a radius the same where G = 0. For f of the class this leaves

    L(f) − min L ≤ mean KL(p ‖ f) + <G, W> + radius·‖G‖_F

which is weak duality: no curvature, no tolerance, no optimiser. At p = f it is the Frank–Wolfe gap (Jaggi 2013). What p
must satisfy beyond that, class means or G = 0, is a small step from a good f: p = f + P(w − f), P the projection on
constants, or on constants and design. Where the step leaves the simplex, p goes on towards w, which satisfies all of it
(p = w says that L ≥ 0). Where b = 0, as for preferences, nothing is asked of the class means, and P leaves the constants out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, xlogy

from w2s_bench.contracts.errors import ShapeError
from w2s_bench.scoring.arrays import Array, as_rows
from w2s_bench.scoring.linear_class import BEYOND, Factorise, LinearClass, factorised
from w2s_bench.scoring.long_designs import Design, LongDesign, under


@dataclass(frozen=True)
class SoftmaxClass:
    """design: (n, r), r ≥ 0. radius: bound on ‖W‖_F, None for none. constant: whether b is free, else it is 0.

    All questions share one factorisation.
    """

    design: Design
    radius: float | None = None
    constant: bool = True
    factorise: Factorise = factorised

    @staticmethod
    def of(design: npt.ArrayLike | LongDesign, radius: float | None = None, constant: bool = True,
           factorise: Factorise = factorised) -> SoftmaxClass:
        """The class on a design (n, r). Raises ShapeError, and DomainError for a design that is not finite."""
        if isinstance(design, LongDesign):
            return SoftmaxClass(design, radius, constant, factorise)
        columns = np.asarray(design, dtype=np.float64)
        return SoftmaxClass(columns if columns.ndim == 2 and columns.shape[1] == 0 else as_rows(columns, "design"), radius,
                            constant, factorise)

    @cached_property
    def heads(self) -> LinearClass:
        """The logits that the class reaches without its bound."""
        return self.factorise(self.design, self.constant)

    def gap(self, weight: npt.ArrayLike, intercept: npt.ArrayLike, weak: npt.ArrayLike) -> float | None:
        """A certified upper bound, in nats, on L(f) − min over the class of L, L = mean KL(weak ‖ f), of one head.

        weight: (r, k); intercept: (k,); weak: (n, k), conformed to the divergence; the head itself is not clipped. 0 for an exact
        fit up to rounding, never more than L(f), and second order in what a good fit misses, with a radius where that is the
        norm of the head. None where the head is not in the class: ‖W‖_F > radius, or an intercept where there is none. Raises
        ShapeError and DomainError.
        """
        w = as_rows(weak, "weak")
        head = np.asarray(weight, dtype=np.float64)
        head = head - head.mean(axis=1, keepdims=True)  # the same probabilities by the least norm
        if self.radius is not None and np.linalg.norm(head) > self.radius * (1.0 + BEYOND):
            return None
        if not self.constant and np.ptp(np.asarray(intercept, dtype=np.float64)) != 0.0:
            return None
        log_f = log_softmax(self._logits(head, intercept, w), axis=1)
        p = self._dual_point(np.exp(log_f), w)
        bound = float(_kl(p, log_f).mean())
        if self.radius is not None:
            moments = under(self.design, p - w) / len(w)
            bound += float((moments * head).sum()) + self.radius * float(np.linalg.norm(moments))
        return max(min(bound, float(_kl(w, log_f).mean())), 0.0)

    def contains(self, values: npt.ArrayLike, tolerance: float = 1e-9) -> bool:
        """Whether some softmax head on the design, of any norm, gives the probabilities `values` (n, k), which are > 0.

        Their logarithms, centred over classes, must lie in the span of constants and design, up to `tolerance` as for
        `LinearClass.contains`. These are the values that are scored: where a clip changed them, they are in the class only if
        what it made of them is. Raises ShapeError and DomainError.
        """
        return self.heads.contains(_centred_logits(values), tolerance)

    def distance(self, values: npt.ArrayLike) -> float:
        """Root mean square distance of the centred logits of `values` (n, k) from those that the class reaches."""
        return self.heads.distance(_centred_logits(values))

    def _logits(self, head: Array, intercept: npt.ArrayLike, w: Array) -> Array:
        b = np.asarray(intercept, dtype=np.float64)
        if head.shape != (self.design.shape[1], w.shape[1]) or b.shape != w.shape[1:] or len(self.design) != len(w):
            raise ShapeError(
                f"design {self.design.shape}, weight {head.shape} and intercept {b.shape} do not give labels {w.shape}",
                hint="(n, r), (r, k), (k,) and (n, k)",
            )
        return as_rows(self.design @ head + b, "logits")

    def _dual_point(self, f: Array, w: Array) -> Array:
        """p = f + P(w − f), moved towards w as far as it needs to have no negative entry."""
        missing = w - f
        step = np.broadcast_to(missing.mean(axis=0) if self.constant else 0.0, f.shape)
        if self.radius is None:
            basis = self.heads.basis
            step = step + basis @ under(basis, missing)
        p: Array = f + step
        outside = p < 0.0
        if outside.any():
            share = float((-p[outside] / (w[outside] - p[outside])).max())
            p = np.maximum((1.0 - share) * p + share * w, 0.0)
        return p


def _kl(p: Array, log_f: Array) -> Array:
    """KL(p ‖ f), (n,), as a sum of terms that are ≥ 0 each."""
    nats: Array = (xlogy(p, p) - p * log_f - p + np.exp(log_f)).sum(axis=1)
    return nats


def _centred_logits(values: npt.ArrayLike) -> Array:
    logits = np.log(as_rows(values, "probabilities"))
    centred: Array = logits - logits.mean(axis=1, keepdims=True)
    return centred
