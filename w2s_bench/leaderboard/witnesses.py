"""What a stated certificate is worth to somebody who has predictions alone.

A submission states of each student's class how far the student is from the projection of its teacher (δ), and who lies in the
class. The class itself is not sent. But a convex class that holds student and ceiling holds all between them, and a linear one
the whole line through them; so if something there is nearer to the teacher than the student by more than δ, the statement is
false. If nothing is, the student is, up to δ, the projection onto the class that student, ceiling and constants span, and that is
all that the theorems ask of a class. It does not show that this is the class of the strong model's heads: only a fit shows that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
from scipy.optimize import minimize_scalar

from w2s_bench.contracts import Array, Facts, Sample
from w2s_bench.leaderboard.checked import Row
from w2s_bench.scoring.certificates import EXACT, OWN

_HIDDEN = 1e-4
"""The share of misfit and spread that rounding may hide of δ: a student farther from its class is not certified at all."""
_ARITHMETIC = 1e-12
"""Relative size of what the order of sums changes."""
_CERTIFICATE = ("exact_projection", "reference_in_class", "truth_in_class", "subspace", "contains_constant", "delta",
                "delta_rounding", "beyond", "spans_sample")
_UNKNOWN: Mapping[str, Any] = {
    "convex_in": None, "exact": False, "exact_projection": False, "reference_in_class": False, "truth_in_class": False,
    "subspace": False, "independent_transfer": False, "contains_constant": False, "delta": None, "spans_sample": False,
    "known_truth": False, "head_norm": None, "sum_squared_features": None, "label_range": 0.0, "norm_bounded": False,
    "outputs_in_range": False, "delta_rounding": 0.0, "beyond": 0.0, "n_transfer": 0, "deterministic": False}


class Known(NamedTuple):
    """bare: what is known without a word of the sender. witnessed: the same with what the predictions bear out of the
    certificate. refuted: in sentences, what of the statement is false."""

    bare: Facts
    witnessed: Facts
    refuted: tuple[str, ...]


def known_of(stated: Facts, sample: Sample, own: Row) -> Known:
    """What is known of a student's class on a sample. own: fields of `Facts` that were found here, from task and strategy."""
    refuted = [f"{name} is stated as {_told(getattr(stated, name))} and is {_told(value)}" for name, value in own.items()
               if not _same(getattr(stated, name), value)]
    bare = bare_facts(own)
    refuted += _false(stated, sample)
    # Logarithms of probabilities that were clipped may be far from any head: a verdict that allows for so much is nobody's.
    borne = not refuted and stated.beyond <= _most_beyond(sample)
    certified = {name: getattr(stated, name) for name in _CERTIFICATE if borne or name == "spans_sample"}
    return Known(bare, msgspec.structs.replace(bare, **certified), tuple(refuted))


def bare_facts(own: Row) -> Facts:
    """These fields of `Facts`, and of all others nothing."""
    return Facts(**{**_UNKNOWN, **own})


def _false(stated: Facts, sample: Sample) -> Iterator[str]:
    size = float(sample.misfit.mean()) + float(_spread(sample))
    entropic = sample.divergence.geometry == "entropic"
    if sample.divergence.geometry == "other" and (stated.exact_projection or stated.delta is not None):
        yield f"a projection is certified under {sample.divergence.name}, of which none can be"
        return
    if not all(math.isfinite(value) for value in (stated.delta or 0.0, stated.delta_rounding, stated.beyond)):
        yield "a number of the certificate is not finite"
        return
    allowed = EXACT * ((1.0 if entropic else 0.0) + size) * (1.0 + 1e-6)
    if stated.exact_projection and (stated.delta is None or not abs(stated.delta) <= allowed):
        yield f"an exact projection is stated with δ = {_told(stated.delta)}; one is certified up to {allowed:.3g}"
    if stated.exact_projection and not stated.exact and stated.convex_in != "probabilities":
        yield "an exact projection is stated of a strategy that declares no exact fit"
    if stated.delta is not None and not -allowed <= stated.delta <= size * 1.000001 + allowed and not entropic:
        yield f"δ = {_told(stated.delta)} is no excess of a misfit of {sample.misfit.mean():.6g}"
    if not 0.0 <= stated.delta_rounding <= _HIDDEN * size + allowed:
        yield f"delta_rounding = {stated.delta_rounding:.3g} is more than rounding"
    if not (stated.beyond >= 0.0 and (entropic or stated.beyond <= _most_beyond(sample))):
        yield f"beyond = {stated.beyond:.3g} is more than rounding"
    if stated.delta is None or not (stated.convex_in or stated.subspace):
        return
    hidden = max(stated.delta, 0.0) + stated.delta_rounding + _ARITHMETIC * size + (EXACT * _ARITHMETIC if entropic else 0.0)
    for who, member in _members(stated, sample):
        nearer = _nearer(sample, member, stated)
        if nearer > hidden:
            yield (f"δ = {_told(stated.delta)} is stated of a class that holds student and {who}, and between them is a "
                   f"predictor that is nearer to the teacher by {nearer:.6g}")


def _members(stated: Facts, sample: Sample) -> Iterator[tuple[str, Array]]:
    """Who is stated to be in the class, beside the student."""
    if stated.reference_in_class:
        yield "ceiling", sample.ceiling
    if stated.truth_in_class:
        yield "truth", sample.divergence.conform(sample.truth)
    if stated.contains_constant:
        yield "constants", np.broadcast_to(sample.weak.mean(axis=0), sample.weak.shape)


def _nearer(sample: Sample, member: Array, stated: Facts) -> float:
    """How much nearer to the teacher the best predictor between student and member is than the student, ≥ 0, in the divergence's
    unit: no more than the true δ of any class that holds both."""
    if sample.divergence.geometry == "quadratic":
        return _nearer_on_a_line(sample, member, stated)
    f, w, g = sample.student, sample.weak, member
    if stated.convex_in == "probabilities":
        return _best(lambda t: float(sample.divergence.between((1.0 - t) * f + t * g, w).mean()), 0.0, stated, sample)
    toward = np.log(g) - np.log(f)

    def reached(t: float) -> float:
        logits = np.log(f) + t * toward
        within = np.exp(logits - logits.max(axis=1, keepdims=True))
        return float(sample.divergence.between(w, within / within.sum(axis=1, keepdims=True)).mean())

    return _best(reached, -1.0 if stated.subspace else 0.0, stated, sample)


def _best(reached: Callable[[float], float], lowest: float, stated: Facts, sample: Sample) -> float:
    """reached(0) less the least reached(t), lowest ≤ t ≤ 1, for a convex function of t."""
    found = minimize_scalar(reached, bounds=(lowest, 1.0), method="bounded", options={"xatol": 1e-6})
    apart = math.sqrt(float(((sample.weak - sample.student) ** 2).sum(axis=1).mean()))
    ratio = np.log(sample.weak) - np.log(sample.student)
    return max(reached(0.0) - float(found.fun) - stated.beyond * (apart + math.sqrt(float((ratio**2).sum(axis=1).mean()))), 0.0)


def _nearer_on_a_line(sample: Sample, member: Array, stated: Facts) -> float:
    """Of D(f + t(m − f), w) = misfit + t·<m − f, Δ> + t²·D(m, f): the most that it falls, for t in [0, 1], of a subspace any."""
    loss = sample.divergence
    change, way = loss.gradient(sample.student) - loss.gradient(sample.weak), member - sample.student
    slope, bend = float(np.einsum("nk,nk->n", way, change).mean()), float(loss.between(member, sample.student).mean())
    steep = _rms(change)
    slope = math.copysign(max(abs(slope) - stated.beyond * steep - 1e-13 * _rms(way) * steep, 0.0), slope)
    if bend <= 0.0 or (slope >= 0.0 and not stated.subspace):
        return 0.0
    step = -slope / (2.0 * bend) if stated.subspace else min(-slope / (2.0 * bend), 1.0)
    return -slope * step - bend * step**2


def _most_beyond(sample: Sample) -> float:
    """How far from the class a predictor may be that is found inside, where its probabilities are not clipped."""
    if sample.divergence.geometry == "entropic":
        apart = np.minimum(OWN / np.minimum(sample.student, np.minimum(sample.ceiling, sample.weak)), 1.0)
        return 2.0 * _rms(apart) + 1e-6 * (1.0 + _rms(np.log(sample.student)))
    return 1e-8 * (_rms(sample.ceiling) + _rms(sample.truth) + _rms(sample.student))


def _spread(sample: Sample) -> float:
    """How far the teacher is from its own mean, in the divergence's unit."""
    mean = np.broadcast_to(sample.divergence.conform(sample.weak.mean(axis=0, keepdims=True)), sample.weak.shape)
    return float(sample.divergence.between(sample.weak, mean).mean())


def _rms(values: Array) -> float:
    return math.sqrt(float((values**2).sum(axis=1).mean()))


def _same(stated: object, found: object) -> bool:
    if isinstance(stated, float) and isinstance(found, float):
        return math.isclose(stated, found, rel_tol=1e-12, abs_tol=0.0)
    return stated == found


def _told(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "none" if value is None else str(value).lower()
