"""The candidate to take by a criterion, and whether it can be told from the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts.errors import ShapeError
from w2s_bench.scoring.arrays import as_column, as_rows
from w2s_bench.scoring.intervals import Estimate, at_once, estimate


@dataclass(frozen=True)
class Recommendation:
    """The candidate to take, and the one that comes next. difference: of the runner-up's criterion less that of the one taken,
    with an interval that is corrected for the number of candidates. tied: the candidates that cannot be told from it."""

    take: int
    runner_up: int
    difference: Estimate
    tied: tuple[int, ...]


def recommended(criteria: npt.ArrayLike) -> Recommendation:
    """The candidate with the least mean criterion, from independent paired values (n, c), such as one an example. Raises
    ShapeError for fewer than two candidates, and DomainError."""
    values = as_rows(criteria, "criteria")
    return recommended_by(values.mean(axis=0), lambda other, take: estimate(values[:, other] - values[:, take]))


def criterion_of(criteria: npt.ArrayLike, candidate: int) -> Estimate:
    """The mean of one candidate's criterion over the values (n, c), such as one an example, with its 95 % interval."""
    return estimate(as_rows(criteria, "criteria")[:, candidate])


def recommended_by(means: npt.ArrayLike, apart: Callable[[int, int], Estimate]) -> Recommendation:
    """The candidate with the least of the means (c,). apart: the paired difference of one candidate's criterion from another's.

    It is told from another where the interval of their difference, at 95 % for all c − 1 others at once (Bonferroni), is above 0.
    Where there is no interval nothing is told apart. Raises ShapeError for fewer than two candidates.
    """
    found = as_column(means, "means of the criterion")
    if found.size < 2:
        raise ShapeError(f"{found.size} candidate", hint="a choice needs two candidates or more")
    order = [int(place) for place in np.argsort(found, kind="stable")]
    take = order[0]
    differences = {other: at_once(apart(other, take), found.size - 1) for other in order[1:]}
    return Recommendation(take, order[1], differences[order[1]],
                          tuple(other for other, difference in differences.items() if not difference.low > 0.0))
