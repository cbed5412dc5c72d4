"""The candidate to take by a criterion, and whether it can be told from the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from w2s_bench.contracts.errors import ShapeError
from w2s_bench.scoring.arrays import Array, as_rows
from w2s_bench.scoring.intervals import CONFIDENCE, Estimate, estimate


@dataclass(frozen=True)
class Recommendation:
    """The candidate to take, and the one that comes next. difference: of the runner-up's criterion less that of the one taken,
    with an interval that is corrected for the number of candidates. tied: the candidates that cannot be told from it."""

    take: int
    runner_up: int
    difference: Estimate
    tied: tuple[int, ...]


def recommended(criteria: npt.ArrayLike) -> Recommendation:
    """The candidate with the least mean criterion, from independent paired values (n, c): of n seeds, or of n examples.

    It is told from another where the Student-t interval of their paired difference, at 95 % for all c − 1 others at once
    (Bonferroni), is above 0. With n = 1 nothing is told apart. Raises ShapeError for fewer than two candidates, and DomainError.
    """
    values = as_rows(criteria, "criteria")
    count = values.shape[1]
    if count < 2:
        raise ShapeError(f"{count} candidate", hint="a choice needs two candidates or more")
    order = np.argsort(values.mean(axis=0), kind="stable")
    take = int(order[0])
    found = {int(other): _corrected(values[:, other] - values[:, take], count - 1) for other in order[1:]}
    return Recommendation(take, int(order[1]), found[int(order[1])],
                          tuple(other for other, apart in found.items() if not apart.low > 0.0))


def _corrected(differences: Array, comparisons: int) -> Estimate:
    """A mean with an interval that covers with 95 % for so many comparisons at once."""
    plain = estimate(differences)
    if plain.n < 2:
        return plain
    reach = float(stdtrit(plain.n - 1, 1.0 - (1.0 - CONFIDENCE) / (2.0 * comparisons))) * plain.se
    return Estimate(plain.mean, plain.se, plain.mean - reach, plain.mean + reach, plain.n)
