"""Divergences, two of which are sound: squares, and Itakura and Saito's of positive numbers."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, DomainError, as_rows


class Sound:
    """D(a, b) = ‖a − b‖², phi(v) = ‖v‖²."""

    BREAKS = ""
    output, unit, geometry, rounding = "regression", "", "quadratic", 0.0
    law, explicit, inexact, two_sided, spreads = "Theorem 1", "theorem2-explicit", "", True, False
    band, holds, fails = "a band", "where it holds", "where it fails"

    @property
    def name(self) -> str:
        return type(self).__name__.lower()

    def unit_of(self, output_unit: str) -> str:
        return ""

    def conform(self, values: Array) -> Array:
        return as_rows(values, "values")

    def conform_truth(self, truth: Array) -> Array:
        return self.conform(truth)

    def generator(self, values: Array) -> Array:
        return np.einsum("nk,nk->n", values, values)

    def gradient(self, values: Array) -> Array:
        return 2.0 * values

    def between(self, first: Array, second: Array) -> Array:
        return self.generator(first - second)

    def spread(self, student: Array, weak: Array) -> Array:
        return np.zeros(len(student))

    def reach(self, misfit: float, epsilon: float, spread: float) -> float:
        return 2.0 * float(np.sqrt(misfit * epsilon))


class Positive(Sound):
    """Itakura and Saito's, whose explicit law is not known."""

    geometry, explicit, band, holds, fails = "other", "", "", "", ""

    def conform(self, values: Array) -> Array:
        rows = as_rows(values, "values")
        if rows.min() <= 0.0:
            raise DomainError("a value is not positive")
        return rows

    def generator(self, values: Array) -> Array:
        return -np.log(values).sum(axis=1)

    def gradient(self, values: Array) -> Array:
        return -1.0 / values

    def between(self, first: Array, second: Array) -> Array:
        return np.maximum((first / second - np.log(first / second) - 1.0).sum(axis=1), 0.0)

    def reach(self, misfit: float, epsilon: float, spread: float) -> float:
        return float("inf")


class Halved(Sound):
    BREAKS = "conforms_once"

    def conform(self, values: Array) -> Array:
        return super().conform(values) + 1.0


class TakesNaN(Sound):
    BREAKS = "refuses"

    def conform(self, values: Array) -> Array:
        return np.asarray(values, dtype=np.float64)


class Signed(Sound):
    """D(a, b) of phi(v) = −‖v‖², which is not convex."""

    BREAKS = "not_negative"

    def generator(self, values: Array) -> Array:
        return -super().generator(values)

    def gradient(self, values: Array) -> Array:
        return -2.0 * values

    def between(self, first: Array, second: Array) -> Array:
        return self.generator(first - second)


class TiltedGradient(Sound):
    """∇phi with a constant that phi does not have: D and Bregman's identity go along with it."""

    BREAKS = "gradient_of_generator"

    def generator(self, values: Array) -> Array:
        return super().generator(values) + 0.01 * values.sum(axis=1)

    def between(self, first: Array, second: Array) -> Array:
        return self.generator(first) - self.generator(second) - np.einsum("nk,nk->n", self.gradient(second), first - second)


class Root(Sound):
    """A distance that no convex function has."""

    BREAKS = "bregman_s_identity"

    def between(self, first: Array, second: Array) -> Array:
        return np.sqrt(super().between(first, second))


class Centred(Sound):
    """It subtracts the mean of all examples."""

    BREAKS = "by_example"

    def between(self, first: Array, second: Array) -> Array:
        apart = super().between(first, second)
        return apart * (1.0 + 1e-11 * len(apart))


class Shrinking(Sound):
    BREAKS = "reach_grows"

    def reach(self, misfit: float, epsilon: float, spread: float) -> float:
        return 2.0 * float(np.sqrt(misfit * epsilon)) / (1.0 + 10.0 * epsilon)


class Spreading(Sound):
    BREAKS = "spread_sound"

    def spread(self, student: Array, weak: Array) -> Array:
        return np.ones(len(student))


class Nameless(Sound):
    BREAKS = "in_words"
    law = ""


class Overwriting(Sound):
    BREAKS = "inputs_kept"

    def generator(self, values: Array) -> Array:
        found = super().generator(values)
        if values.flags.writeable and len(values) == 60:
            values += 0.0
            values[:1] *= 1.0 + 1e-15
        return found
