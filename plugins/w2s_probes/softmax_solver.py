"""Soft-label cross-entropy over softmax heads, solved by Newton steps to a stated gradient norm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from w2s_bench.contracts import Array, Diverged
from w2s_probes.distributions import KL_CLIP, softmax
from w2s_probes.softmax_design import Design

NEWTON_STEPS = 100
CONJUGATE_STEPS = 500
"""More than a problem with a minimiser takes: 3 to 25 Newton steps, each of 1 to 60 conjugate ones, were seen."""

SETTLED = 1e-2
"""A fit without a penalty has settled when its last Newton step moved no logit by more: where a head separates the labels,
the gradient vanishes while every step goes on by about 1."""


@dataclass(frozen=True)
class Solution:
    """weight: (r, k); intercept: (k,); objective in nats; gradient_norm, of the objective in weight and intercept."""

    weight: Array
    intercept: Array
    objective: float
    gradient_norm: float


def solve_softmax(design: Design, labels: Array, penalty: float, tolerance: float = 1e-8,
                  start: Solution | None = None) -> Solution:
    """argmin over W, b of mean_i −Σ_c y_ic ln softmax(z_i W + b)_c + (penalty/2)·‖W‖_F².

    labels: (n, k) float64 rows of the simplex. W and b have sum 0 over classes, which the penalty asks for and which costs
    no generality. A class without label mass stays out of the fit: its column is 0 and its intercept such that its
    probability is at most KL_CLIP everywhere, which the scorer reads as KL_CLIP; it is so for all but one class where
    there is one only. Where the design has no intercept, b is 0 and every class is fitted. start: where to begin. Raises Diverged
    when the Euclidean gradient norm, in (W, b) of the design, does not come down to `tolerance`, and without a penalty when a
    head separates the labels, so that none is best.
    """
    k = labels.shape[1]
    present = np.flatnonzero(labels.sum(axis=0) > 0) if design.intercept else np.arange(k)
    weight, intercept = np.zeros((design.width, k)), np.full(k, np.log(KL_CLIP * len(present)))
    if len(present) == 1:
        intercept[present] = 0.0
        return Solution(weight, intercept, 0.0, 0.0)
    newton = _Newton(design, np.ascontiguousarray(labels[:, present].T), penalty)
    first = newton.first() if start is None else _Point(
        newton.turn.T @ start.weight[:, present].T, newton.turn.T @ start.intercept[present])
    found, objective, norm = newton.solved(first, tolerance)
    weight[:, present], intercept[present] = (newton.turn @ found.theta).T, newton.turn @ found.beta
    return Solution(weight, intercept, objective, norm)


def centred_basis(k: int) -> Array:
    """(k, k − 1) orthonormal columns that sum to 0 (Helmert's)."""
    out = np.zeros((k, k - 1))
    for j in range(1, k):
        out[:j, j - 1], out[j, j - 1] = 1.0, -j
    out /= np.sqrt((out**2).sum(axis=0))
    return out


@dataclass(frozen=True)
class _Point:
    """A point or a direction: theta (c, r) and beta (c,)."""

    theta: Array
    beta: Array

    def dot(self, other: _Point) -> float:
        return float((self.theta * other.theta).sum() + self.beta @ other.beta)

    def plus(self, share: float, other: _Point) -> _Point:
        return _Point(self.theta + share * other.theta, self.beta + share * other.beta)

    @property
    def norm(self) -> float:
        return float(np.sqrt(self.dot(self)))


@dataclass(frozen=True)
class _Newton:
    """Newton steps by conjugate gradients on W = (turn θ)ᵀ and b = turn β, θ (c, r), β (c,), c = k − 1.

    labels: (k, n), some mass in every class. `turn` is orthonormal, so that norms are those of W and b, and spans the
    logits of sum 0, so that the Hessian is regular. With p the probabilities it is, on W and b,

        mean_i [(diag p_i − p_i p_iᵀ) ⊗ z_i z_iᵀ] + penalty·I

    and the preconditioner puts the mean curvature beside the mean of z zᵀ,

        mean_i [diag p_i − p_i p_iᵀ] ⊗ zᵀz/n + penalty·I

    which two eigendecompositions invert, one of them shared by every label set. Böhning (Ann. Inst. Statist. Math. 44,
    1992) has the bound ½(I − 11ᵀ/k) in its place.
    """

    design: Design
    labels: Array
    penalty: float

    @cached_property
    def turn(self) -> Array:
        return centred_basis(len(self.labels))

    def first(self) -> _Point:
        """The best head that looks at no feature."""
        theta = np.zeros((self.turn.shape[1], self.design.width))
        return _Point(theta, self.turn.T @ np.log(self.labels.mean(axis=1)) if self.design.intercept else np.zeros(len(theta)))

    def solved(self, at: _Point, tolerance: float) -> tuple[_Point, float, float]:
        """The minimum, the objective and the gradient norm there."""
        logits, moved, norm = self.logits(at), np.inf, np.inf
        for _ in range(NEWTON_STEPS):
            p = softmax(logits, axis=0)
            slope = self.gradient(p, at)
            norm = slope.norm
            if norm <= tolerance and (self.penalty > 0 or moved <= SETTLED):
                logits = self.logits(at)  # without the rounding of many steps
                norm = self.gradient(softmax(logits, axis=0), at).norm
                if norm <= tolerance:
                    return at, self.value(logits, at.theta), norm
            if not np.isfinite(norm):
                break
            goal = max(min(0.1, np.sqrt(norm)) * norm, 0.3 * tolerance)
            step, image = self.direction(p, slope, goal)
            image = self.turn @ image
            t = self.stride(logits, at, step, image, slope.dot(step))
            at, logits = at.plus(t, step), logits + t * image
            moved = float(np.abs(t * image).max())
        raise Diverged(f"cross-entropy did not settle: gradient norm {norm:.2g} after {NEWTON_STEPS} Newton steps, "
                       f"{tolerance:.2g} was asked for", where="softmax head",
                       hint="a larger penalty or tolerance may help" if self.penalty > 0 else
                       "a head may separate the labels, so that none is best: set a penalty above 0")

    def logits(self, at: _Point) -> Array:
        """(k, n)."""
        out: Array = self.turn @ (self.design.images(at.theta) + at.beta[:, None])
        return out

    def value(self, logits: Array, theta: Array) -> float:
        """The objective in nats."""
        top = logits.max(axis=0)
        losses = np.log(np.exp(logits - top).sum(axis=0)) + top - (self.labels * logits).sum(axis=0)
        return float(losses.mean() + 0.5 * self.penalty * (theta**2).sum())

    def gradient(self, p: Array, at: _Point) -> _Point:
        """At probabilities p (k, n)."""
        residual = self.turn.T @ (p - self.labels) / p.shape[1]
        return _Point(self.design.moments(residual) + self.penalty * at.theta, self._intercepts(residual))

    def curved(self, p: Array, ahead: _Point) -> tuple[_Point, Array]:
        """The Hessian at p times a direction, and the direction's image ahead zᵀ + β (c, n)."""
        image = self.design.images(ahead.theta) + ahead.beta[:, None]
        spread = p * (self.turn @ image)
        spread -= p * spread.sum(axis=0)
        bent = self.turn.T @ spread / p.shape[1]
        return _Point(self.design.moments(bent) + self.penalty * ahead.theta, self._intercepts(bent)), image

    def _intercepts(self, values: Array) -> Array:
        """What values (c, n) sum up to in the intercepts (c,): nothing where they are held at 0."""
        return values.sum(axis=1) if self.design.intercept else np.zeros(len(values))

    def direction(self, p: Array, slope: _Point, goal: float) -> tuple[_Point, Array]:
        """The Newton step, by conjugate gradients to a residual norm of `goal`, and its image (c, n)."""
        solve = self.preconditioner(p)
        step, image = slope.plus(-1.0, slope), np.zeros((len(slope.beta), p.shape[1]))
        rest = step.plus(-1.0, slope)
        ahead = near = solve(rest)
        product = rest.dot(near)
        for _ in range(CONJUGATE_STEPS):
            bent, view = self.curved(p, ahead)
            curvature = ahead.dot(bent)
            if not curvature > 0.0:  # every probability is 0 or 1 to rounding
                break
            share = product / curvature
            step, rest, image = step.plus(share, ahead), rest.plus(-share, bent), image + share * view
            if rest.norm <= goal:
                break
            near = solve(rest)
            following = rest.dot(near)
            ahead, product = near.plus(following / product, ahead), following
        return step, image

    def preconditioner(self, p: Array) -> Callable[[_Point], _Point]:
        """The inverse of the mean curvature beside the mean of z zᵀ."""
        mean = self.turn.T @ (np.diag(p.mean(axis=1)) - p @ p.T / p.shape[1]) @ self.turn
        curvature, axes = np.linalg.eigh(mean)
        curvature = np.maximum(curvature, 1e-12)[:, None]
        inverse, vectors, penalty = 1.0 / (curvature * self.design.energy + self.penalty), self.design.vectors, self.penalty

        def solve(rest: _Point) -> _Point:
            turned = axes.T @ rest.theta
            if vectors is None:
                turned = turned * inverse
            else:  # outside the row space the penalty is all there is
                turned = ((turned @ vectors) * (inverse - 1.0 / penalty)) @ vectors.T + turned / penalty
            return _Point(axes @ turned, axes @ ((axes.T @ rest.beta) / curvature[:, 0]))

        return solve

    def stride(self, logits: Array, at: _Point, step: _Point, image: Array, slope: float) -> float:
        """The first of 1, ½, ¼, … that keeps 1e-4 of what the slope promises (Armijo, Pacific J. Math. 16, 1966)."""
        before, t = self.value(logits, at.theta), 1.0
        rounding = 1e-15 * (1.0 + abs(before))
        while (t > 1e-9 and not self.value(logits + t * image, at.theta + t * step.theta)
               <= before + 1e-4 * t * slope + rounding):
            t /= 2
        return t
