"""A claim as a line of bounds.parquet (docs/scoring.md, "Bounds" and "Verdict")."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivation.bounds import Claim, Sides
from derivation.intervals import Interval, of_function
from derivation.ratios import ROUNDING, ratio
from derivation.run_files import Array


def line_of(claim: Claim, split: str) -> dict[str, Any]:
    """The columns of the line, and `parts` of its interval."""
    means = claim.terms.mean(axis=0)
    size = float(np.abs(means).sum())
    slack, (lhs, rhs) = _slack(claim, means)
    tolerance = ROUNDING * size + claim.allowance
    exceeded = slack.high < -tolerance or (claim.equality and slack.low > tolerance)
    met = slack.low >= -tolerance and not (claim.equality and slack.high > tolerance)
    fails = [name for name, is_true in claim.assumptions.items() if not is_true]
    verdict = _word(not fails, bool(exceeded), claim.vacuous, bool(met))
    stated = verdict in ("holds", "undecided", "violated")
    return {"parts": slack.parts, "bound": claim.bound, "split": split, "lhs": lhs, "rhs": rhs,
            "slack": slack.value, "slack_se": slack.se, "slack_low": slack.low,
            "slack_high": slack.high, "tightness": ratio(lhs, rhs, size) if stated else None,
            "verdict": verdict, "vacuous": bool(claim.vacuous), "exceeded": bool(exceeded),
            "assumes": [name for name in claim.assumptions if name not in fails], "fails": fails, "all_assumptions": not fails}


def _word(certified: bool, exceeded: bool, vacuous: bool, met: bool) -> str:
    if not certified:
        return "no statement"
    if exceeded:
        return "violated"
    if vacuous:
        return "says nothing"
    return "holds" if met else "undecided"


def _slack(claim: Claim, means: Array) -> tuple[Interval, tuple[float, float]]:
    """The least slack of the sides; its interval goes from their least lower end to their least upper end."""
    found = []
    for sides in claim.sides:
        left, right = (complex(value).real for value in sides(means))
        value = right - left
        found.append((Interval(value, 0.0, value, value) if claim.of_this_sample else of_function(_of(sides), claim.terms),
                      (left, right)))
    least, which = min(found, key=lambda each: (each[0].value, -each[0].se))
    low, high = (min(ends) for ends in zip(*((each.low, each.high) for each, _ in found), strict=True))
    return least._replace(low=low, high=high, parts=max(each.parts for each, _ in found)), which


def _of(sides: Sides) -> Any:
    def slack(t: Array) -> complex:
        left, right = sides(t)
        return complex(right - left)
    return slack
