"""A bound that nobody has proved, in 20 lines: half of the distance that a student moves is towards the truth."""

import numpy as np

from w2s_bench.contracts import Statement


class Halfway:
    statement = "√err_student ≤ √err_weak − ½√misfit"
    source = "made up"
    divergences = frozenset({"squared"})

    def __call__(self, sample, facts):
        terms = np.column_stack([sample.err_student, sample.err_weak, sample.misfit])

        def sides(t):
            return t[0] ** 0.5, t[1] ** 0.5 - 0.5 * t[2] ** 0.5

        return Statement(terms=terms, sides=(sides,), deterministic=facts.deterministic,
                         assumptions={"exact_projection": facts.exact_projection})
