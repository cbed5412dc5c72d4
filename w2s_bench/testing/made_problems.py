"""Problems of which everything is known, made of random numbers: samples, and students that are projections.

A class is all mixtures λ·h₁ + (1 − λ)·h₂ of two fixed predictors. D(a, b) is convex in a, so the student that is nearest to its
teacher is found by bisection, whatever the divergence, and Theorem 1 of Charikar, Pabbaraju and Shiragur (arXiv 2405.15116), as
Mulgund and Pabbaraju (arXiv 2501.19105) have it for Bregman divergences, holds where the truth is such a mixture.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from w2s_bench.contracts import (
    Array,
    Classes,
    Divergence,
    DomainError,
    Facts,
    Output,
    Predictions,
    Preferences,
    Regression,
    Sample,
)
from w2s_bench.scoring.samples import sample_of

EXAMPLES = 12
_BATCH = 250
_HALVINGS = 50
_OUTPUTS = {"regression": 2, "classes": 3}


def values(divergence: Divergence, n: int, generator: np.random.Generator) -> Array:
    """Values (n, k) inside the domain of a divergence: distributions for one of classes, else numbers of either sign, or, where
    it refuses or changes such as are below 0, positive ones."""
    k = _OUTPUTS.get(divergence.output, 2)
    if divergence.output == "classes":
        return generator.dirichlet(np.ones(k), n)
    found = generator.normal(size=(n, k))
    try:
        as_they_are = np.array_equal(divergence.conform(found.copy()), found)
    except DomainError:
        as_they_are = False
    return found if as_they_are else np.exp(0.7 * found)


def output_of(divergence: Divergence) -> Output:
    """What the problems of a divergence predict; an output of a kind of its own is taken for numbers."""
    k = _OUTPUTS.get(divergence.output, 2)
    return Classes(k) if divergence.output == "classes" else Regression(k)


def problems(divergence: Divergence, many: int, seed: int = 0) -> Iterator[tuple[Sample, Facts]]:
    """Samples of 12 examples with what is true of each: in turn the truth in the class, the truth beside it, and a student that
    misses the projection by a known δ."""
    generator = np.random.default_rng(seed)
    for start in range(0, many, _BATCH):
        yield from _batch(divergence, min(_BATCH, many - start), generator)


def _batch(divergence: Divergence, many: int, generator: np.random.Generator) -> Iterator[tuple[Sample, Facts]]:
    n = many * EXAMPLES
    first, second, weak, free = (divergence.conform(values(divergence, n, generator)) for _ in range(4))
    kind = np.arange(many) % 3
    nearest = _projected(divergence, first, second, weak, many)
    share = np.where(kind == 2, np.clip(nearest + generator.uniform(-0.2, 0.2, many), 0.0, 1.0), nearest)
    ceiling = _mixed(first, second, generator.uniform(size=many))
    truth = np.where(np.repeat(kind == 1, EXAMPLES)[:, None], free, ceiling)
    student, best = _mixed(first, second, share), _mixed(first, second, nearest)
    over = (divergence.between(divergence.conform(student), weak) - divergence.between(divergence.conform(best), weak))
    delta = over.reshape(many, EXAMPLES).mean(axis=1)
    for at in range(many):
        rows = slice(at * EXAMPLES, (at + 1) * EXAMPLES)
        predicted = Predictions(weak=weak[rows], student=student[rows], ceiling=ceiling[rows])
        sample = sample_of("train", output_of(divergence), divergence, truth[rows], predicted)
        yield sample, _facts(sample, in_class=kind[at] != 1, exact=kind[at] != 2, delta=float(delta[at]))


def _facts(sample: Sample, *, in_class: bool, exact: bool, delta: float) -> Facts:
    classes = isinstance(sample.output, Classes)
    return Facts(
        convex_in="probabilities" if classes else "outputs", exact=exact, exact_projection=exact, reference_in_class=True,
        truth_in_class=in_class, subspace=False, independent_transfer=False, contains_constant=False,
        delta=0.0 if exact else delta, spans_sample=False, deterministic=True, n_transfer=EXAMPLES, head_norm=None,
        sum_squared_features=None, label_range=0.0, known_truth=classes, delta_rounding=1e-12)


def _mixed(first: Array, second: Array, share: Array) -> Array:
    """λ·h₁ + (1 − λ)·h₂, one λ a problem."""
    each = np.repeat(share, EXAMPLES)[:, None]
    return each * first + (1.0 - each) * second


def _projected(divergence: Divergence, first: Array, second: Array, weak: Array, many: int) -> Array:
    """The λ of each problem whose mixture is nearest to the weak labels: where the slope of the misfit changes its sign."""
    low, high = np.zeros(many), np.ones(many)
    to_weak = divergence.gradient(weak)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        change = divergence.gradient(divergence.conform(_mixed(first, second, middle))) - to_weak
        rising = np.einsum("nk,nk->n", first - second, change).reshape(many, EXAMPLES).sum(axis=1) > 0.0
        low, high = np.where(rising, low, middle), np.where(rising, middle, high)
    return np.asarray((low + high) / 2.0)


def labelled(output: str, n: int, seed: int) -> tuple[Output, Array, Array]:
    """An output of this kind, truth (n, k) of which every class occurs, and a prediction of it that is right in part."""
    generator = np.random.default_rng(seed)
    if output == "regression":
        truth = generator.normal(size=(n, 1))
        return Regression(1), truth, 0.6 * truth + 0.5 * generator.normal(size=(n, 1))
    if output == "preferences":
        made: Output = Preferences()
    else:
        made = Classes(2)
    truth = np.eye(2)[np.arange(n) % 2]
    right = np.clip(0.5 + (truth[:, :1] - 0.5) * 0.5 + generator.normal(scale=0.2, size=(n, 1)), 0.02, 0.98)
    return made, truth, np.hstack([right, 1.0 - right])
