"""What each bound claims of a sample (docs/scoring.md, "Bounds", "Vacuous" and "In full"): terms, sides, assumptions.

Sides are functions of the means of the terms, written so that they take complex numbers too (intervals.of_function).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derivation.divergences import Ledger
from derivation.flags import band, squared_oscillation
from derivation.run_files import Array

Sides = Callable[[Array], tuple[complex, complex]]
NU = 0.05


@dataclass(frozen=True)
class Claim:
    """lhs ≤ rhs of one bound on one sample. terms: (n, m). sides: one, or several of which the least slack counts."""

    bound: str
    terms: Array
    sides: tuple[Sides, ...]
    assumptions: Mapping[str, bool] = field(default_factory=dict)
    of_this_sample: bool = False
    equality: bool = False
    vacuous: bool = False
    allowance: float = 0.0


def root(value: complex) -> complex:
    """√value; 0 of what rounding left below 0."""
    return np.sqrt(complex(value)) if complex(value).real > 0.0 else 0.0


def claims(ledger: Ledger, facts: Mapping[str, Any], split: str) -> Iterator[Claim]:
    """Every bound that has a line on this sample."""
    if ledger.divergence.entropic:
        yield from _entropic(ledger, facts)
    else:
        yield from _quadratic(ledger, facts)
        if not ledger.divergence.of_classes:
            yield from _of_numbers(ledger, facts, split)
    if ledger.divergence.of_classes:
        yield from _disagreements(ledger)


def _quadratic(ledger: Ledger, facts: Mapping[str, Any]) -> Iterator[Claim]:
    convex = facts["convex_in"] == "outputs" or (facts["convex_in"] == "probabilities" and ledger.divergence.of_classes)
    projected = {"convex": convex, "exact_projection": facts["exact_projection"],
                 "reference_in_class": facts["reference_in_class"]}
    in_class = {"convex": convex, "exact_projection": facts["exact_projection"], "truth_in_class": facts["truth_in_class"]}
    terms, spans, empty = _columns(ledger), facts["spans_sample"], _of_any_two(ledger)
    common: dict[str, Any] = {"terms": terms, "of_this_sample": facts["deterministic"],
                              "allowance": _allowed_of_projection(ledger, facts)}

    def nothing(sides: Sides) -> bool:
        highest = sides(terms.mean(axis=0))[1].real
        return bool(spans or empty or _no_gain(ledger.means["err_weak"] - highest, ledger))

    yield Claim("theorem1", sides=(theorem1,), assumptions=in_class,
                vacuous=spans or _no_gain(ledger.means["misfit"], ledger), **common)
    yield Claim("theorem2-explicit", sides=(explicit,), assumptions=projected, vacuous=nothing(explicit), **common)
    if facts["subspace"]:
        misfit, reach = ledger.means["misfit"], band(ledger)
        every_gain = _no_gain(misfit - reach, ledger) and misfit + reach >= ledger.means["err_weak"]
        yield Claim("theorem2-two-sided", sides=(above, below), assumptions={**projected, "subspace": True},
                    vacuous=spans or empty or every_gain, **common)
    if not ledger.divergence.of_classes:
        yield Claim("theorem2-triangle", sides=(triangle,), assumptions=projected, vacuous=nothing(triangle), **common)
    if facts["delta"] is not None:
        inexact = _inexact(max(facts["delta"], 0.0))
        yield Claim("inexact", terms, (inexact,),
                    {"convex": convex, "reference_in_class": facts["reference_in_class"]}, of_this_sample=True,
                    vacuous=nothing(inexact), allowance=_allowed_of_inexact(ledger, facts))


def _columns(ledger: Ledger) -> Array:
    """err_student, err_weak, m, ε and D(g, f_sw)."""
    to_reference = ledger.divergence.between(ledger.g, ledger.f_sw)
    named = [ledger.terms[name] for name in ("err_student", "err_weak", "misfit", "err_ceiling")]
    return np.stack([*named, to_reference], axis=1)


def theorem1(t: Array) -> tuple[complex, complex]:
    """err_student ≤ err_weak − m."""
    return t[0], t[1] - t[2]


def explicit(t: Array) -> tuple[complex, complex]:
    """err_student ≤ err_weak − m + 2√(mε)."""
    return t[0], t[1] - t[2] + 2.0 * root(t[2] * t[3])


def above(t: Array) -> tuple[complex, complex]:
    """gain − m ≤ 2√(mε)."""
    return (t[1] - t[0]) - t[2], 2.0 * root(t[2] * t[3])


def below(t: Array) -> tuple[complex, complex]:
    """m − gain ≤ 2√(mε)."""
    return t[2] - (t[1] - t[0]), 2.0 * root(t[2] * t[3])


def triangle(t: Array) -> tuple[complex, complex]:
    """err_student ≤ (√ε + √((√err_weak + √ε)² − m)₊)²."""
    return t[0], (root(t[3]) + root((root(t[1]) + root(t[3])) ** 2 - t[2])) ** 2


def _inexact(delta: float) -> Sides:
    """theorem2-explicit + 2√δ·max(‖g − f_sw‖, √δ)."""
    def sides(t: Array) -> tuple[complex, complex]:
        left, right = explicit(t)
        return left, right + 2.0 * math.sqrt(delta) * max(math.sqrt(max(complex(t[4]).real, 0.0)), math.sqrt(delta))
    return sides


def _of_numbers(ledger: Ledger, facts: Mapping[str, Any], split: str) -> Iterator[Claim]:
    excess, length = _excess(facts), facts["label_range"]
    convex = facts["convex_in"] == "outputs"
    if split == "test" and ledger.divergence.k == 1 and excess is not None:
        def sides(t: Array) -> tuple[complex, complex]:
            left, right = explicit(t)
            return left, right + 2.0 * math.sqrt(excess) * length**2

        terms = _columns(ledger)
        highest = complex(sides(terms.mean(axis=0))[1]).real
        yield Claim("theorem2-hp", terms, (sides,), {
            "convex": convex, "exact_projection": facts["exact"],
            **{name: facts[name] for name in ("reference_in_class", "independent_transfer", "norm_bounded", "outputs_in_range")}},
            of_this_sample=facts["deterministic"],
            vacuous=_of_any_two(ledger) or highest >= length**2 or _no_gain(ledger.means["err_weak"] - highest, ledger))
    yield _lower_ball(ledger, facts, convex)


def _excess(facts: Mapping[str, Any]) -> float | None:
    """δ_n = 4·Rad_n + √(2·ln(2/ν)/n), Rad_n = (W/L)·√(Σ‖h_i‖²)/n + 1/(2√n), the last where the intercept is free."""
    w, squares, length, n = (facts[name] for name in ("head_norm", "sum_squared_features", "label_range", "n_transfer"))
    if w is None or squares is None or length <= 0.0:
        return None
    rademacher = w / length * math.sqrt(squares) / n + (1.0 / (2.0 * math.sqrt(n)) if facts["contains_constant"] else 0.0)
    return float(4.0 * rademacher + math.sqrt(2.0 * math.log(2.0 / NU) / n))


def _lower_ball(ledger: Ledger, facts: Mapping[str, Any], convex: bool) -> Claim:
    """lhs = (‖y − (f_w + c)/2‖ − ‖f_w − c‖/2)₊², c the mean of f_w.

    Were an example a little heavier, c would move with it: d‖y − (f_w + c)/2‖² = −⟨E(y − (f_w + c)/2), f_w − c⟩ beside the
    example's own term, and ‖f_w − c‖² does not move. That is the third part of the first term, and its mean is 0.
    """
    centre, scale = ledger.f_w.mean(axis=0), ledger.divergence.scale
    middle = ledger.y - (ledger.f_w + centre) / 2.0
    moved = ((ledger.f_w - centre) * middle.mean(axis=0)).sum(axis=1)
    terms = np.stack([scale * (np.square(middle).sum(axis=1) - moved), scale * np.square(ledger.f_w - centre).sum(axis=1),
                      ledger.terms["err_student"]], axis=1)

    def sides(t: Array) -> tuple[complex, complex]:
        inside = root(t[0]) - root(t[1]) / 2.0
        return (inside**2 if complex(inside).real > 0.0 else 0.0), t[2]

    missed, least = _missed(facts), 1e-9 * float(terms[:, :2].mean(axis=0).sum())
    return Claim("lower-ball", terms, (sides,), {"convex": convex, "exact_projection": facts["exact_projection"],
                                                 "contains_constant": facts["contains_constant"]},
                 of_this_sample=facts["deterministic"], vacuous=complex(sides(terms.mean(axis=0))[0]).real <= least,
                 allowance=missed * (2.0 * math.sqrt(ledger.means["err_student"]) + missed))


def _entropic(ledger: Ledger, facts: Mapping[str, Any]) -> Iterator[Claim]:
    convex = facts["convex_in"] == "probabilities"
    missed = max(facts["delta"] or 0.0, 0.0) if facts["exact_projection"] else 0.0
    common: dict[str, Any] = {"of_this_sample": facts["deterministic"],
                              "allowance": ledger.divergence.rounding + missed + _outside(ledger, facts)}
    t, spans = ledger.terms, facts["spans_sample"]
    misfit = ledger.means["misfit"]
    osc = squared_oscillation(ledger.f_sw, ledger.f_w)

    def realizable(m: Array) -> tuple[complex, complex]:
        return m[0], m[1] - m[2]

    def banded(m: Array) -> tuple[complex, complex]:
        return m[0] - root(0.5 * m[3] * m[4]), m[1] - m[2]

    three = [t["misfit"], t["err_weak"], t["err_student"]]
    yield Claim("kl-realizable", np.stack(three, axis=1), (realizable,), {
        "convex": convex, "exact_projection": facts["exact_projection"], "truth_in_class": facts["truth_in_class"]},
        vacuous=spans or _no_gain(misfit, ledger), **common)
    promised = misfit - band(ledger)
    yield Claim("kl-explicit", np.stack([*three, t["err_ceiling"], osc], axis=1), (banded,), {
        "convex": convex, "exact_projection": facts["exact_projection"], "reference_in_class": facts["reference_in_class"]},
        vacuous=spans or _of_any_two(ledger) or _no_gain(promised, ledger), **common)
    if facts["known_truth"]:
        yield _dual(ledger, facts)


def _dual(ledger: Ledger, facts: Mapping[str, Any]) -> Claim:
    """KL(f_w ‖ f_sw) = KL(f_w ‖ y) − KL(f_sw ‖ y), with y clipped as predictions are."""
    y = ledger.divergence.inside(ledger.y)
    exact = facts["exact_projection"] and float(ledger.f_sw.min()) > 1e-7
    apart = np.log(ledger.f_sw / y)
    delta = max(facts["delta"] or 0.0, 0.0)
    missed = math.sqrt(0.5 * delta * float(squared_oscillation(ledger.f_sw, y).mean())) + facts["beyond"] * (
        _norm(ledger.f_w - ledger.f_sw) + _norm(apart - apart.mean(axis=1, keepdims=True)))
    terms = np.stack([ledger.terms["misfit_reverse"], ledger.divergence.between(ledger.f_w, y),
                      ledger.divergence.between(ledger.f_sw, y)], axis=1)
    return Claim("kl-dual", terms, (lambda t: (t[0], t[1] - t[2]),), {
        "convex": facts["convex_in"] == "logits", "exact_projection": exact, "truth_in_class": facts["truth_in_class"],
        "subspace": facts["subspace"], "known_truth": True}, of_this_sample=facts["deterministic"], equality=True,
        vacuous=facts["spans_sample"] or _no_gain(ledger.means["misfit_reverse"], ledger),
        allowance=ledger.divergence.rounding + (missed if exact else 0.0))


def _disagreements(ledger: Ledger) -> Iterator[Claim]:
    if not ledger.divergence.entropic:
        terms = np.stack([ledger.terms[name] for name in ("err_student", "err_weak", "misfit")], axis=1)
        yield Claim("disagreement-brier", terms, (lambda t: (abs(root(t[0]) - root(t[1])), root(t[2])),), of_this_sample=True,
                    allowance=ledger.divergence.rounding)
    right, weak, student = (values.argmax(axis=1) for values in (ledger.y, ledger.f_w, ledger.f_sw))
    terms = np.stack([(student != right) * 1.0 - (weak != right), (student != weak) * 1.0], axis=1)
    yield Claim("disagreement-01", terms, (lambda t: (abs(t[0]), t[1]),), of_this_sample=True)


def _no_gain(promised: float, ledger: Ledger) -> bool:
    return promised <= 1e-9 * ledger.means["err_weak"]


def _of_any_two(ledger: Ledger) -> bool:
    return ledger.means["err_ceiling"] >= ledger.means["err_student"]


def _missed(facts: Mapping[str, Any]) -> float:
    """√δ of an exact projection, with what float64 hides of it."""
    return math.sqrt(abs(facts["delta"] or 0.0) + facts["delta_rounding"]) if facts["exact_projection"] else 0.0


def _outside(ledger: Ledger, facts: Mapping[str, Any]) -> float:
    """How far from the class a member of it is, times ‖Δ‖; of probabilities Δ less its mean over classes."""
    if not (facts["reference_in_class"] or facts["truth_in_class"]):
        return 0.0
    change = ledger.change
    if ledger.divergence.of_classes:
        change = change - change.mean(axis=1, keepdims=True)
    return float(facts["beyond"]) * _norm(change)


def _to_ceiling(ledger: Ledger) -> float:
    return math.sqrt(float(ledger.divergence.between(ledger.g, ledger.f_sw).mean()))


def _allowed_of_projection(ledger: Ledger, facts: Mapping[str, Any]) -> float:
    missed = _missed(facts)
    reach = math.sqrt(ledger.means["err_student"]) + _to_ceiling(ledger)
    return ledger.divergence.rounding + 2.0 * missed * (reach + missed) + _outside(ledger, facts)


def _allowed_of_inexact(ledger: Ledger, facts: Mapping[str, Any]) -> float:
    certified = math.sqrt(max(facts["delta"], 0.0))
    hidden = math.sqrt(max(-facts["delta"], 0.0) + facts["delta_rounding"])
    away = max(_to_ceiling(ledger), certified) + certified
    return ledger.divergence.rounding + _outside(ledger, facts) + 2.0 * hidden * (away + hidden)


def _norm(values: Array) -> float:
    """Root mean square over examples of ‖v‖."""
    return math.sqrt(float(np.square(values).sum(axis=1).mean()))
