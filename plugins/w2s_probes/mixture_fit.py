"""Mixtures of softmax heads, grown one head at a time along a path that does not depend on where it ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from w2s_bench.contracts import Array, tell
from w2s_probes.distributions import clipped, softmax
from w2s_probes.mixture_losses import MixtureLoss
from w2s_probes.mixture_shares import best_shares
from w2s_probes.softmax_design import Design
from w2s_probes.softmax_solver import centred_basis, solve_softmax

ALONE, TOGETHER = 40, 100
"""Steps of L-BFGS for one head, and for all heads at once, which happens whenever their number is a power of two."""

NARROW = 1e-6
"""Least ridge of the whitening, so that no direction is stretched by more than 1000."""

TINY = 1e-290
"""Least probability of a mixture while heads move; its logarithm is finite."""

APART = 2.0
"""Standard deviation of the logits by which a new head differs from where it starts."""


@dataclass(frozen=True)
class Heads:
    """theta: (m, c, q), in whitened coordinates; beta: (m, c); c = k − 1 coordinates of logits that sum to 0."""

    theta: Array
    beta: Array

    def joined(self, other: Heads) -> Heads:
        """These heads and the others after them."""
        return Heads(np.concatenate([self.theta, other.theta]), np.concatenate([self.beta, other.beta]))

    @property
    def vector(self) -> Array:
        """All numbers in a row."""
        return np.concatenate([self.theta.ravel(), self.beta.ravel()])

    def like(self, vector: Array) -> Heads:
        """Heads of this shape from a row of numbers."""
        theta, beta = np.split(vector, [self.theta.size])
        return Heads(theta.reshape(self.theta.shape), beta.reshape(self.beta.shape))


@dataclass(frozen=True)
class Mixture:
    """heads with their shares (m,), and the answers of each, (m, k, n) float64, clipped as for `kl`."""

    heads: Heads
    shares: Array
    answers: Array
    gap: float

    @property
    def f(self) -> Array:
        """The mixture (k, n)."""
        out: Array = np.tensordot(self.shares, self.answers, axes=1)
        return out


@dataclass(frozen=True)
class Growth:
    """Mixtures f that minimise mean loss(f) + (penalty/2)·Σ_j λ_j ‖W_j‖²; splitting a head in two leaves both terms alone.

    design: whitened; a head θ in its coordinates has ‖W‖ = ‖θ·scale‖, scale (q,). k: classes.
    """

    design: Design
    scale: Array
    loss: MixtureLoss
    penalty: float
    k: int

    @cached_property
    def turn(self) -> Array:
        """Basis of logits that sum to 0, (k, c)."""
        return centred_basis(self.k)

    def grown(self, labels: Array, size: int, rng: np.random.Generator) -> Mixture:
        """A mixture of `size` heads.

        The first starts at the soft-label cross-entropy fit of labels (n, k). Each one after it is fitted alone beside
        the others, from a random start and from a disturbed copy of the largest, whichever ends lower (greedy, as Li and
        Barron, NIPS 12, 1999). At 2, 4, 8, … heads all are fitted together, and the result kept where its best mixture is
        no worse. So the loss of the best mixture of j heads never grows with j.
        """
        first = solve_softmax(self.design, labels, NARROW, 1e-4)
        start = Heads((self.turn.T @ first.weight.T)[None], (self.turn.T @ first.intercept)[None])
        heads, shares = self.descended(start, np.ones(1), None, TOGETHER)
        for number in range(2, size + 1):
            heads, shares = self.widened(heads, shares, rng)
            if number & (number - 1) == 0:
                heads, shares = self.polished(heads)
            tell(number, size, "heads")
        return self.settled(heads)

    def settled(self, heads: Heads) -> Mixture:
        """The best mixture of these heads."""
        answers = clipped(self.answers(heads), axis=1)
        shares, gap = best_shares(answers, self.loss)
        return Mixture(heads, shares, answers, gap)

    def widened(self, heads: Heads, shares: Array, rng: np.random.Generator) -> tuple[Heads, Array]:
        """With one head more, the others as they were."""
        answers, largest = self.answers(heads), slice(int(np.argmax(shares)), int(np.argmax(shares)) + 1)
        away = APART * rng.normal(size=heads.theta[:1].shape) / np.sqrt(max(heads.theta.shape[2], 1))
        half = np.zeros(len(shares))
        half[largest] = shares[largest] / 2
        starts = [(Heads(away, np.zeros_like(heads.beta[:1])), shares / (len(shares) + 1)),
                  (Heads(heads.theta[largest] + away, heads.beta[largest]), half)]
        ends = []
        for start, given in starts:
            left, taken = (shares - given) / (1.0 - given.sum()), given.sum()
            others = np.tensordot(left, answers, axes=1)
            new, split = self.descended(start, np.array([taken, 1.0 - taken]), others, ALONE)
            value = self.loss.mean(split[0] * self.answers(new)[0] + split[1] * others)
            ends.append((value, new, np.append(split[1] * left, split[0])))
        _, new, shares = min(ends, key=lambda end: end[0])
        return heads.joined(new), shares

    def polished(self, heads: Heads) -> tuple[Heads, Array]:
        """All heads fitted together, where that is no worse."""
        before = self.settled(heads)
        after = self.settled(self.descended(heads, _open(before.shares, 1e-3), None, TOGETHER)[0])
        kept = after if self.loss.mean(after.f) <= self.loss.mean(before.f) else before
        return kept.heads, _open(kept.shares, 1e-6)

    def answers(self, heads: Heads) -> Array:
        """Probabilities (m, k, n)."""
        m, c, q = heads.theta.shape
        images = self.design.images(heads.theta.reshape(m * c, q)).reshape(m, c, -1) + heads.beta[:, :, None]
        return softmax(np.matmul(self.turn, images), axis=1)

    def descended(self, heads: Heads, shares: Array, others: Array | None, steps: int) -> tuple[Heads, Array]:
        """Heads and shares after L-BFGS. others: a mixture (k, n) that stays and has the last of the shares."""
        from scipy.optimize import minimize

        def value(x: Array) -> tuple[float, Array]:
            at, open_shares = np.split(x, [heads.theta.size + heads.beta.size])
            total, slope, pull = self.derivatives(heads.like(at), softmax(open_shares), others)
            return total, np.concatenate([slope.vector, pull])

        found = minimize(value, np.concatenate([heads.vector, np.log(shares)]), jac=True, method="L-BFGS-B",
                         options={"maxiter": steps, "maxcor": 20, "ftol": 1e-13, "gtol": 1e-9})
        at, open_shares = np.split(found.x, [heads.theta.size + heads.beta.size])
        return heads.like(at), softmax(open_shares)

    def derivatives(self, heads: Heads, shares: Array, others: Array | None) -> tuple[float, Heads, Array]:
        """The objective, its gradient in the heads, and its gradient in the logarithms of the shares before these are
        normalised."""
        h, own = self.answers(heads), shares[:len(heads.theta), None, None]
        m, k, n = h.shape
        f = (own * h).sum(axis=0) if others is None else (own * h).sum(axis=0) + shares[-1] * others
        f = np.maximum(f, TINY)
        slope = self.loss.slope(f) / n
        sizes = ((heads.theta * self.scale) ** 2).sum(axis=(1, 2))
        pull = h.reshape(m, -1) @ slope.ravel() + 0.5 * self.penalty * sizes
        if others is not None:
            pull = np.append(pull, (slope * others).sum())
        total = self.loss.mean(f) + 0.5 * self.penalty * float(own.ravel() @ sizes)
        bent = own * h * (slope - (h * slope).sum(axis=1, keepdims=True))
        bent = np.matmul(self.turn.T, bent)
        theta = self.design.moments(bent.reshape(m * (k - 1), n)).reshape(heads.theta.shape)
        theta += self.penalty * own * heads.theta * self.scale**2
        beta = bent.sum(axis=2) if self.design.intercept else np.zeros_like(heads.beta)
        return total, Heads(theta, beta), shares * (pull - shares @ pull)


def _open(shares: Array, least: float) -> Array:
    """Shares of at least about least/m, so that their logarithms can move."""
    raised = np.maximum(shares, least / len(shares))
    out: Array = raised / raised.sum()
    return out
