"""Checks of what strategies declare of their class: that a fit is exact, and where the class is convex."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, Divergence, LinearPredictor, Output, PluginError, Predictions, Regression, SoftmaxPredictor
from w2s_bench.scoring.certificates import ClassCertificate, certify
from w2s_bench.scoring.linear_class import factorised
from w2s_bench.scoring.long_designs import design_of
from w2s_bench.scoring.samples import sample_of
from w2s_bench.testing.checks import Broken, Subject, check
from w2s_bench.testing.fits import Fitted, Inputs, Trying
from w2s_bench.testing.own_entries import usual_divergence
from w2s_bench.testing.strategy_checks import has_problems, trying_of

_ROUNDING = 1e-5
"""How far two solvers of one problem may be apart, beside the spread of the answers."""

_LEFT = 1e-9
"""The share of a midpoint's mean square that its class may leave."""


def _exact(subject: Subject) -> bool:
    return has_problems(subject) and bool(subject.made.exact) and subject.made.needs == "features"


def _convex(subject: Subject) -> bool:
    return has_problems(subject) and subject.made.convex_in is not None and subject.made.needs == "features"


@check("strategies", says="a fit that is declared exact is the same for any order of the examples, up to rounding", when=_exact)
def order_of_examples(subject: Subject) -> None:
    """The rows of a problem are turned around."""
    trying = trying_of(subject)
    inputs, others = trying.inputs(1), trying.inputs(2, 20)
    labels, turned = trying.labels(inputs, 1), np.arange(len(inputs.features))[::-1]
    one = trying.answers(trying.fresh().fit(trying.problem(inputs, labels)), others)
    two = trying.answers(trying.fresh().fit(trying.problem(inputs.rows(turned), labels[turned])), others)
    apart = float(np.abs(np.asarray(one) - np.asarray(two)).max())
    if not apart <= _ROUNDING * (float(np.std(one)) + float(np.abs(one).mean())):
        raise Broken(f"the examples the other way round change a prediction by {apart:.2g}")


@check("strategies", says="a fit that is declared exact is the nearest of its class to its labels", when=_exact)
def exact_fit_is_nearest(subject: Subject) -> None:
    """δ, the misfit less the least one of the class, as the scorer certifies it on the inputs that were fitted; of a class that
    is not shown, no midpoint between the fit and another of the class is nearer."""
    trying = trying_of(subject)
    inputs = trying.inputs(1)
    labels = trying.labels(inputs, 1)
    student = trying.fresh().fit(trying.problem(inputs, labels))
    divergence = _divergence(subject, trying.output)
    found = _certified(trying, student, inputs, labels, divergence)
    if found.delta is not None:
        if not found.exact_projection:
            raise Broken(f"δ is {found.delta:.2g} on the inputs that were fitted, where 0 is declared")
        return
    own = np.asarray(trying.answers(student, inputs), dtype=np.float64)
    least = _misfit(divergence, own, labels)
    for seed in (5, 6):
        other = trying.answers(trying.fresh().fit(trying.problem(inputs, trying.labels(inputs, seed))), inputs)
        between = _misfit(divergence, _midpoint(own, np.asarray(other), trying.strategy.convex_in), labels)
        if between < least * (1.0 - _ROUNDING):
            raise Broken(f"halfway to another fit of its class the misfit is {between:.4g}, where that of the fit is {least:.4g}")


@check("strategies", says="halfway between two of its fits, where it is declared convex, lies one of its class", when=_convex)
def convex_where_it_says(subject: Subject) -> None:
    """Of a class that its predictors show: the midpoint lies in it. Of another, whose fit is exact: so is the fit to it."""
    trying = trying_of(subject)
    inputs = trying.inputs(1)
    one, two = (trying.fresh().fit(trying.problem(inputs, trying.labels(inputs, seed))) for seed in (1, 5))
    first, second = (np.asarray(trying.answers(each, inputs), dtype=np.float64) for each in (one, two))
    halfway = _midpoint(first, second, trying.strategy.convex_in)
    left = _left_by_class(trying, one, inputs, halfway)
    if left is None and trying.strategy.exact:
        again = np.asarray(trying.answers(trying.fresh().fit(trying.problem(inputs, halfway)), inputs), dtype=np.float64)
        left = _mean_square(again - halfway)
        if left > _ROUNDING * _mean_square(first - second):
            raise Broken(f"the fit to a midpoint of two fits is {left ** 0.5:.2g} from it")
    elif left is not None and left > _LEFT * _mean_square(halfway - halfway.mean(axis=0)):
        raise Broken(f"a midpoint of two fits is {left ** 0.5:.2g} from the class that the first shows")


def _left_by_class(trying: Trying, fitted: Fitted, inputs: Inputs, halfway: Array) -> float | None:
    """The mean square of what a shown class leaves of a midpoint; None where no class is shown that goes with the declaration."""
    convex_in = trying.strategy.convex_in
    if convex_in == "outputs" and isinstance(fitted, LinearPredictor):
        return factorised(design_of(fitted, np.array(inputs.features)), True).distance(halfway) ** 2
    if convex_in == "logits" and isinstance(fitted, SoftmaxPredictor):
        logits = np.log(halfway) - np.log(halfway).mean(axis=1, keepdims=True)
        return factorised(design_of(fitted, np.array(inputs.features)), True).distance(logits) ** 2
    return None


def _midpoint(one: Array, two: Array, convex_in: str | None) -> Array:
    if convex_in != "logits":
        middle: Array = (one + two) / 2.0
        return middle
    roots = np.sqrt(one * two)
    shares: Array = roots / roots.sum(axis=1, keepdims=True)
    return shares


def _certified(trying: Trying, student: Fitted, inputs: Inputs, labels: Array, divergence: Divergence) -> ClassCertificate:
    said = np.asarray(trying.answers(student, inputs), dtype=np.float64)
    predicted = Predictions(weak=labels, student=said, ceiling=labels)
    sample = sample_of("train", trying.output, divergence, _truth(trying.output, labels), predicted)
    try:
        return certify(trying.strategy, student, np.array(inputs.features), sample)
    except PluginError as error:
        raise Broken(error.what) from None


def _truth(output: Output, labels: Array) -> Array:
    if isinstance(output, Regression):
        return labels
    chosen: Array = np.eye(output.k)[labels.argmax(axis=1)]
    return chosen


def _misfit(divergence: Divergence, student: Array, weak: Array) -> float:
    return float(divergence.between(divergence.conform(student), divergence.conform(weak)).mean())


def _divergence(subject: Subject, output: Output) -> Divergence:
    """The one in which a class of this kind of output has a certificate."""
    return usual_divergence(subject.registry, output.kind)


def _mean_square(values: Array) -> float:
    return float((values**2).sum(axis=1).mean())
