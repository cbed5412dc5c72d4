"""What a statement's row says at its edges: kinks, samples that a class spans, bounds that say nothing, δ and rounding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_samples import Case, bounds, divergence, made_sample
from w2s_theory.quadratic import Squared

from w2s_bench.contracts import Predictions, Regression, Statement
from w2s_bench.registry.measures import measures
from w2s_bench.scoring.measured import metric_columns
from w2s_bench.scoring.ratios import quotient
from w2s_bench.scoring.samples import sample_of
from w2s_bench.scoring.verdict import bound_rows, judged

SAMPLED = Case(deterministic=False, split="test", subspace=True)


def test_at_a_kink_the_standard_error_is_that_of_the_side_that_binds() -> None:
    """|x| ≤ y where the mean of x is 0: the numerical gradient there is 0, and x varies all the same."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(400)
    terms = np.column_stack([x - x.mean(), np.full(400, 2.0)])
    row = judged("kink", "test", Statement(
        terms=terms, sides=(lambda t: (float(t[0]), float(t[1])), lambda t: (-float(t[0]), float(t[1]))), assumptions={}))
    assert row.slack == pytest.approx(2.0) and row.slack_se == pytest.approx(x.std(ddof=1) / 20.0, rel=1e-6)
    assert row.slack_low < 2.0 - 1.9 * row.slack_se


def test_the_two_sided_bound_is_written_as_two_smooth_sides() -> None:
    rng = np.random.default_rng(1)
    y, w, s, g = rng.standard_normal((4, 60))
    sample = made_sample(y, w, s, g)
    statement = measures().bounds["theorem2-two-sided"](sample, SAMPLED.facts)
    means = statement.terms.mean(axis=0)
    (above, right), (below, same) = (sides(means) for sides in statement.sides)
    assert above == -below and right == same
    (row,) = (row for row in bounds(y, w, s, g, SAMPLED) if row.bound == "theorem2-two-sided")
    assert row.lhs == pytest.approx(abs(sample.gain.mean() - sample.misfit.mean()))


def test_inexact_is_about_its_very_sample_on_test_too() -> None:
    y, w, s, g = np.random.default_rng(2).standard_normal((4, 60))
    (row,) = (row for row in bounds(y, w, s, g, replace(SAMPLED, delta=0.3)) if row.bound == "inexact")
    assert row.slack_se == 0.0 and row.slack_low == row.slack == row.slack_high and row.verdict != "undecided"


def test_theorems_on_a_sample_that_the_class_spans_say_nothing() -> None:
    y, w, s, g = np.random.default_rng(3).standard_normal((4, 60))
    rows = bounds(y, w, s, g, replace(Case(subspace=True), spans_sample=True))
    assert all(row.vacuous for row in rows if row.bound.startswith(("theorem", "inexact")))


def test_a_bound_that_promises_no_gain_or_whose_ceiling_errs_as_much_as_the_student_says_nothing() -> None:
    y, w = np.zeros(40), np.full(40, 2.0)
    said = {row.bound: row.vacuous for row in bounds(y, w, np.full(40, 0.5), np.full(40, 0.1), Case())}
    assert not said["theorem2-explicit"] and not said["theorem1"]
    assert {row.bound: row.vacuous for row in bounds(y, w, np.full(40, 0.5), np.full(40, 0.5), Case())}["theorem2-explicit"]
    assert {row.bound: row.vacuous for row in bounds(y, w, np.full(40, 1.5), np.full(40, 1.0), Case())}["theorem2-explicit"]


def test_lower_ball_allows_for_delta_as_its_neighbours_do() -> None:
    """On a line the bound is met with equality by the teacher itself, and a student beyond it by √δ errs by less."""
    u = np.array([[1.0], [-1.0]] * 20)
    y, beyond = 3.0 * u, 1e-3
    student = (1.0 + beyond) * u
    verdicts = [next(row for row in bounds(y, u, student, y, Case(delta=delta)) if row.bound == "lower-ball").verdict
                for delta in (0.0, 0.9 * beyond**2, beyond**2)]
    assert verdicts == ["violated", "violated", "holds"]


def test_theorem2_hp_rests_on_clipped_outputs_which_no_linear_head_has() -> None:
    y, w, s, g = np.random.default_rng(5).standard_normal((4, 60))
    (row,) = (row for row in bounds(y, w, s, g, replace(SAMPLED, norm_bounded=True)) if row.bound == "theorem2-hp")
    assert row.fails == ("outputs_in_range",)


def test_a_ratio_to_rounding_is_no_number() -> None:
    assert quotient(1.0, 1e-13, 1.0) is None and quotient(1.0, 0.5, 1.0) == 2.0 and quotient(1.0, -0.5, 1.0) is None
    y = np.array([1.0, 2.0, 3.0])
    (row,) = (row for row in bounds(y, y + 1.0, y + 1e-13, y, Case()) if row.bound == "theorem1")
    assert 0.0 < row.rhs < 1e-12 and row.tightness is None


def test_the_error_of_a_kl_row_is_its_cross_entropy_to_the_last_bit() -> None:
    rng = np.random.default_rng(6)
    truth, f = np.eye(3)[rng.integers(3, size=80)], rng.dirichlet(np.ones(3), size=80)
    sample = made_sample(truth, f, f, f, "kl")
    assert metric_columns(sample, measures().metrics)[0]["cross_entropy_student"] == sample.err_student.mean()


class Counting(Squared):
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.conformed = self.compared = 0

    def conform(self, values: np.ndarray) -> np.ndarray:
        self.conformed += 1
        return super().conform(values)

    def conform_truth(self, truth: np.ndarray) -> np.ndarray:
        return self.conform(truth)

    def between(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        self.compared += 1
        return super().between(first, second)


def test_a_sample_is_conformed_once_and_its_ledger_computed_once_whatever_reads_it() -> None:
    y, w, s, g = (v[:, None] for v in np.random.default_rng(7).standard_normal((4, 60)))
    loss = Counting()
    sample = sample_of("test", Regression(1), loss, y, Predictions(weak=w, student=s, ceiling=g))
    assert loss.conformed == 4 and loss.compared == 5
    rows, faults = bound_rows(sample, SAMPLED.facts, measures().bounds)
    metric_columns(sample, measures().metrics)
    assert loss.conformed == 4 and len(rows) >= 6 and faults == []


def test_squared_mean_has_every_bound_of_squared_in_its_own_unit() -> None:
    y, w, s, g = np.random.default_rng(8).standard_normal((4, 40, 3))
    sums, means = (bounds(y, w, s, g, replace(Case(subspace=True), divergence=name)) for name in ("squared", "squared-mean"))
    assert [row.bound for row in sums] == [row.bound for row in means]
    for one, other in zip(sums, means, strict=True):
        assert other.slack == pytest.approx(one.slack / 3.0) and other.tightness == (
            None if one.tightness is None else pytest.approx(one.tightness))
    assert divergence("squared-mean").explicit == divergence("squared").explicit


def said_nothing(y: object, w: object, s: object, g: object, case: Case) -> dict[str, bool]:
    return {row.bound: row.vacuous for row in bounds(*(np.asarray(values) for values in (y, w, s, g)), case)}


def test_a_student_that_is_its_teacher_leaves_no_theorem_anything_to_say() -> None:
    y, w = np.zeros(40), np.where(np.arange(40) < 20, 2.0, 1.0)
    said = said_nothing(y, w, w * (1.0 + 1e-13), y, Case(subspace=True, truth_in_class=True))
    assert said["theorem1"] and said["theorem2-explicit"] and said["inexact"] and said["theorem2-triangle"]
    p = np.tile([[0.3, 0.7], [0.6, 0.4]], (20, 1))
    case = Case(divergence="kl", convex_in="logits", subspace=True, truth_in_class=True, known_truth=True)
    assert {name for name, empty in said_nothing(p[:, ::-1], p, p, p, case).items() if empty} == {
        "kl-realizable", "kl-explicit", "kl-dual"}


def test_the_two_sided_bound_says_something_where_it_caps_the_gain() -> None:
    """m = 1, ε = .36: the gain is 1 ± 1.2, of an error of 9. The one-sided bound promises nothing of it."""
    said = said_nothing(np.zeros(40), np.full(40, 3.0), np.full(40, 2.0), np.full(40, 0.6), Case(subspace=True))
    assert said["theorem2-explicit"] and not said["theorem2-two-sided"]
    assert said_nothing(np.zeros(40), np.full(40, -0.5), np.full(40, 0.9), np.full(40, 0.8), Case(subspace=True))[
        "theorem2-two-sided"]


def test_what_speaks_of_no_teacher_is_empty_in_its_own_way() -> None:
    """A lower bound of 0 says nothing; what disagreement bounds is not about who is better, and always says something."""
    y, w = np.zeros(40), np.where(np.arange(40) < 20, 1.0, -1.0)
    assert said_nothing(y, w, w / 2.0, y, Case())["lower-ball"] and not said_nothing(y + 3.0, w, w / 2.0, y + 3.0, Case())[
        "lower-ball"]
    nearly_right = np.random.default_rng(0).standard_normal((2, 40)) * [[1.0], [1e-8]]
    assert said_nothing(nearly_right[0], nearly_right.sum(axis=0), 0.5 * nearly_right[0], nearly_right[0], Case())["lower-ball"]
    classes = np.eye(2)[np.arange(40) % 2]
    soft, worse = 0.8 * classes + 0.1, 0.3 * classes + 0.35
    said = said_nothing(classes, soft, worse, worse, Case(divergence="brier"))
    assert said["theorem2-explicit"] and not said["disagreement-brier"] and not said["disagreement-01"]
