"""Sharpened labels: probabilities raised to a power and renormalised."""

from __future__ import annotations

from dataclasses import dataclass

from w2s_bench.contracts import Array, FitProblem, Strategy
from w2s_probes.labels.relabelled import with_changed
from w2s_probes.labels.wrapped import CLASSES, Procedure, Shared, Wrapper
from w2s_probes.standardise import check_labels


@dataclass(frozen=True, kw_only=True)
class Sharpened(Wrapper):
    """Fits the student on p^(1/T) / Σ p^(1/T), class by class.

    The sharpening of MixMatch (Berthelot et al. 2019, arXiv 1905.02249), without its averaging over augmentations.
    temperature: T > 0; below 1 the labels come closer to hard ones, at 1 they are unchanged, above 1 they are flatter.
    """

    student: Strategy
    temperature: float = 0.5

    @property
    def outputs(self) -> frozenset[str]:
        """Classes, where the student handles them."""
        return self.student.outputs & CLASSES

    def procedure(self, problem: FitProblem, shared: Shared) -> Procedure:
        """One fit."""
        check_labels(problem)
        return (yield with_changed(problem, lambda values: sharpen(values, self.temperature)))


def sharpen(values: Array, temperature: float) -> Array:
    """Rows of the simplex (n, k) sharpened; divided by their largest entry first, so that no row vanishes."""
    if temperature == 1:
        return values
    raised = (values / values.max(axis=1, keepdims=True)) ** (1 / temperature)
    sharp: Array = raised / raised.sum(axis=1, keepdims=True)
    return sharp
