"""What disagreement alone bounds: triangle inequalities of the sample at hand, so they assume nothing and their intervals
are points."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, Facts, Sample, Statement
from w2s_theory.terms import root


class Disagreement01:
    """|err01_student − err01_weak| ≤ P(argmax differ)."""

    statement = "|err01_student − err01_weak| ≤ P(argmax differ)"
    source = "triangle inequality"
    divergences = frozenset({"brier", "kl"})

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        right, of_weak, of_student = (v.argmax(axis=1) for v in (sample.truth, sample.weak, sample.student))
        change = (of_student != right).astype(np.float64) - (of_weak != right)
        terms = np.column_stack([change, (of_student != of_weak).astype(np.float64)])

        def sides(t: Array) -> tuple[float, float]:
            return abs(float(t[0])), float(t[1])

        return Statement(terms=terms, sides=(sides,), assumptions={}, deterministic=True)


class DisagreementBrier:
    """|√Brier_student − √Brier_weak| ≤ √misfit, in root squared probability."""

    statement = "|√err_student − √err_weak| ≤ √misfit"
    source = "triangle inequality"
    divergences = frozenset({"brier"})

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        def sides(t: Array) -> tuple[float, float]:
            return abs(root(t[0]) - root(t[1])), root(t[2])

        return Statement(terms=np.column_stack([sample.err_student, sample.err_weak, sample.misfit]), sides=(sides,),
                         assumptions={}, deterministic=True, allowance=sample.divergence.rounding)
