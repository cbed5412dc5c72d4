"""Which of several teachers a rule takes, and what that costs.

Charikar et al. (arXiv 2405.15116): among candidate weak models for one strong model take the one with the smallest
err_weak − misfit. A rule here is a criterion, one number a candidate, of which the smallest wins.

What chooses must not judge. A rule chooses on one half of the test examples and its teacher's student is judged on the other,
both ways, averaged: unbiased for a choice from half as many examples. Regret is against the best candidate, whose error is not
known either: the least error on all examples is too low, because noise picks it, and the error on one half of the candidate that
is best on the other is too high, because noise misses it. The two bracket it in expectation, and regret is against their middle
(tests/scoring/test_regret_simulated.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts.errors import DomainError, ShapeError
from w2s_bench.scoring.arrays import Array, as_column, as_rows, check_same_shape
from w2s_bench.scoring.intervals import Estimate, student_t

EQUAL = 1e-9
"""Two errors are one where they differ by less than this share of the larger."""


@dataclass(frozen=True)
class Choice:
    """What a rule gets. index: the candidate taken on all examples, None for the random rule, whose figures are expectations.

    err_student: in the divergence's unit. regret: err_student less that of the best candidate, between regret_least and
    regret_most, which differ where it was cross-fitted; below 0 by noise only. hit: share of the choices that take what is best
    where they are judged; for the random rule its probability. tau: Kendall's tau-b between the criterion and the err_student
    that judges it over the candidates, averaged; None where either does not vary. halves: the candidates taken on each half.
    """

    index: int | None
    err_student: float
    regret: float
    regret_least: float
    regret_most: float
    hit: float
    tau: float | None
    halves: tuple[int, int] | None = None


def choose(criterion: npt.ArrayLike, err_student: npt.ArrayLike) -> Choice:
    """The candidate with the smallest criterion, the first of several. Both (c,), one number a candidate.

    Where both come from the same examples, regret is too small. Raises ShapeError and DomainError.
    """
    values, errors = as_column(criterion, "criterion"), as_column(err_student, "err_student")
    check_same_shape(values, errors, "criterion and err_student")
    index = int(values.argmin())
    regret = float(errors[index] - errors.min())
    return Choice(index, float(errors[index]), regret, regret, regret, float(_best(errors)[index]),
                  rank_agreement(values, errors))


def choose_across(criterion: npt.ArrayLike, of_halves: npt.ArrayLike, err_student: npt.ArrayLike) -> Choice:
    """The candidate with the smallest criterion on all examples (c,); the figures are of the choices on the two halves (2, c),
    each judged by err_student (2, c) on the other half. Raises ShapeError and DomainError."""
    values, halves, errors = as_column(criterion, "criterion"), _of_halves(of_halves), _of_halves(err_student)
    check_same_shape(halves, errors, "criterion and err_student on halves")
    check_same_shape(values, errors[0], "criterion and err_student")
    first, second = (int(half.argmin()) for half in halves)
    mine = float(errors[1, first] + errors[0, second]) / 2.0
    least, most = best_between(errors)
    taus = [tau for tau in (rank_agreement(halves[0], errors[1]), rank_agreement(halves[1], errors[0])) if tau is not None]
    return Choice(int(values.argmin()), mine, mine - (least + most) / 2.0, mine - most, mine - least,
                  (float(_best(errors[1])[first]) + float(_best(errors[0])[second])) / 2.0,
                  sum(taus) / len(taus) if taus else None, (first, second))


def choose_at_random(err_student: npt.ArrayLike) -> Choice:
    """What a candidate drawn at random gives on average. err_student: (c,), or of two halves (2, c).

    Raises ShapeError and DomainError.
    """
    halves = _of_halves(err_student) if np.ndim(err_student) > 1 else as_column(err_student, "err_student")[None]
    expected = float(halves.mean())
    least, most = best_between(halves) if len(halves) > 1 else (float(halves.min()),) * 2
    hit = float(np.mean([_best(half).mean() for half in halves]))
    return Choice(None, expected, expected - (least + most) / 2.0, expected - most, expected - least, hit, None)


def best_between(err_student: npt.ArrayLike) -> tuple[float, float]:
    """Two estimates of the error of the best candidate from its errors on two halves (2, c), which bracket it in expectation: the
    least on all examples, and that on one half of the candidate that is best on the other, both ways, averaged."""
    errors = _of_halves(err_student)
    crossed = (errors[1, errors[0].argmin()] + errors[0, errors[1].argmin()]) / 2.0
    return float(errors.mean(axis=0).min()), float(crossed)


def _of_halves(values: npt.ArrayLike) -> Array:
    rows = as_rows(values, "values on halves")
    if len(rows) != 2:
        raise ShapeError(f"values of {len(rows)} parts", hint="(2, c): a line a half")
    return rows


def rank_agreement(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Kendall's tau-b of two orders (c,): 1 the same, −1 reversed; None where one of them ties all candidates.

    tau-b = Σ s_ij·t_ij / √(Σ s_ij² · Σ t_ij²), s and t the signs of the differences (Kendall 1945).
    """
    a, b = as_column(first, "first order"), as_column(second, "second order")
    check_same_shape(a, b, "two orders")
    s, t = np.sign(a[:, None] - a), np.sign(b[:, None] - b)
    below = math.sqrt(float((s * s).sum()) * float((t * t).sum()))
    return float((s * t).sum()) / below if below else None


def duel(mine: npt.ArrayLike, theirs: npt.ArrayLike) -> tuple[int, int, int]:
    """Wins, ties and losses by err_student (n,) of the teachers that two rules took, paired. Smaller wins; a tie is the
    same error to a billionth of the larger, which the same teacher always is."""
    a, b = as_column(mine, "err_student"), as_column(theirs, "err_student of the other rule")
    check_same_shape(a, b, "err_student of two rules")
    tied = np.abs(a - b) <= EQUAL * np.maximum(np.abs(a), np.abs(b))
    return int(((a < b) & ~tied).sum()), int(tied.sum()), int(((a > b) & ~tied).sum())


def relative_regret(regret: npt.ArrayLike, expected: npt.ArrayLike, setting: npt.ArrayLike, seed: npt.ArrayLike) -> Estimate:
    """Mean over settings of (mean regret / mean expected err_student of a random choice), with its seeds as clusters.

        r_j = Σ_i regret_ij / Σ_i expected_ij,    r = mean_j r_j over J settings
        u_s = Σ_{ij in seed s} (regret_ij − r_j·expected_ij) / (J·Σ_i expected_ij)
        se² = S/(S − 1) · Σ_s u_s²,               Student-t on S − 1 degrees of freedom

    the delta method for ratios of means with the sandwich variance of clusters (Liang and Zeger 1986), so that what settings
    of one seed share is counted once. S is the least number of seeds that a setting has. It speaks of these settings and new
    seeds. All (n,), one value a setting and seed; setting and seed are labels. With S = 1 there is no interval.
    Raises ShapeError, and DomainError where a setting expects no error at all.
    """
    above, below = as_column(regret, "regret"), as_column(expected, "expected err_student")
    check_same_shape(above, below, "regret and expected err_student")
    settings, seeds = _labels(setting, above), _labels(seed, above)
    count, n = int(settings.max()) + 1, int(np.bincount(np.unique(np.column_stack([settings, seeds]), axis=0)[:, 0]).min())
    total = np.bincount(settings, below)
    if not (total > 0.0).all():
        raise DomainError("a random choice is expected to err by 0", hint="regret has no relative size there")
    ratios = np.bincount(settings, above) / total
    influence = np.bincount(seeds, (above - ratios[settings] * below) / (count * total[settings]))
    value = float(ratios.mean())
    if n == 1:
        return Estimate(value, math.nan, math.nan, math.nan, 1)
    error = math.sqrt(n / (n - 1) * float(influence @ influence))
    reach = student_t(n - 1) * error
    return Estimate(value, error, value - reach, value + reach, n)


def _best(errors: Array) -> npt.NDArray[np.bool_]:
    least = float(errors.min())
    return errors - least <= EQUAL * np.maximum(np.abs(errors), abs(least))


def _labels(labels: npt.ArrayLike, like: Array) -> npt.NDArray[np.intp]:
    _, codes = np.unique(np.asarray(labels), return_inverse=True)
    if codes.shape != like.shape:
        raise ShapeError(f"labels have shape {codes.shape}, values {like.shape}", hint="one label a value")
    return codes
