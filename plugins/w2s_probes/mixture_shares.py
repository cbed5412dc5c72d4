"""The best shares of fixed members: a convex problem on the simplex, solved to a certified gap."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array
from w2s_probes.mixture_losses import MixtureLoss

GAP = 1e-10
"""Nats by which better shares could lower the loss, at most."""

STEPS = 100
"""Some 15 to 25 suffice; the rest is for members that are almost equal."""


def best_shares(members: Array, loss: MixtureLoss) -> tuple[Array, float]:
    """Shares λ (m,) in the simplex that minimise loss(Σ_j λ_j h_j), and a gap that certifies them.

    members: h (m, k, n) > 0. A primal-dual interior point method on ∇ − ν·1 − s = 0, λ_j s_j = μ, Σ λ = 1 (Boyd,
    Vandenberghe, Convex Optimization, 2004, section 11.7), whose gap λᵀs it divides by ten a step. The gap that is
    returned is measured, max_j <∇, λ − e_j> in nats (Jaggi, ICML 2013), and above GAP only where rounding forbids better.
    """
    m, k, n = members.shape
    if m == 1:
        return np.ones(1), 0.0
    flat = members.reshape(m, k * n)
    shares, slack = np.full(m, 1.0 / m), np.ones(m)
    found, gap = shares, np.inf
    for _ in range(STEPS):
        f = (shares @ flat).reshape(k, n)
        slope = flat @ loss.slope(f).ravel() / n
        now = float(slope @ shares - slope.min())
        if now < gap:
            found, gap = shares, now
        if gap <= GAP:
            break
        curvature = (flat * (loss.curvature(f).ravel() / n)) @ flat.T
        toward = 0.1 * float(shares @ slack) / m
        step, change = _newton(shares, slack, slope, curvature, toward)
        shares = shares + _length(shares, step) * step
        slack = slack + _length(slack, change) * change
        shares = shares / shares.sum()
    return found, gap


def _newton(shares: Array, slack: Array, slope: Array, curvature: Array, toward: float) -> tuple[Array, Array]:
    """The steps of shares and slack towards λ_j s_j = toward, in units of the shares so that these may vanish."""
    m = len(shares)
    system = np.block([[shares[:, None] * curvature * shares + np.diag(shares * slack), -shares[:, None]],
                       [shares[None, :], np.zeros((1, 1))]])
    relative = np.linalg.solve(system, np.append(toward - shares * slope, 0.0))[:m]
    return shares * relative, toward / shares - slack - slack * relative


def _length(at: Array, step: Array) -> float:
    """The whole step, or 0.99 of the way to where an entry vanishes."""
    ratio = float((-step / at).max())
    return 1.0 if ratio <= 0.99 else 0.99 / ratio
