"""What is known of the student's class on one sample: how far the student is from the projection, and who is in the class."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import log_softmax

from w2s_bench.contracts import Array, Divergence, LinearPredictor, PluginError, Preferences, Sample, SoftmaxPredictor, can
from w2s_bench.scoring import mixture_class
from w2s_bench.scoring.linear_class import BEYOND, Factorise, factorised
from w2s_bench.scoring.long_designs import Design, design_of
from w2s_bench.scoring.softmax_class import SoftmaxClass

EXACT = 1e-9
"""|δ| up to this share of misfit and variance of the weak labels certifies the projection, as does a student within its root
of the class; a verdict allows for what was measured."""

IN_CLASS = 1e-18
"""Relative mean square residual below which a predictor lies in the class; a verdict allows for the residual that was found."""

OWN = 1e-6
"""How far a student's probabilities may be from those of the head that it shows, and OWN² the share of the variance of a
linear one's predictions that its design may leave: rounding in float32."""

_ROUNDING = 8.0 * float(np.finfo(np.float64).eps)
"""Relative size of what float64 leaves of a prediction that was centred, fitted and subtracted."""


@dataclass(frozen=True)
class ClassCertificate:
    """What is known of the student's class on one sample. delta: None where nothing bounds it.

    For a class of softmax heads δ speaks of KL(w ‖ f), what such a head minimises; for a mixture of heads of KL(f ‖ w) over
    the hull of its own heads; both are upper bounds (duality gaps). For linear heads δ is exact, in the divergence's unit.
    delta_rounding, beyond: as in `Facts`, what was certified up to rounding only.
    """

    delta: float | None
    exact_projection: bool
    reference_in_class: bool
    truth_in_class: bool
    spans_sample: bool
    delta_rounding: float = 0.0
    beyond: float = 0.0


NOTHING = ClassCertificate(None, False, False, False, False)


def certify(strategy: Any, student: Any, features: Array, sample: Sample, factorise: Factorise = factorised) -> ClassCertificate:
    """Measure, on one sample, how far the student is from the projection and what its class holds.

    features: (n, d) float32. factorise: of the student's design, which students on the same features share. Nothing is certified
    of a student of another kind, under a divergence that has no geometry of its own, or of a student that is outside its class.
    Raises PluginError for a student whose predictions are not those of the class that its design and weights describe.
    """
    match sample.divergence.geometry:
        case "quadratic" if isinstance(student, LinearPredictor):
            return _linear(strategy, student, sample, design_of(student, features), factorise)
        case "entropic" if isinstance(student, SoftmaxPredictor):
            return _softmax(strategy, student, sample, design_of(student, features), factorise)
        case "entropic" if strategy.convex_in == "probabilities" and can(student, "members"):
            return _mixture(student, features, sample)
    return NOTHING


def _linear(strategy: Any, student: LinearPredictor, sample: Sample, design: Design, factorise: Factorise) -> ClassCertificate:
    heads = factorise(design, True).within(student.radius)
    weak, f_sw = sample.weak, sample.student
    _check_own(student, replace(heads, radius=None).contains(f_sw, OWN**2))
    spread = float(weak.var(axis=0).sum())
    misfit = float(((f_sw - weak) ** 2).sum(axis=1).mean())
    delta = misfit - heads.smallest_misfit(weak)
    # How far the student is from its class, with what float64 hides of that, and what the two may hide of δ: the nearest
    # member f' has ‖f' − w‖² ≤ (‖f_sw − w‖ + off)².
    off = heads.distance(f_sw) + _ROUNDING * math.sqrt(float((weak**2).sum(axis=1).mean() + (f_sw**2).sum(axis=1).mean()))
    hidden = 2.0 * off * math.sqrt(misfit) + off**2
    norm_kept = student.radius is None or student.head_norm <= student.radius * (1.0 + BEYOND)
    if not norm_kept or off**2 > EXACT * (misfit + spread) or delta < -EXACT * (misfit + spread):
        return replace(NOTHING, spans_sample=heads.spans_sample)
    exact = bool(strategy.exact) and abs(delta) <= EXACT * (misfit + spread)
    scale = _scale(sample.divergence, weak.shape[1])
    members = [values for values in (sample.ceiling, sample.truth) if heads.contains(values, IN_CLASS)]
    return ClassCertificate(
        delta * scale, exact, heads.contains(sample.ceiling, IN_CLASS), heads.contains(sample.truth, IN_CLASS),
        heads.spans_sample, hidden * scale, max((_found(heads.distance(values), values) for values in members), default=0.0))


def _softmax(strategy: Any, student: SoftmaxPredictor, sample: Sample, design: Design, factorise: Factorise) -> ClassCertificate:
    log_own = log_softmax(design @ student.weight + student.intercept, axis=1)
    _check_own(student, np.allclose(np.exp(log_own), sample.student, rtol=0.0, atol=OWN))
    heads = SoftmaxClass.of(design, student.radius, not isinstance(sample.output, Preferences), factorise)
    gap = heads.gap(student.weight, student.intercept, sample.weak)
    exact = bool(strategy.exact) and gap is not None and gap <= _allowed(sample.divergence, sample.weak, sample.student)
    truth = sample.divergence.conform(sample.truth)
    # A bounded class is the ball of the student's own norm, and nothing says that another predictor is inside.
    whole = student.radius is None
    ceiling_in, truth_in = (whole and heads.contains(values, IN_CLASS) for values in (sample.ceiling, truth))
    beyond = [_found(heads.distance(values), np.log(values))
              for values, inside in ((sample.ceiling, ceiling_in), (truth, truth_in)) if inside]
    beyond.append(_rms(_centred(np.log(sample.student) - log_own)))
    return ClassCertificate(gap, exact, ceiling_in, truth_in, design.shape[1] + heads.constant >= len(design), 0.0,
                            max(beyond))


def _mixture(student: Any, features: Array, sample: Sample) -> ClassCertificate:
    kl = sample.divergence
    members = student.members(features)
    own = np.tensordot(student.weights, members, axes=1)
    _check_own(student, np.allclose(own, sample.student, rtol=0.0, atol=OWN))
    hull = kl.conform(members.reshape(-1, members.shape[-1])).reshape(members.shape)
    truth = kl.conform(sample.truth)
    gap = mixture_class.mixture_gap(hull, sample.student, sample.weak)
    ceiling_in, truth_in = (mixture_class.contains(hull, values, IN_CLASS) for values in (sample.ceiling, truth))
    beyond = [_found(mixture_class.distance(hull, values), values)
              for values, inside in ((sample.ceiling, ceiling_in), (truth, truth_in)) if inside]
    return ClassCertificate(gap, gap <= _allowed(kl, sample.student, sample.weak), ceiling_in, truth_in,
                            len(members) >= len(features), 0.0, max(beyond, default=0.0))


def _check_own(student: Any, own: bool) -> None:
    if not own:
        raise PluginError("a student predicts something else than the head that it shows", where=type(student).__name__,
                          hint="its design, weight, members and radius describe its class; leave them out where they do not")


def _allowed(kl: Divergence, first: Array, second: Array) -> float:
    """A gap that is rounding beside the misfit and beside one nat."""
    return EXACT * (1.0 + float(kl.between(first, second).mean()))


def _scale(divergence: Divergence, outputs: int) -> float:
    """c of a quadratic D(a, b) = c·‖a − b‖²."""
    return float(divergence.between(np.eye(1, outputs), np.zeros((1, outputs)))[0])


def _found(distance: float, values: Array) -> float:
    """A distance from the class, with the rounding of the values themselves."""
    return distance + _ROUNDING * _rms(values)


def _rms(values: Array) -> float:
    return math.sqrt(float((values**2).sum(axis=1).mean()))


def _centred(logits: Array) -> Array:
    centred: Array = logits - logits.mean(axis=1, keepdims=True)
    return centred
