"""A verdict is one word with one meaning: nothing holds without a certificate, and what cannot fail says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_bench.contracts import Statement
from w2s_bench.scoring.verdict import VERDICTS, BoundRow, judged


def row_of(slack: np.ndarray, *, certified: bool = True, vacuous: bool = False, equality: bool = False) -> BoundRow:
    """The row of 1 ≤ 1 + slack, per-example slacks (n,)."""
    return judged("made", "test", Statement(
        terms=np.column_stack([np.ones_like(slack), 1.0 + slack]), sides=(lambda t: (float(t[0]), float(t[1])),),
        assumptions={"convex": True, "exact_projection": certified}, vacuous=vacuous, equality=equality))


NOISE = np.random.default_rng(0).standard_normal(200)
ABOVE, ABOUT, BELOW = NOISE + 1.0, NOISE - NOISE.mean() + 0.01, NOISE - 1.0


@pytest.mark.parametrize(("slack", "verdict"), [(ABOVE, "holds"), (ABOUT, "undecided"), (BELOW, "violated")])
def test_a_certified_statement_is_judged_by_the_interval_of_its_slack(slack: np.ndarray, verdict: str) -> None:
    row = row_of(slack)
    assert row.verdict == verdict in VERDICTS and row.all_assumptions and row.exceeded == (verdict == "violated")


@pytest.mark.parametrize("slack", [ABOVE, ABOUT, BELOW])
@pytest.mark.parametrize("vacuous", [False, True])
def test_without_a_certificate_there_is_no_statement_and_no_tightness(slack: np.ndarray, vacuous: bool) -> None:
    row = row_of(slack, certified=False, vacuous=vacuous)
    assert (row.verdict, row.tightness, row.fails, row.vacuous) == ("no statement", None, ("exact_projection",), vacuous)
    assert row.exceeded == (slack is BELOW)


def test_a_certified_bound_that_says_nothing_has_no_tightness_and_is_an_alarm_all_the_same_when_it_is_broken() -> None:
    assert [(row.verdict, row.tightness) for row in (row_of(ABOVE, vacuous=True), row_of(ABOUT, vacuous=True))] == [
        ("says nothing", None)] * 2
    assert row_of(BELOW, vacuous=True).verdict == "violated"
    assert row_of(ABOVE).tightness == pytest.approx(1.0 / (1.0 + ABOVE.mean()))


def test_an_equality_is_exceeded_on_either_side() -> None:
    assert [row_of(slack, equality=True).exceeded for slack in (ABOVE, ABOUT, BELOW)] == [True, False, True]
    assert row_of(ABOVE, equality=True, certified=False).verdict == "no statement"
