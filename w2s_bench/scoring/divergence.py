"""Bregman divergences: one shape for every loss of the benchmark.

    D(a, b) = phi(a) − phi(b) − <grad phi(b), a − b>        example by example, truth or student first

`squared` phi = ‖v‖² (sum over outputs), `squared-mean` phi = ‖v‖²/k, `brier` phi = ‖v‖² on the simplex, `kl`
phi = Σ v ln v on the simplex. Sources: Charikar et al. (arXiv 2405.15116) for `squared`, Mulgund and
Pabbaraju (arXiv 2501.19105) for the family.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts.errors import DomainError, W2SError, nearest
from w2s_bench.scoring.arrays import Array, as_rows, check_same_shape

KL_CLIP = 1e-7
"""Probabilities are clipped to [KL_CLIP, 1] and renormalised before `kl`."""

ROW_SUM_TOLERANCE = 1e-5
"""A row of probabilities may miss a sum of 1 by this much: float32 softmax over many classes does."""


@dataclass(frozen=True)
class Divergence:
    """One Bregman divergence. Every method takes (n, k), or (n,) for k = 1, and conforms what it is given.

    name: the word in a task's declaration. unit: of `between`, in words.
    """

    name: str
    unit: str
    _conform: Callable[[Array], Array]
    _generator: Callable[[Array], Array]
    _gradient: Callable[[Array], Array]
    _between: Callable[[Array, Array], Array]

    def conform(self, v: npt.ArrayLike) -> Array:
        """`v` as float64 (n, k) inside the domain; `kl` clips and renormalises. Conforming twice changes
        nothing.

        Raises ShapeError, and DomainError for NaN, infinity, or (brier, kl) a row that is no distribution.
        """
        return self._conform(as_rows(v, f"an argument of `{self.name}`"))

    def generator(self, v: npt.ArrayLike) -> Array:
        """phi(v), (n,)."""
        return self._generator(self.conform(v))

    def gradient(self, v: npt.ArrayLike) -> Array:
        """grad phi(v), (n, k)."""
        return self._gradient(self.conform(v))

    def between(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
        """D(a, b), (n,), never negative beyond rounding, in `unit`. Not symmetric for `kl`: KL(a ‖ b).

        Raises ShapeError where the two disagree, DomainError as `conform`.
        """
        first, second = self.conform(a), self.conform(b)
        check_same_shape(first, second, f"the two arguments of `{self.name}`")
        return self._between(first, second)


def divergence(name: str) -> Divergence:
    """The divergence called `name`: "squared", "squared-mean", "brier" or "kl". Raises W2SError for another
    word."""
    try:
        return _DIVERGENCES[name]
    except KeyError:
        raise W2SError(f"no divergence is called '{name}'", hint=nearest(name, _DIVERGENCES)) from None


def _any_real(v: Array) -> Array:
    return v


def _distribution(v: Array) -> Array:
    sums = v.sum(axis=1)
    bad = (v.min(axis=1) < -1e-9) | (np.abs(sums - 1.0) > ROW_SUM_TOLERANCE)
    if bad.any():
        row = int(np.argmax(bad))
        raise DomainError(
            f"{int(bad.sum())} row(s) are no distribution; row {row} sums to {sums[row]:.6g}, "
            f"its least entry is {v[row].min():.3g}",
            hint="brier and kl want probabilities: (n, k) rows that are ≥ 0 and sum to 1",
        )
    return v


def _clipped_distribution(v: Array) -> Array:
    _distribution(v)
    # Clipping lifts the sum to at most 1 + k·KL_CLIP, so this is the least entry that an already conformed
    # row has.
    floor = KL_CLIP / (1.0 + v.shape[1] * KL_CLIP)
    if v.min() >= floor * (1.0 - 1e-9) and np.abs(v.sum(axis=1) - 1.0).max() <= 1e-12:
        return v
    normal = np.maximum(v, 0.0)
    normal = normal / normal.sum(axis=1, keepdims=True)
    untouched = normal.min(axis=1, keepdims=True) >= floor * (1.0 - 1e-9)
    clipped = np.clip(normal, KL_CLIP, 1.0)
    conformed: Array = np.where(untouched, normal, clipped / clipped.sum(axis=1, keepdims=True))
    return conformed


def _sum_of_squares(v: Array) -> Array:
    squares: Array = np.einsum("nk,nk->n", v, v)
    return squares


def _squared_distance(a: Array, b: Array) -> Array:
    return _sum_of_squares(a - b)


def _negative_entropy(v: Array) -> Array:
    nats: Array = np.einsum("nk,nk->n", v, np.log(v))
    return nats


def _kl_between(a: Array, b: Array) -> Array:
    nats: Array = np.einsum("nk,nk->n", a, np.log(a) - np.log(b))
    return nats


_DIVERGENCES = {
    "squared": Divergence(
        "squared",
        "squared output units, summed over outputs",
        _any_real,
        _sum_of_squares,
        lambda v: 2.0 * v,
        _squared_distance,
    ),
    "squared-mean": Divergence(
        "squared-mean",
        "squared output units, mean over outputs",
        _any_real,
        lambda v: _sum_of_squares(v) / v.shape[1],
        lambda v: 2.0 * v / v.shape[1],
        lambda a, b: _squared_distance(a, b) / a.shape[1],
    ),
    "brier": Divergence(
        "brier",
        "squared probability, summed over classes",
        _distribution,
        _sum_of_squares,
        lambda v: 2.0 * v,
        _squared_distance,
    ),
    "kl": Divergence(
        "kl",
        "nats",
        _clipped_distribution,
        _negative_entropy,
        lambda v: 1.0 + np.log(v),
        _kl_between,
    ),
}
