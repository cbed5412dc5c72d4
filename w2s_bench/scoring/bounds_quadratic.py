"""Bounds for squared loss and for Brier scores, in their unit. ‖·‖ is the root mean square norm over the
sample.

m = misfit = ‖f_sw − f_w‖², ε = ‖y − g‖². Charikar, Pabbaraju and Shiragur (arXiv 2405.15116), with constants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from w2s_bench.scoring.arrays import Array
from w2s_bench.scoring.divergence import Divergence
from w2s_bench.scoring.facts import Facts
from w2s_bench.scoring.ledger import Ledger
from w2s_bench.scoring.verdict import Assumptions, Bound, Sides, judge

NU = 0.05
"""`theorem2-hp` holds with probability 1 − NU."""


def quadratic_bounds(
    y: Array, f_w: Array, f_sw: Array, g: Array, terms: Ledger, loss: Divergence, facts: Facts
) -> list[Bound]:
    """The rows for `squared`, `squared-mean` or `brier`; y, f_w, f_sw, g: (n, k), terms: their ledger.

    `theorem2-two-sided` needs a linear subspace, `inexact` a known delta, `theorem2-hp` and `lower-ball`
    squared loss. `theorem2-hp` speaks of the population and of one output: it is written for the test split
    with k = 1.
    """
    sample = _Sample(terms, facts, loss.between(g, f_sw))
    rows = [sample.theorem1(), sample.theorem2_explicit()]
    if facts.subspace:
        rows.append(sample.theorem2_two_sided())
    if loss.name != "brier":
        rows.append(sample.theorem2_triangle())
    if facts.delta is not None:
        rows.append(sample.inexact(max(facts.delta, 0.0)))
    if loss.name == "brier":
        return rows
    if facts.split == "test" and y.shape[1] == 1:
        excess = excess_risk(facts)
        if excess is not None:
            rows.append(sample.theorem2_hp(excess))
    rows.append(_lower_ball(y, f_w, terms, loss, facts))
    return rows


def excess_risk(facts: Facts) -> float | None:
    """δ_n = 4·Rad_n + √(2·ln(2/ν)/n) of outputs scaled to length 1, Rad_n ≤ (W/label_range)·√(Σ‖h_i‖²)/n.

    None where the head's norm, its features or the label range are unknown (or the range is 0).
    """
    if facts.head_norm is None or facts.sum_squared_features is None or not facts.label_range > 0.0:
        return None
    n = facts.n_transfer
    complexity = facts.head_norm / facts.label_range * math.sqrt(facts.sum_squared_features) / n
    return 4.0 * complexity + math.sqrt(2.0 * math.log(2.0 / NU) / n)


@dataclass(frozen=True)
class _Sample:
    """The bounds that read only means of terms: err_student, err_weak, m, ε, ‖g − f_sw‖²."""

    terms: Ledger
    facts: Facts
    to_reference: Array

    @property
    def convex(self) -> bool:
        places = ("outputs", "probabilities") if self.facts.divergence == "brier" else ("outputs",)
        return self.facts.convex_in in places

    def projected(self) -> Assumptions:
        return Assumptions(
            convex=self.convex,
            exact_projection=self.facts.exact_projection,
            reference_in_class=self.facts.reference_in_class,
        )

    def row(self, bound: str, sides: Sides, assumptions: Assumptions, vacuous: bool = False) -> Bound:
        t = self.terms
        columns = np.column_stack([t.err_student, t.err_weak, t.misfit, t.err_reference, self.to_reference])
        return judge(
            bound,
            self.facts.split,
            sides,
            columns,
            assumptions,
            deterministic=self.facts.deterministic,
            vacuous=vacuous,
            allowance=self.facts.rounding + (self.certified_up_to() if assumptions.exact_projection else 0.0),
        )

    def certified_up_to(self) -> float:
        """2√δ·(‖y − f_sw‖ + ‖g − f_sw‖): what a projection that misses the smallest misfit by δ may cost (see
        `inexact`)."""
        root = _root(self.facts.delta or 0.0)
        return 2.0 * root * (_root(self.terms.err_student.mean()) + _root(self.to_reference.mean()) + root)

    def theorem1(self) -> Bound:
        """err_student ≤ err_weak − m."""

        def sides(t: Array) -> tuple[float, float]:
            return float(t[0]), float(t[1] - t[2])

        return self.row(
            "theorem1",
            sides,
            Assumptions(
                convex=self.convex,
                exact_projection=self.facts.exact_projection,
                truth_in_class=self.facts.truth_in_class,
            ),
        )

    def theorem2_explicit(self) -> Bound:
        """err_student ≤ err_weak − m + 2√(mε)."""
        return self.row("theorem2-explicit", _explicit, self.projected())

    def theorem2_two_sided(self) -> Bound:
        """|gain − m| ≤ 2√(mε): on a linear subspace the projection term is 0."""

        def sides(t: Array) -> tuple[float, float]:
            return abs(float(t[1] - t[0] - t[2])), 2.0 * _root(t[2] * t[3])

        return self.row(
            "theorem2-two-sided",
            sides,
            Assumptions(
                convex=self.convex,
                exact_projection=self.facts.exact_projection,
                reference_in_class=self.facts.reference_in_class,
                subspace=self.facts.subspace,
            ),
        )

    def theorem2_triangle(self) -> Bound:
        """err_student ≤ (√ε + √((√err_weak + √ε)² − m)₊)²."""

        def sides(t: Array) -> tuple[float, float]:
            to_weak = _root(t[1]) + _root(t[3])
            return float(t[0]), (_root(t[3]) + _root(to_weak**2 - t[2])) ** 2

        return self.row("theorem2-triangle", sides, self.projected())

    def inexact(self, delta: float) -> Bound:
        """err_student ≤ err_weak − m + 2√(mε) + 2√δ·max(‖g − f_sw‖, √δ).

        For t in [0, 1] the point f_sw + t(g − f_sw) is in the class, so its misfit is at least m − δ; the
        best t gives the last term. Vacuous where the class fits anything on the sample, for then δ = m
        whatever the student is.
        """

        def sides(t: Array) -> tuple[float, float]:
            left, right = _explicit(t)
            return left, right + 2.0 * math.sqrt(delta) * max(_root(t[4]), math.sqrt(delta))

        assumed = Assumptions(convex=self.convex, reference_in_class=self.facts.reference_in_class)
        return self.row("inexact", sides, assumed, vacuous=self.facts.spans_sample)

    def theorem2_hp(self, excess: float) -> Bound:
        """err_student ≤ err_weak − m + 2√(mε) + 2√δ_n·L², L = label_range, with probability 1 − ν over
        transfer sets.

        δ_n is of outputs divided by L, so its root comes back times L². Exact refers to the fit on the
        transfer set. norm_bounded: W was fixed before the data was seen, and the ball holds g. Vacuous
        where the right side is L² or more: no predictor inside the interval errs by more.
        """
        scale = self.facts.label_range**2

        def sides(t: Array) -> tuple[float, float]:
            left, right = _explicit(t)
            return left, right + 2.0 * math.sqrt(excess) * scale

        t = self.terms
        at_means = np.array(
            [t.err_student.mean(), t.err_weak.mean(), t.misfit.mean(), t.err_reference.mean()]
        )
        return self.row(
            "theorem2-hp",
            sides,
            Assumptions(
                convex=self.convex,
                exact_projection=self.facts.exact,
                reference_in_class=self.facts.reference_in_class,
                independent_transfer=self.facts.independent_transfer,
                norm_bounded=self.facts.norm_bounded,
            ),
            vacuous=sides(at_means)[1] >= scale,
        )


def _lower_ball(y: Array, f_w: Array, terms: Ledger, loss: Divergence, facts: Facts) -> Bound:
    """err_student ≥ (‖y − (f_w + c)/2‖ − ‖f_w − c‖/2)₊², c = the mean of f_w on this sample, output by
    output.

    The projection f_sw of f_w onto a convex class has <f_w − f_sw, c − f_sw> ≤ 0 for every c in the class,
    which puts f_sw in the ball with diameter [f_w, c]. Any constant would do; the mean of the weak labels
    is the best constant fit to them, the end of the ridge path with a free intercept, and known before
    training. Vacuous where lhs is 0.

    All is shifted by c, so that in a new sample c is the mean of f_w − c; the term <E(y − f_w/2), f_w>
    carries that dependence into the interval and has mean 0 here.
    """
    centre = f_w.mean(axis=0)
    shifted_y, shifted_w = y - centre, f_w - centre
    to_middle = shifted_y - shifted_w / 2.0
    drift = np.einsum("nk,nk->n", shifted_w, np.broadcast_to(to_middle.mean(axis=0), shifted_w.shape))
    scale = 1.0 / y.shape[1] if loss.name == "squared-mean" else 1.0
    columns = np.column_stack(
        [
            loss.generator(to_middle) - scale * drift,
            loss.generator(shifted_w),
            terms.err_student,
        ]
    )

    def sides(t: Array) -> tuple[float, float]:
        return max(_root(t[0]) - _root(t[1]) / 2.0, 0.0) ** 2, float(t[2])

    return judge(
        "lower-ball",
        facts.split,
        sides,
        columns,
        Assumptions(
            convex=facts.convex_in == "outputs",
            exact_projection=facts.exact_projection,
            contains_constant=facts.contains_constant,
        ),
        deterministic=facts.deterministic,
        vacuous=sides(columns.mean(axis=0))[0] <= 0.0,
    )


def _explicit(t: Array) -> tuple[float, float]:
    return float(t[0]), float(t[1] - t[2]) + 2.0 * _root(t[2] * t[3])


def _root(value: float) -> float:
    return math.sqrt(max(float(value), 0.0))
