"""Squared distances as Bregman divergences, phi(v) = c·‖v‖².

The law is Theorem 1 of Charikar, Pabbaraju and Shiragur (arXiv 2405.15116), its explicit form that of Theorem 2: with
m = D(f_sw, f_w) and ε = D(y, g), Cauchy–Schwarz leaves |<y − g, Δ>| ≤ 2√(mε).
"""

from __future__ import annotations

import math

import numpy as np

from w2s_bench.contracts import Array, Geometry, as_rows
from w2s_theory.simplex import ROUNDING, distribution


class Squared:
    """D(a, b) = ‖a − b‖², summed over outputs."""

    name = "squared"
    output = "regression"
    unit = "squared output units, summed over outputs"
    geometry: Geometry = "quadratic"
    rounding = 0.0
    law = "Theorem 1"
    explicit = "theorem2-explicit"
    inexact = "inexact"
    two_sided = True
    spreads = False
    band = ("Theorem 2 in its explicit form, |gain − misfit| ≤ 2·sqrt(misfit·ε), ε the ceiling's error, for an exact "
            "projection onto a linear class")
    holds = ("where the student is the best fit to the weak labels in a convex class that holds the truth. Where the class "
             "misses the truth by ε, the gain may be as much as 2·sqrt(misfit·ε) less")
    fails = ("the student is no exact projection on these examples, its class is not linear, or the ceiling is not in it")

    def unit_of(self, output_unit: str) -> str:
        """The square of the labels' unit."""
        if output_unit in ("", "1"):
            return ""
        compound = any(character in output_unit for character in " /·*^²")
        return f"({output_unit})²" if compound else f"{output_unit}²"

    def conform(self, values: Array) -> Array:
        """Any numbers that are finite."""
        return as_rows(values, f"an argument of `{self.name}`")

    def conform_truth(self, truth: Array) -> Array:
        """As predictions."""
        return self.conform(truth)

    def divisor(self, outputs: int) -> float:
        """1/c of so many outputs."""
        return 1.0

    def generator(self, values: Array) -> Array:
        """c·‖v‖²."""
        return _sum_of_squares(values) / self.divisor(values.shape[1])

    def gradient(self, values: Array) -> Array:
        """2c·v."""
        return 2.0 * values / self.divisor(values.shape[1])

    def between(self, first: Array, second: Array) -> Array:
        """c·‖a − b‖²."""
        return _sum_of_squares(first - second) / self.divisor(first.shape[1])

    def spread(self, student: Array, weak: Array) -> Array:
        """Nothing beside m and ε."""
        return np.zeros(len(student))

    def reach(self, misfit: float, epsilon: float, spread: float) -> float:
        """2√(mε)."""
        return 2.0 * math.sqrt(max(misfit * epsilon, 0.0))


class SquaredMean(Squared):
    """D(a, b) = ‖a − b‖²/k, the mean over outputs."""

    name = "squared-mean"
    unit = "squared output units, mean over outputs"

    def divisor(self, outputs: int) -> float:
        """k."""
        return float(outputs)


class Brier(Squared):
    """D(a, b) = ‖a − b‖² on the simplex, summed over classes."""

    name = "brier"
    output = "classes"
    unit = "squared probability, summed over classes"
    rounding = ROUNDING

    def unit_of(self, output_unit: str) -> str:
        """None: probabilities are plain numbers."""
        return ""

    def conform(self, values: Array) -> Array:
        """Rows of the simplex."""
        return distribution(values)


def _sum_of_squares(values: Array) -> Array:
    squares: Array = np.einsum("nk,nk->n", values, values)
    return squares
