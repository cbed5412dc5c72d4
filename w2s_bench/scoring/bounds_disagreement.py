"""What disagreement alone bounds: triangle inequalities of the sample at hand, so their intervals are
points."""

from __future__ import annotations

import math

import numpy as np

from w2s_bench.scoring.arrays import Array
from w2s_bench.scoring.facts import Facts
from w2s_bench.scoring.ledger import Ledger
from w2s_bench.scoring.verdict import Assumptions, Bound, judge


def disagreement_01(y: Array, f_w: Array, f_sw: Array, facts: Facts) -> Bound:
    """|err01_student − err01_weak| ≤ P(argmax differ). y, f_w, f_sw: (n, k) probabilities."""
    right, of_weak, of_student = (v.argmax(axis=1) for v in (y, f_w, f_sw))
    change = (of_student != right).astype(np.float64) - (of_weak != right)
    terms = np.column_stack([change, (of_student != of_weak).astype(np.float64)])
    return judge(
        "disagreement-01",
        facts.split,
        lambda t: (abs(float(t[0])), float(t[1])),
        terms,
        Assumptions(),
        deterministic=True,
    )


def disagreement_brier(terms: Ledger, facts: Facts) -> Bound:
    """|√Brier_student − √Brier_weak| ≤ √misfit, in root squared probability. terms: a `brier` ledger."""

    def sides(t: Array) -> tuple[float, float]:
        return abs(math.sqrt(t[0]) - math.sqrt(t[1])), math.sqrt(t[2])

    columns = np.column_stack([terms.err_student, terms.err_weak, terms.misfit])
    return judge("disagreement-brier", facts.split, sides, columns, Assumptions(), deterministic=True,
                 allowance=facts.rounding)
