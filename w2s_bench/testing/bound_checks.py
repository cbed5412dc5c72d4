"""Checks of bounds: a statement is sound in shape, and true wherever its assumptions are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from w2s_bench.contracts import Bound, Divergence, Facts, Predictions, Sample, Statement
from w2s_bench.scoring.samples import sample_of
from w2s_bench.scoring.verdict import judged
from w2s_bench.testing.checks import Broken, Subject, Unavailable, check
from w2s_bench.testing.made_problems import problems

MANY = 10_000
"""Random problems on which a bound must not be violated."""


def _divergences(subject: Subject) -> Iterator[Divergence]:
    """Those that the bound is about."""
    about = subject.made.divergences
    for offer in subject.registry.entries("divergences"):
        if not about or offer.entry.name in about:
            yield subject.registry.make("divergences", offer.full_name)


def _stated(subject: Subject, many: int) -> Iterator[tuple[Bound, Sample, Facts, Statement]]:
    """What the bound says of random problems, of each of its divergences as many. Raises Unavailable where it says nothing."""
    bound: Bound = subject.made
    said = 0
    for divergence in _divergences(subject):
        for sample, facts in problems(divergence, many):
            statement = bound(sample, facts)
            if statement is not None:
                said += 1
                yield bound, sample, facts, statement
    if not said:
        raise Unavailable("it says nothing of the problems of the kit, which know no norms of features and no ranges of labels")


@check("bounds", says="the statement and its source are given, and its divergences exist")
def in_words(subject: Subject) -> None:
    """A reader looks the source up."""
    bound: Bound = subject.made
    lacking = [name for name in ("statement", "source") if not str(getattr(bound, name)).strip()]
    if lacking:
        raise Broken(f"{' and '.join(lacking)} is empty")
    known = {offer.entry.name for offer in subject.registry.entries("divergences")}
    if unknown := sorted(bound.divergences - known):
        raise Broken(f"it is about {unknown[0]!r}, which no plugin offers")


@check("bounds", says="terms are (n, m) and finite, sides are numbers, assumptions are true or false")
def statement_sound(subject: Subject) -> None:
    """As `Statement` has them."""
    for _, sample, _, statement in _stated(subject, 30):
        terms = statement.terms
        if terms.ndim != 2 or len(terms) != len(sample.gain) or not np.isfinite(terms).all():
            raise Broken(f"terms of {len(sample.gain)} examples have shape {terms.shape}"
                         + ("" if np.isfinite(terms).all() else " and hold values that are not finite"))
        if not statement.sides:
            raise Broken("it has no sides")
        numbers = [number for sides in statement.sides for number in sides(terms.mean(axis=0))]
        if not np.isfinite(numbers).all():
            raise Broken("a side is not finite")
        if not all(isinstance(holds, bool | np.bool_) for holds in statement.assumptions.values()):
            raise Broken("an assumption is neither true nor false")


@check("bounds", says="it is never violated in 10,000 random problems of which its assumptions are true", seconds=300.0)
def never_violated(subject: Subject) -> None:
    """Students that are projections, and such that miss one by a known δ; the truth in the class and beside it."""
    alarms, certified = 0, 0
    worst = ""
    for bound, sample, _, statement in _stated(subject, MANY):
        row = judged(subject.entry.name, sample.split, statement)
        certified += row.all_assumptions
        if row.verdict == "violated":
            alarms += 1
            worst = worst or f"{bound.statement}: the left side is {row.lhs:.6g} and the right one {row.rhs:.6g}"
    if alarms:
        raise Broken(f"violated in {alarms} of {certified} problems; the first: {worst}")
    if not certified:
        raise Unavailable("all its assumptions are true of none of the kit's problems")


@check("bounds", says="nothing known gives no statement, or one that is not certified")
def knows_nothing(subject: Subject) -> None:
    """A statement rests on facts, and without them on none."""
    bound: Bound = subject.made
    unknown = Facts(
        convex_in=None, exact=False, exact_projection=False, reference_in_class=False, truth_in_class=False, subspace=False,
        independent_transfer=False, contains_constant=False, delta=None, spans_sample=False, deterministic=False, n_transfer=1,
        head_norm=None, sum_squared_features=None, label_range=0.0, known_truth=False)
    for divergence in _divergences(subject):
        for sample, _ in problems(divergence, 60):
            statement = bound(sample, unknown)
            if statement is None:
                continue
            row = judged(subject.entry.name, "test", statement)
            if row.verdict == "violated":
                raise Broken("it is certified though nothing is known of the student, and it is violated")


@check("bounds", says="the order of the examples, and each of them twice, change no side")
def over_examples(subject: Subject) -> None:
    """Both sides are functions of means."""
    for bound, sample, facts, statement in _stated(subject, 9):
        n = len(sample.gain)
        for rows in (np.random.default_rng(3).permutation(n), np.repeat(np.arange(n), 2)):
            chosen = Predictions(weak=sample.weak[rows], student=sample.student[rows], ceiling=sample.ceiling[rows])
            other = bound(sample_of(sample.split, sample.output, sample.divergence, sample.truth[rows], chosen), facts)
            if other is None or not np.allclose(_sides(statement), _sides(other), rtol=1e-8, atol=1e-10):
                raise Broken("another order of the examples, or each of them twice, gives other sides")


@check("bounds", says="the same sample gives the same statement again, and keeps its arrays")
def repeats(subject: Subject) -> None:
    """No state between calls."""
    for bound, sample, facts, statement in _stated(subject, 9):
        read = sample.truth, sample.student, sample.weak
        before = [each.copy() for each in read]
        again = bound(sample, facts)
        if again is None or _sides(again) != _sides(statement):
            raise Broken("a second call with the same sample gives another statement")
        if any(not np.array_equal(was, now) for was, now in zip(before, read, strict=True)):
            raise Broken("an array that it was given holds other values afterwards")


def _sides(statement: Statement) -> list[float]:
    means = statement.terms.mean(axis=0)
    return [float(number) for sides in statement.sides for number in sides(means)]
