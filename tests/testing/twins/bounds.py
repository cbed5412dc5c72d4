"""Bounds, the first of which is sound."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Facts, Sample, Statement


class Sound:
    """Theorem 1: misfit ≤ gain."""

    BREAKS = ""
    statement, source = "misfit ≤ gain", "Charikar, Pabbaraju and Shiragur 2024"
    divergences = frozenset({"squared", "kl"})

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        return self.of(sample, np.column_stack([sample.misfit, sample.gain]), facts)

    def of(self, sample: Sample, terms: np.ndarray, facts: Facts) -> Statement:
        assumptions = {"projection": facts.exact_projection, "truth in the class": facts.truth_in_class,
                       "convex": facts.convex_in in ("outputs", "probabilities")}
        return Statement(terms=terms, sides=(lambda m: (float(m[0]), float(m[1])),), assumptions=assumptions, deterministic=True)


class NoSource(Sound):
    BREAKS = "in_words"
    source = ""


class NotFinite(Sound):
    BREAKS = "statement_sound"

    def of(self, sample: Sample, terms: np.ndarray, facts: Facts) -> Statement:
        found = super().of(sample, terms, facts)
        return Statement(terms=found.terms, sides=found.sides, assumptions={"all": 1 if all(found.assumptions.values()) else 0},
                         deterministic=True)


class Twice(Sound):
    """It claims that the gain is twice the misfit."""

    BREAKS = "never_violated"

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        return self.of(sample, np.column_stack([2.0 * sample.misfit, sample.gain]), facts)


class Assuming(Sound):
    """It takes what it needs for granted where nothing is known, and claims too much there."""

    BREAKS = "knows_nothing"

    def of(self, sample: Sample, terms: np.ndarray, facts: Facts) -> Statement:
        found = super().of(sample, terms, facts)
        known = facts.convex_in is not None
        return Statement(terms=terms if known else terms * [3.0, 1.0], sides=found.sides,
                         assumptions=found.assumptions if known else {"all": True}, deterministic=True)


class ByNumber(Sound):
    """A side that grows with the number of examples."""

    BREAKS = "over_examples"

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        return self.of(sample, np.column_stack([sample.misfit, sample.gain * (1.0 + 1e-4 * len(sample.gain))]), facts)


class Remembers(Sound):
    BREAKS = "repeats"

    def __init__(self) -> None:
        self.seen: set[bytes] = set()

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None:
        seen = sample.truth.tobytes() in self.seen
        self.seen.add(sample.truth.tobytes())
        return self.of(sample, np.column_stack([sample.misfit * (0.5 if seen else 1.0), sample.gain]), facts)
