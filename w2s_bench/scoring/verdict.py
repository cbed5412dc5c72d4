"""One bound as a row: two sides, the slack between them with its interval, a verdict, and what was
assumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np

from w2s_bench.scoring.arrays import Array
from w2s_bench.scoring.intervals import delta_method

ROUNDING = 1e-9
"""Slack down to −ROUNDING·(1 + |rhs|) is float64 arithmetic, not a broken statement."""

Sides: TypeAlias = Callable[[Array], tuple[float, float]]
"""From the means of the terms (m,) to (lhs, rhs), oriented so that the statement is lhs ≤ rhs."""


@dataclass(frozen=True)
class Assumptions:
    """Whether each assumption of a bound holds on this sample; None where the bound does not make it."""

    convex: bool | None = None
    exact_projection: bool | None = None
    reference_in_class: bool | None = None
    truth_in_class: bool | None = None
    subspace: bool | None = None
    independent_transfer: bool | None = None
    contains_constant: bool | None = None
    known_truth: bool | None = None
    norm_bounded: bool | None = None

    @property
    def all_hold(self) -> bool:
        """Whether no assumption that is made fails."""
        return all(getattr(self, field.name) is not False for field in fields(self))


@dataclass(frozen=True)
class Bound:
    """One row of the `bounds` table. Sides and slack = rhs − lhs in the divergence's unit; slack is never
    clipped.

    tightness: lhs/rhs, None where rhs ≤ 0. verdict: "holds", "violated" or "undecided". vacuous: the
    statement says nothing on this sample.
    """

    bound: str
    split: str
    lhs: float
    rhs: float
    slack: float
    slack_se: float
    slack_low: float
    slack_high: float
    tightness: float | None
    verdict: str
    vacuous: bool
    assumptions: Assumptions

    @property
    def all_assumptions_hold(self) -> bool:
        """Whether a negative slack here would be an alarm."""
        return self.assumptions.all_hold


def judge(
    bound: str,
    split: str,
    sides: Sides,
    terms: Array,
    assumptions: Assumptions,
    *,
    deterministic: bool,
    vacuous: bool = False,
    equality: bool = False,
    allowance: float = 0.0,
) -> Bound:
    """The row of one bound. terms: (n, m), paired per-example values whose means `sides` turns into (lhs,
    rhs).

    deterministic: the statement is about this sample and not about a population, so the interval is a point.
    equality: slack on either side breaks the statement; a sampled equality is never better than undecided.
    allowance: how far slack may fall below 0 because an assumption is certified up to rounding only. Rounding
    is judged beside the size of the terms, so a verdict does not depend on the unit of the labels.
    """

    def slack_of(means: Array) -> float:
        left, right = sides(means)
        return right - left

    means = terms.mean(axis=0)
    lhs, rhs = sides(means)
    slack = rhs - lhs
    if deterministic:
        se, low, high = 0.0, slack, slack
    else:
        measured = delta_method(slack_of, terms)
        se, low, high = measured.se, measured.low, measured.high
    tolerance = ROUNDING * float(np.abs(means).sum()) + allowance
    return Bound(
        bound=bound,
        split=split,
        lhs=lhs,
        rhs=rhs,
        slack=slack,
        slack_se=se,
        slack_low=low,
        slack_high=high,
        tightness=lhs / rhs if rhs > 0.0 else None,
        verdict=_equality_verdict(low, high, tolerance) if equality else _verdict(low, high, tolerance),
        vacuous=vacuous,
        assumptions=assumptions,
    )


def _verdict(low: float, high: float, tolerance: float) -> str:
    if low >= -tolerance:
        return "holds"
    return "violated" if high < -tolerance else "undecided"


def _equality_verdict(low: float, high: float, tolerance: float) -> str:
    if low >= -tolerance and high <= tolerance:
        return "holds"
    return "violated" if high < -tolerance or low > tolerance else "undecided"
