"""What is known of the student's class on one sample: how far the student is from the projection, and who is in the class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import softmax

from w2s_bench.contracts import Array, LinearPredictor, SoftmaxPredictor, can
from w2s_bench.contracts.errors import PluginError
from w2s_bench.scoring import mixture_class
from w2s_bench.scoring.divergence import Divergence
from w2s_bench.scoring.linear_class import LinearClass
from w2s_bench.scoring.softmax_class import SoftmaxClass

EXACT = 1e-9
"""δ up to this share of misfit and variance of the weak labels certifies the projection; a verdict allows for the δ
that was measured."""

IN_CLASS = 1e-18
"""Relative mean square residual below which a predictor lies in the class: far inside the tolerance of a verdict."""

OWN = 1e-6
"""How far a student's probabilities may be from those of the head that it shows, and OWN² the share of the variance of a
linear one's predictions that its design may leave: rounding in float32."""


@dataclass(frozen=True)
class ClassCertificate:
    """What is known of the student's class on one sample. delta: None where nothing bounds it.

    For a class of softmax heads δ speaks of KL(w ‖ f), what such a head minimises; for a mixture of heads of KL(f ‖ w) over
    the hull of its own heads; both are upper bounds (duality gaps). For linear heads δ is exact, in squared units.
    """

    delta: float | None
    exact_projection: bool
    reference_in_class: bool
    truth_in_class: bool
    spans_sample: bool


NOTHING = ClassCertificate(None, False, False, False, False)


def certify(strategy: Any, student: Any, features: Array, roles: Mapping[str, Array], truth: Array,
            measure: Divergence) -> ClassCertificate:
    """Measure, on one sample, how far the student is from the projection and what its class holds.

    features: (n, d) float32. roles: predictions (n, k). Nothing is certified of a student of another kind. Raises PluginError
    for a student whose predictions are not those of the class that its design and weights describe.
    """
    if measure.name == "kl":
        if isinstance(student, SoftmaxPredictor):
            return _softmax(strategy, student, features, roles, truth, measure)
        if strategy.convex_in == "probabilities" and can(student, "members"):
            return _mixture(student, features, roles, truth, measure)
        return NOTHING
    if not isinstance(student, LinearPredictor):
        return NOTHING
    heads = LinearClass.of(student.design(features), student.radius)
    weak, f_sw = roles["weak"], roles["student"]
    _check_own(student, replace(heads, radius=None).contains(f_sw, OWN**2))
    misfit = float(((f_sw - weak) ** 2).sum(axis=1).mean())
    delta = misfit - heads.smallest_misfit(weak)
    exact = bool(strategy.exact) and delta <= EXACT * (misfit + float(weak.var(axis=0).sum()))
    outputs = weak.shape[1] if measure.name == "squared-mean" else 1
    return ClassCertificate(delta / outputs, exact, heads.contains(roles["ceiling"], IN_CLASS),
                            heads.contains(truth, IN_CLASS), heads.spans_sample)


def _softmax(strategy: Any, student: SoftmaxPredictor, features: Array, roles: Mapping[str, Array], truth: Array,
             kl: Divergence) -> ClassCertificate:
    design = student.design(features)
    own = softmax(design @ student.weight + student.intercept, axis=1)
    _check_own(student, np.allclose(own, roles["student"], rtol=0.0, atol=OWN))
    heads = SoftmaxClass.of(design, student.radius)
    gap = heads.gap(student.weight, student.intercept, roles["weak"])
    exact = bool(strategy.exact) and gap is not None and gap <= _allowed(kl, roles["weak"], roles["student"])
    # A bounded class is the ball of the student's own norm, and nothing says that another predictor is inside.
    whole = student.radius is None
    return ClassCertificate(gap, exact, whole and heads.contains(roles["ceiling"], IN_CLASS),
                            whole and heads.contains(truth, IN_CLASS),
                            design.shape[1] + 1 >= len(design))


def _mixture(student: Any, features: Array, roles: Mapping[str, Array], truth: Array, kl: Divergence) -> ClassCertificate:
    members = student.members(features)
    own = np.tensordot(student.weights, members, axes=1)
    _check_own(student, np.allclose(own, roles["student"], rtol=0.0, atol=OWN))
    gap = mixture_class.mixture_gap(members, roles["student"], roles["weak"])
    return ClassCertificate(gap, gap <= _allowed(kl, roles["student"], roles["weak"]),
                            mixture_class.contains(members, roles["ceiling"], IN_CLASS),
                            mixture_class.contains(members, truth, IN_CLASS), len(members) >= len(features))


def _check_own(student: Any, own: bool) -> None:
    if not own:
        raise PluginError("a student predicts something else than the head that it shows", where=type(student).__name__,
                          hint="its design, weight, members and radius describe its class; leave them out where they do not")


def _allowed(kl: Divergence, first: Array, second: Array) -> float:
    """A gap that is rounding beside the misfit and beside one nat."""
    return EXACT * (1.0 + float(kl.between(first, second).mean()))
