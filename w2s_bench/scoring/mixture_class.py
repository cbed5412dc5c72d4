"""The class of mixtures Σ_j α_j h_j of m predictors, α in the simplex, on one sample: convex in probabilities, so the
class for which the misfit law of Mulgund and Pabbaraju (arXiv 2501.19105) is stated."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from w2s_bench.contracts.errors import ShapeError
from w2s_bench.scoring.arrays import Array, as_rows, check_same_shape

_ROUNDING = 1e-15
"""Root mean square of what float64 leaves of a sum of probabilities."""


def mixture_gap(members: npt.ArrayLike, student: npt.ArrayLike, weak: npt.ArrayLike) -> float:
    """A certified upper bound, in nats, on misfit − smallest misfit among mixtures, misfit F(f) = mean KL(f ‖ weak).

        gap = max_j mean <∇F(f), f − h_j>,    ∇F = 1 + ln f − ln weak

    The Frank–Wolfe gap (Jaggi 2013): F is convex, and linear functions are least at a member. It is also the most that
    the ledger's projection term can be below 0 for a reference in the class. members: (m, n, k); student, weak: (n, k);
    all > 0, members clipped before they are mixed. Raises ShapeError and DomainError.
    """
    f, w = as_rows(student, "student"), as_rows(weak, "weak")
    check_same_shape(f, w, "student and weak")
    h = _members(members, f)
    gradient = np.log(f) - np.log(w)
    at_members = np.einsum("nk,mnk->m", gradient, h) / len(f)
    return max(0.0, float(np.einsum("nk,nk->", gradient, f)) / len(f) - float(at_members.min()))


def contains(members: npt.ArrayLike, values: npt.ArrayLike, tolerance: float = 1e-9) -> bool:
    """Whether some mixture of members (m, n, k) gives the probabilities `values` (n, k).

    The mean square distance of the nearest one must be ≤ tolerance·(variance of values, summed over classes) up to rounding.
    False too where the nearest one is not found: nothing is shown then. Raises ShapeError and DomainError.
    """
    v = as_rows(values, "values")
    missed = distance(members, v) ** 2
    return bool(missed <= tolerance * float(v.var(axis=0).sum()) + _ROUNDING**2 * v.shape[1])


def distance(members: npt.ArrayLike, values: npt.ArrayLike) -> float:
    """Root mean square distance of `values` (n, k) from the nearest mixture of members (m, n, k), summed over classes.

    It is found by non-negative least squares with a row for Σ α = 1, and made a mixture exactly. Infinite where the iteration
    ends without an answer. Raises ShapeError and DomainError.
    """
    v = as_rows(values, "values")
    h = _members(members, v)
    columns = h.reshape(len(h), -1).T
    try:
        shares = _nearest_shares(columns, v.ravel())
    except RuntimeError:
        return math.inf
    return math.sqrt(float(((columns @ shares - v.ravel()) ** 2).sum()) / len(v))


def _nearest_shares(columns: Array, target: Array) -> Array:
    """α ≥ 0 with Σ α = 1 that brings columns (N, m) @ α near the target (N,). Raises RuntimeError where it is not found."""
    m = columns.shape[1]
    # One factorisation first, so that no step of the active set method reads all examples.
    triangle = np.asarray(np.linalg.qr(np.column_stack([columns, target]), mode="r"))
    weight = float(np.linalg.norm(triangle))
    shares, _ = nnls(np.vstack([triangle[:, :m], np.full(m, weight)]), np.append(triangle[:, m], weight), maxiter=30 * m)
    total = float(shares.sum())
    if not total > 0.0:
        raise RuntimeError("no mixture was found")
    mixed: Array = shares / total
    return mixed


def _members(members: npt.ArrayLike, like: Array) -> Array:
    h = np.asarray(members, dtype=np.float64)
    if h.ndim != 3 or h.shape[1:] != like.shape or len(h) == 0:
        raise ShapeError(f"members have shape {h.shape}", hint=f"expected (m, {like.shape[0]}, {like.shape[1]}) with m ≥ 1")
    return h
