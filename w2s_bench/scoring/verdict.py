"""What a bound says of a sample as a row: two sides, the slack between them with its interval, a verdict, what was assumed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from w2s_bench.contracts import Bound, Facts, Sample, Sides, Statement
from w2s_bench.scoring.arrays import Array
from w2s_bench.scoring.intervals import Estimate, delta_method
from w2s_bench.scoring.ratios import quotient

ROUNDING = 1e-9
"""Slack down to −ROUNDING·Σ|means of the terms| is float64 arithmetic, not a broken statement."""

VERDICTS = ("holds", "undecided", "violated", "says nothing", "no statement")
"""What may be said of a bound on a sample. Without a certificate of every assumption there is "no statement". With it the bound
"holds" (its slack's lower end is ≥ 0), is "violated" (its upper end is < 0: an alarm) or is "undecided"; one that could not be
broken by a student that is worse than its teacher, or by any two predictors, "says nothing"."""

STATED = VERDICTS[:3]
"""The verdicts of a bound that says something here."""


class BoundRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the `bounds` table. Sides and slack = rhs − lhs in the divergence's unit; slack is never clipped.

    tightness: lhs/rhs, None where rhs is not above 0 beyond rounding and where the verdict is none of a statement. verdict: one
    of VERDICTS. vacuous: the bound says nothing on this sample, certified or not. exceeded: the statement is broken beyond noise
    and rounding, whatever is assumed of it. assumes, fails: names of the assumptions that are true, or not, of this sample.
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
    exceeded: bool
    assumes: tuple[str, ...]
    fails: tuple[str, ...]

    @property
    def all_assumptions(self) -> bool:
        """Whether a negative slack here would be an alarm."""
        return not self.fails


def bound_rows(sample: Sample, facts: Facts, bounds: Mapping[str, Bound]) -> tuple[list[BoundRow], list[str]]:
    """The rows of one sample, in the order of `bounds`, by name; a bound whose inputs are unknown gives no row.

    A bound that raises costs its own row, and its fault is among the second value.
    """
    rows: list[BoundRow] = []
    faults: list[str] = []
    for name, bound in bounds.items():
        if bound.divergences and sample.divergence.name not in bound.divergences:
            continue
        try:
            statement = bound(sample, facts)
            rows += [] if statement is None else [judged(name, sample.split, statement)]
        except Exception as fault:
            faults.append(f"bound {name}: {type(fault).__name__}: {fault}")
    return rows, faults


def judged(bound: str, split: str, statement: Statement) -> BoundRow:
    """The row of one statement.

    An equality is broken by slack on either side; a sampled one is never better than undecided. Rounding is judged beside the
    size of the terms, so a verdict does not depend on the unit of the labels. A certified statement that is broken is an alarm
    whether it says something or not.
    """
    means = statement.terms.mean(axis=0)
    pairs = [sides(means) for sides in statement.sides]
    lhs, rhs = min(((float(left), float(right)) for left, right in pairs), key=lambda pair: pair[1] - pair[0])
    scale = float(np.abs(means).sum())
    slack = _slack(statement, means)
    tolerance = ROUNDING * scale + statement.allowance
    exceeded = slack.high < -tolerance or (statement.equality and slack.low > tolerance)
    met = slack.low >= -tolerance and (not statement.equality or slack.high <= tolerance)
    fails = tuple(name for name, holds in statement.assumptions.items() if not holds)
    verdict = verdict_of(certified=not fails, exceeded=exceeded, vacuous=statement.vacuous, met=met)
    return BoundRow(
        bound=bound, split=split, lhs=lhs, rhs=rhs, slack=slack.mean, slack_se=slack.se, slack_low=slack.low,
        slack_high=slack.high, tightness=quotient(lhs, rhs, scale) if verdict in STATED else None, verdict=verdict,
        vacuous=bool(statement.vacuous), exceeded=bool(exceeded), fails=fails,
        assumes=tuple(name for name, holds in statement.assumptions.items() if holds))


def verdict_of(*, certified: bool, exceeded: bool, vacuous: bool, met: bool) -> str:
    """One of VERDICTS. met: the statement is true beyond noise, and not just not broken."""
    if not certified:
        return "no statement"
    if exceeded:
        return "violated"
    return "says nothing" if vacuous else "holds" if met else "undecided"


def _slack(statement: Statement, means: Array) -> Estimate:
    """The least slack of the sides. It has no gradient where two of them meet, and each of them has: its interval reaches
    from the least of their lower ends to the least of their upper ends, its standard error is that of the side that binds."""

    def of(sides: Sides) -> Estimate:
        def slack(at: Array) -> float:
            left, right = sides(at)
            return float(right - left)

        if statement.deterministic:
            return Estimate(slack(means), 0.0, slack(means), slack(means), len(statement.terms))
        return delta_method(slack, statement.terms)

    found = [of(sides) for sides in statement.sides]
    least = min(found, key=lambda each: (each.mean, -each.se))
    return Estimate(least.mean, least.se, min(each.low for each in found), min(each.high for each in found), least.n)
