"""Standard errors and 95 % intervals over test examples (docs/scoring.md, "Uncertainty" and "In full")."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.stats import kstat, t

from derivation.run_files import Array

STEP = 1e-3


class Interval(NamedTuple):
    """A value, its standard error and the ends of its interval; NaN where one example says nothing of the spread.

    parts: the standard errors of what it is made of, added up as if nothing of them cancelled: beside it rounding is judged.
    """

    value: float
    se: float
    low: float
    high: float
    parts: float = 0.0

    @property
    def holds_zero(self) -> bool:
        """Whether 0 is not told from the value."""
        return not (self.low > 0.0 or self.high < 0.0)


def of_mean(terms: Array) -> Interval:
    """The mean of paired terms (n,)."""
    return _of_influence(float(terms.mean()), terms - terms.mean())


def of_function(function: Callable[[Array], complex], terms: Array) -> Interval:
    """A function of the means of terms (n, m), by its influence on each example. A term that does not vary has none."""
    means = terms.mean(axis=0)
    influence, parts = np.zeros(len(terms)), 0.0
    for j in np.flatnonzero(np.ptp(terms, axis=0) > 0.0).tolist() if len(terms) > 1 else ():
        centred = terms[:, j] - means[j]
        se = float(np.std(centred, ddof=1)) / math.sqrt(len(terms))
        slope = _derivative(function, means, j, se)
        influence += slope * centred
        parts += abs(slope) * se
    return _of_influence(complex(function(means)).real, influence)._replace(parts=parts)


def _derivative(function: Callable[[Array], complex], means: Array, j: int, se: float) -> float:
    """The slope along one mean: of a complex step, exact to rounding. Where a root is so near its kink that it is no line within
    the thousandth of a standard error by which the program steps to either side, what is found by such steps counts."""
    tiny = 1e-20 * max(abs(means[j]), 1e-150)
    exact = complex(function(_moved(means, j, 1j * tiny))).imag / tiny
    stepped = (complex(function(_moved(means, j, STEP * se))) - complex(function(_moved(means, j, -STEP * se)))).real / (
        2.0 * STEP * se)
    return exact if abs(stepped - exact) <= 1e-6 * abs(exact) else stepped


def _moved(means: Array, j: int, by: complex) -> Array:
    moved = means.astype(np.complex128)
    moved[j] += by
    return moved


def _of_influence(value: float, influence: Array) -> Interval:
    n = len(influence)
    if n == 1:
        return Interval(value, math.nan, math.nan, math.nan)
    se = float(np.std(influence, ddof=1)) / math.sqrt(n)
    g = _skewness(influence) / math.sqrt(n)
    student = float(t.ppf(0.975, n - 1))
    return Interval(value, se, value - se * max(student, _standard_errors(student, g)),
                    value + se * max(student, -_standard_errors(-student, g)))


def _skewness(influence: Array) -> float:
    """G₁ = k₃/k₂^{3/2} of the k-statistics, without the bias of few examples; 0 of fewer than 3, or where nothing varies."""
    if len(influence) < 3 or np.ptp(influence) == 0.0:
        return 0.0
    units = influence / np.std(influence)
    return float(kstat(units, 3) / kstat(units, 2) ** 1.5)


def _standard_errors(h: float, g: float) -> float:
    """The T of which Hall's T + g·T²/3 + g²·T³/27 + g/6 is h; it never falls as T grows."""
    if abs(g) < 1e-8:
        return h
    return float(brentq(lambda x: x + g * x * x / 3.0 + g * g * x**3 / 27.0 + g / 6.0 - h, -1e6, 1e6, xtol=1e-13, rtol=1e-14))
