"""Labels that say nothing of their example: what a student does with them is what it does without a teacher."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from w2s_probes.labels.relabelled import with_values
from w2s_probes.labels.wrapped import Procedure, Shared, Wrapper

from w2s_bench.contracts import Array, Classes, FitProblem, Strategy, generator_for


@dataclass(frozen=True, kw_only=True)
class _Uninformative(Wrapper):
    """Fits the student on labels that were drawn anew. Rows that hold the truth, which `mix` asks for, keep it."""

    student: Strategy

    def procedure(self, problem: FitProblem, shared: Shared) -> Procedure:
        """One fit; what is drawn depends on the context's seed alone."""
        values = np.asarray(problem.labels.values, dtype=np.float64)
        rng = generator_for(type(self).__name__, seed=problem.context.seed)
        return (yield with_values(problem, self.drawn(values, rng, classes=isinstance(problem.context.output, Classes))))

    @abstractmethod
    def drawn(self, values: Array, rng: np.random.Generator, *, classes: bool) -> Array:
        """Other labels (n, k) for these (n, k)."""


@dataclass(frozen=True, kw_only=True)
class ShuffledWeak(_Uninformative):
    """Each example has the weak label of another one, by one permutation drawn at random: labels are distributed as they
    were, and know nothing of the example."""

    def drawn(self, values: Array, rng: np.random.Generator, *, classes: bool) -> Array:
        """The rows in another order."""
        shuffled: Array = values[rng.permutation(len(values))]
        return shuffled


@dataclass(frozen=True, kw_only=True)
class RandomLabels(_Uninformative):
    """Labels of no teacher: a class drawn evenly, or numbers drawn from a normal distribution with the mean and the standard
    deviation of the weak labels, output by output."""

    def drawn(self, values: Array, rng: np.random.Generator, *, classes: bool) -> Array:
        """One-hot rows, or normal numbers."""
        n, k = values.shape
        if classes:
            return np.asarray(np.eye(k)[rng.integers(0, k, n)])
        return np.asarray(values.mean(axis=0) + values.std(axis=0) * rng.standard_normal((n, k)))
