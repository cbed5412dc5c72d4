"""Gradient flow on a linear head, stopped early, in closed form on the eigenbasis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from w2s_bench.contracts import Array, Diverged, FitProblem, Predictor
from w2s_probes.decompositions import Decompositions
from w2s_probes.shared_features import one, solve_shared
from w2s_probes.spectrum import Eigenbasis
from w2s_probes.standardise import centred_of, check_features, row_blocks, standard_of

NUMERICAL_RANK = 1e-7
"""Directions whose singular value is below this share of the largest are rounding; no time up to 1e6 moves them."""

TIMES = 10.0 ** np.linspace(-1.0, 6.0, 351)
"""Stopping times that `auto` chooses from."""

ROWS = 128
"""Rows turned into float64 at a time, so that they stay in the cache."""

_decompositions = Decompositions()


@dataclass(frozen=True)
class FlowHead:
    """features @ weight + intercept. weight: (d, k), label units by feature units; intercept: (k,), label units.

    It offers no class of heads to certify a projection in: a stopped flow is the projection onto none of the balls
    ‖W‖ ≤ radius, and the whole linear class has as many parameters as the sample has points where features are many.
    """

    weight: Array
    intercept: Array

    def predict(self, features: Array) -> Array:
        """Features (n, d) to (n, k) float64."""
        out = np.empty((len(features), len(self.intercept)))
        for start in range(0, len(features), ROWS):
            rows = slice(start, start + ROWS)
            out[rows] = features[rows].astype(np.float64) @ self.weight + self.intercept
        return out

    def to_arrays(self) -> dict[str, Array]:
        """Plain float64 arrays."""
        return {"weight": self.weight, "intercept": self.intercept}


@dataclass(frozen=True)
class Modes:
    """One feature matrix, z = U diag(√energy) Vᵀ after standardising, in the eigenbasis that the flow decouples in."""

    basis: Eigenbasis
    features: Array

    @cached_property
    def z(self) -> Array:
        """Standardised features (n, s) float64; made only where there are more columns than rows."""
        return self.basis.standard(self.features)

    def coordinates(self, values: Array) -> Array:
        """Uᵀ values for values (n, k) of mean 0: (r, k)."""
        vectors, standard = self.basis.vectors, self.basis.standard
        if self.basis.left:
            out: Array = vectors.T @ values
            return out
        moments = sum(standard(self.features[rows]).T @ values[rows] for rows in row_blocks(len(values)))
        out = vectors.T @ moments / np.sqrt(self.basis.energy)[:, None]
        return out

    def head(self, coordinates: Array) -> Array:
        """The W (s, k) of least norm with z W = U coordinates."""
        vectors, energy = self.basis.vectors, self.basis.energy[:, None]
        out: Array = (self.z.T @ (vectors @ (coordinates / energy)) if self.basis.left
                      else vectors @ (coordinates / np.sqrt(energy)))
        return out


@dataclass(frozen=True)
class GradientFlow:
    """The head at time t of dW/dt = −½ ∇_W mean ‖z W + ȳ − y‖² from W = 0, with z the centred features.

    W(t) = (I − exp(−t Σ̂)) Σ̂⁻¹ ĉ with Σ̂ = zᵀz/n and ĉ = zᵀ(y − ȳ)/n. The intercept is free, so that the flow starts at
    the mean label c = ȳ and the answers on its own inputs are c + (I − exp(−t zzᵀ/n))(y − c). At t → ∞ it is
    minimum-norm least squares. Medvedev et al. (2025, arXiv 2503.02877) start at 0 without an intercept: the same where
    labels have mean 0, as theirs do, but for the constant direction, which they must learn and this head knows.

    time: in units of 1/λ₁, λ₁ the largest eigenvalue of Σ̂: after time 1 the leading direction keeps 1/e of its error,
    whatever the number and scale of the features. "auto": `landing`. standardise: z also has variance 1, column by column.
    """

    outputs = frozenset({"regression"})
    needs = "features"
    capabilities = frozenset({"fit_many", "untrained", "streams"})
    streams = True
    convex_in = "outputs"
    exact = False
    time: float | str = "auto"
    standardise: bool = True

    def fit(self, problem: FitProblem) -> Predictor:
        """The head for one problem. Raises Diverged for inputs that are not finite."""
        return one(self.fit_many([problem]))

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Predictor | Exception]:
        """One head, or the exception that it met, per problem; equal to single fits bit for bit."""
        return solve_shared(problems, lambda problem: self._modes(problem.features), self._solve)

    def _modes(self, features: Array) -> Modes:
        standard_by = standard_of if self.standardise else centred_of
        return Modes(_decompositions.of(features, NUMERICAL_RANK, standard_by), features)

    def _solve(self, modes: Modes, problem: FitProblem) -> Predictor:
        values = np.asarray(problem.labels.values, dtype=np.float64)
        standard, mean = modes.basis.standard, values.mean(axis=0)
        coordinates = modes.coordinates(values - mean)
        rate = modes.basis.energy / modes.basis.energy[:1]
        time = landing(rate, (coordinates**2).sum(axis=1)) if self.time == "auto" else float(self.time)
        weight = np.zeros((problem.features.shape[1], len(mean)))
        weight[standard.kept] = modes.head(-np.expm1(-time * rate)[:, None] * coordinates) / standard.scale[:, None]
        return _finite(FlowHead(weight, mean - standard.mean @ weight[standard.kept]))

    def untrained(self, problem: FitProblem) -> Predictor:
        """The head that predicts 0."""
        check_features(problem.features)
        k = problem.context.output.k
        return FlowHead(np.zeros((problem.features.shape[1], k)), np.zeros(k))

    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor:
        """The head whose `to_arrays` gave `arrays`; predictions are equal bit for bit."""
        return FlowHead(*(np.ascontiguousarray(arrays[name], dtype=np.float64) for name in ("weight", "intercept")))


def landing(rate: Array, energy: Array) -> float:
    """The first time after its steepest fall at which the misfit falls slowest, on a scale of log time.

        −dm/d log t = Σ_j 2 t r_j exp(−2 t r_j) E_j,   m(t) = Σ_j exp(−2 t r_j) E_j

    rate: r (r,), eigenvalues as shares of the largest. energy: E (r,), squared labels along them. The misfit falls in
    steps, one for each group of eigenvalues. Features that fit the truth learn it in the step that holds most of the
    labels; what the teacher got wrong lies in the directions after it (Medvedev et al. 2025), so the landing is where
    the one is learned and the other is not. It needs no truth. Without a landing the flow runs to its end. The rule is
    ours.
    """
    fall = np.array([2.0 * t * rate @ (np.exp(-2.0 * t * rate) * energy) for t in TIMES])
    after = np.arange(len(TIMES)) >= int(np.argmax(fall))
    rises = np.append(fall[1:] > fall[:-1], True)
    return float(TIMES[int(np.argmax(after & rises))])


def _finite(head: FlowHead) -> FlowHead:
    if not (np.isfinite(head.weight).all() and np.isfinite(head.intercept).all()):
        raise Diverged("the fitted head is not finite", where="gradient-flow",
                       hint="features of very different size may need standardise=true")
    return head
