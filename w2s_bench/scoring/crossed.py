"""The mean over seeds that share examples: an interval over new seeds and new examples.

Seeds whose test samples overlap are not independent draws of the population: what an example does to one seed's mean it does to
all. With e_si the term of example i under seed s, as crossed random effects

    e_si = μ + a_s + b_i + c_si,    var(mean) = σ_a²/S + σ_c²/(S·n) + σ_b²·ō/n²

where ō is how many test examples two seeds have in common on average: n where all seeds share one test file, 0 where samples are
drawn anew, in between for re-splits of one finite set. The variance of seed means estimates the first two terms; the last one is
the mean over pairs of seeds of Σ_i u_si·u_ti, u_si = (e_si − ē_s)/n. It is the analysis of variance of a balanced two-way layout
(Searle, Casella, McCulloch 1992, ch. 4), written so that it needs no balance.

What seeds share beside test examples is not in it: the pool that re-splits draw their training sets from (Nadeau and Bengio 2003
add n_test/n_train times the variance for both; see docs/inference.md for the coverage of each).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, stdtr

from w2s_bench.scoring.arrays import Array
from w2s_bench.scoring.intervals import Estimate, across_seeds, around, student_t

FEW_SEEDS = 1.5
"""Weight of the seeds' part in Satterthwaite's degrees of freedom, which are too many where that part rests on few seeds."""


@dataclass(frozen=True)
class Seed:
    """A seed's mean. examples: (n,) integers that name test examples, the same across seeds. influence: (n,), what each example
    adds to the mean beyond its share, summing to 0."""

    mean: float
    examples: npt.NDArray[Any]
    influence: Array


def seed_of(cells: Sequence[tuple[npt.NDArray[Any], Array]]) -> Seed:
    """A seed from its cells, whose means are averaged: for each its examples (n,) and its terms (n,)."""
    weight = 1.0 / len(cells)
    influences = [(terms - terms.mean()) * (weight / terms.size) for _, terms in cells]
    examples, places = np.unique(np.concatenate([named for named, _ in cells]), return_inverse=True)
    return Seed(float(np.mean([terms.mean() for _, terms in cells])), examples,
                np.asarray(np.bincount(places, np.concatenate(influences), examples.size)))


def over_seeds_and_examples(seeds: Sequence[Seed]) -> Estimate:
    """The mean of the seeds' means with the interval of the module's head; Student-t over seeds where none share an example.

    With one seed it is over that seed's examples. n: seeds, or examples for a single one. The skewness is that of the examples'
    effects. Degrees of freedom are Satterthwaite's, the seeds' part weighing FEW_SEEDS; with two seeds, Cochran's weighted t.
    """
    names, places = np.unique(np.concatenate([seed.examples for seed in seeds]), return_inverse=True)
    return crossed_means(np.array([seed.mean for seed in seeds]), np.concatenate([seed.influence for seed in seeds]), places,
                         names.size)


def crossed_means(means: Array, influence: Array, places: npt.NDArray[np.intp], n: int) -> Estimate:
    """`over_seeds_and_examples` of seeds whose examples have numbers. means: (s,). influence: (m,), those of all seeds one after
    the other. places: (m,), which of the n examples each is about; none of them in two terms of one seed."""
    return _crossed(means, influence, places, n)[0]


def crossed_for_many(means: Array, influence: Array, places: npt.NDArray[np.intp], n: int) -> Estimate:
    """The same with a p that may be held against very small levels, as among hundreds of comparisons: never below the other.

    Satterthwaite's degrees of freedom are many where few seeds happen to agree, and then a p of 10⁻⁴ comes ten times as often
    as it should. The fiducial p of Behrens and Fisher asks how large the seeds' variance may be that gave so little spread:
    with V from χ² on S − 1 degrees of freedom, the mean over V of the p of a difference whose variance is σ̂²_seeds·(S − 1)/V +
    the rest. It errs on the safe side at every level (Robinson 1976, Annals of Statistics 4).
    """
    found, of_seeds, shared = _crossed(means, influence, places, n)
    if means.size < 2 or not shared > 0.0 or found.p != found.p:
        return found
    return replace(found, p=max(found.p, float(fiducial_p(abs(float(means.mean())), of_seeds, shared, means.size, n))))


def fiducial_p(apart: npt.ArrayLike, of_seeds: npt.ArrayLike, shared: float, seeds: int, n: int) -> Array:
    """That p of differences ≥ 0 whose variance is estimated as of_seeds, on seeds − 1 degrees of freedom, and shared > 0, on
    n − 1: two arrays of one shape, or numbers."""
    draws, weights = _chi_square(seeds - 1)
    variance = np.multiply.outer(np.asarray(of_seeds, dtype=np.float64), (seeds - 1) / draws) + shared
    return np.asarray((2.0 * stdtr(n - 1, -np.asarray(apart, dtype=np.float64)[..., None] / np.sqrt(variance))) @ weights)


@functools.lru_cache(maxsize=64)
def _chi_square(degrees: int) -> tuple[Array, Array]:
    """Values of χ² and their weights: means over its distribution, whose lower tail decides, down to 10⁻¹²."""
    lower, upper = np.logspace(-12.0, np.log10(0.5), 120), 1.0 - np.logspace(np.log10(0.5), -6.0, 40)[1:]
    ends = np.concatenate([[0.0], lower, upper, [1.0]])
    return np.asarray(chdtri(degrees, 1.0 - (ends[1:] + ends[:-1]) / 2.0)), np.diff(ends)


def _crossed(means: Array, influence: Array, places: npt.NDArray[np.intp], n: int) -> tuple[Estimate, float, float]:
    """The estimate, and the two parts of its variance: over seeds, and what comes to it because they share examples."""
    count = means.size
    summed = np.bincount(places, influence, n)
    scale = n / (n - 1) if n > 1 else math.nan
    examples = float(summed @ summed) / count**2 * scale
    skew = float((summed**3).sum()) / count**3 * (n**2 / ((n - 1) * (n - 2)) if n > 2 else 0.0)
    if count == 1:
        return around(float(means[0]), math.sqrt(examples), n - 1, n=n, skew=_relative(skew, examples)), 0.0, examples
    of_seeds = float(means.var(ddof=1)) / count
    if influence.size == n:
        return across_seeds(means), of_seeds, 0.0
    between = (float(summed @ summed) - float(influence @ influence)) / (count * (count - 1)) * scale
    variance = max(of_seeds + between, of_seeds, examples)
    shared = variance - of_seeds
    degrees, reach = _reach(of_seeds, shared, count, n)
    skewed = _relative(skew, variance)
    return around(float(means.mean()), math.sqrt(variance), degrees, n=count, skew=skewed, reach=reach), of_seeds, shared


def _reach(of_seeds: float, shared: float, count: int, n: int) -> tuple[float, float]:
    """Degrees of freedom of the sum of two variances, and standard errors to go to each side."""
    variance = of_seeds + shared
    if variance <= 0.0:
        return float(count - 1), student_t(count - 1)
    parts = FEW_SEEDS * of_seeds**2 / (count - 1) + shared**2 / (n - 1)
    degrees = min(max(variance**2 / parts, 1.0), float(n + count - 2))
    if count > 2:
        return degrees, student_t(degrees)
    return degrees, (of_seeds * student_t(count - 1) + shared * student_t(n - 1)) / variance


def _relative(third: float, variance: float) -> float:
    return third / variance**1.5 if variance > 0.0 else 0.0
