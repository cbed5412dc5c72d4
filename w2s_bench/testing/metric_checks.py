"""Checks of metrics: what they give for a column is what they declare, whatever the order of the examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from w2s_bench.contracts import Array, Measured, Metric, Missing, Predictions, Recovered, Sample, Value
from w2s_bench.contracts.errors import W2SError
from w2s_bench.scoring.samples import sample_of
from w2s_bench.testing.checks import Broken, Subject, check
from w2s_bench.testing.made_problems import labelled
from w2s_bench.testing.own_entries import usual_divergence

_N = 200


def _sample(subject: Subject, output: str, rows: Array | None = None, *, constant: bool = False) -> Sample:
    kind, truth, prediction = labelled(output, _N, 1)
    _, _, weak = labelled(output, _N, 2)
    if constant:
        truth = np.repeat(truth[:1], _N, axis=0)
    rows = np.arange(_N) if rows is None else rows
    predicted = Predictions(weak=weak[rows], student=prediction[rows], ceiling=(0.5 * (prediction + truth))[rows])
    return sample_of("test", kind, usual_divergence(subject.registry, output), truth[rows], predicted)


def _outputs(metric: Metric) -> Iterator[str]:
    yield from (output for output in ("regression", "classes", "preferences") if output in metric.outputs)


def _number(value: Value) -> float | None:
    """The mean that a row would hold."""
    if value is None or isinstance(value, Missing):
        return None
    if isinstance(value, Measured):
        return float(value.value)
    if isinstance(value, Recovered):
        gap = float(value.err_weak.mean() - value.err_ceiling.mean())
        return float(value.err_weak.mean() - value.err_student.mean()) / gap if gap else None
    return float(np.mean(value))


def _numbers(found: Mapping[str, Value]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in found.items()}


@check("metrics", says="its columns have a meaning, a unit and a name of their own")
def columns_declared(subject: Subject) -> None:
    """docs/columns.md is made of these."""
    metric: Metric = subject.made
    if not metric.columns:
        raise Broken("it declares no column")
    for column in metric.columns:
        if not column.meaning.strip():
            raise Broken(f"{column.name} has no meaning")
        if not column.unit.strip():
            raise Broken(f"{column.name} has no unit; 1 stands for a number without one")
    if len({column.name for column in metric.columns}) < len(metric.columns):
        raise Broken("two of its columns have one name")


@check("metrics", says="it gives its columns and no other, as numbers that are finite or with a reason why there is none")
def gives_columns(subject: Subject) -> None:
    """On samples that have everything, of each output that it is about."""
    metric: Metric = subject.made
    known = {column.name for column in metric.columns}
    given: set[str] = set()
    for output in _outputs(metric):
        sample = _sample(subject, output)
        found = metric(sample, sample.predicted.student)
        if unknown := sorted(found.keys() - known):
            raise Broken(f"it gives {unknown[0]}, which it does not declare")
        for name, value in found.items():
            if isinstance(value, np.ndarray) and value.shape != (_N,):
                raise Broken(f"{name} of {_N} examples has shape {value.shape}")
            number = _number(value)
            if number is not None and not np.isfinite(number):
                raise Broken(f"{name} is {number}")
        given |= {name for name, number in _numbers(found).items() if number is not None}
    if any(_outputs(metric)) and not given:
        raise Broken("it gives no number for a sample of any output that it names")


@check("metrics", says="the order of the examples changes nothing")
def order_free(subject: Subject) -> None:
    """To rounding."""
    metric: Metric = subject.made
    for output in _outputs(metric):
        whole, turned = _sample(subject, output), _sample(subject, output, np.random.default_rng(3).permutation(_N))
        first = _numbers(metric(whole, whole.predicted.student))
        second = _numbers(metric(turned, turned.predicted.student))
        for name, number in first.items():
            other = second.get(name)
            if (number is None) != (other is None) or (
                    number is not None and other is not None and abs(number - other) > 1e-9 * (1.0 + abs(number))):
                raise Broken(f"{name} is {number} in one order of the examples and {other} in another")


@check("metrics", says="the same sample gives the same value again, and keeps its arrays")
def repeats(subject: Subject) -> None:
    """No state between calls."""
    metric: Metric = subject.made
    for output in _outputs(metric):
        sample = _sample(subject, output)
        before = sample.truth.copy(), sample.predicted.student.copy()
        first, _, again = (_numbers(metric(each, each.predicted.student))
                           for each in (sample, _sample(subject, output, np.arange(50)), sample))
        if first != again:
            raise Broken("a second call with the same sample gives other values")
        if not (np.array_equal(before[0], sample.truth) and np.array_equal(before[1], sample.predicted.student)):
            raise Broken("an array that it was given holds other values afterwards")


@check("metrics", says="one example, and labels that are all alike, give a number, a reason or nothing")
def thin_samples(subject: Subject) -> None:
    """A metric that is not defined says so."""
    metric: Metric = subject.made
    for output in _outputs(metric):
        for words, sample in (("one example", _sample(subject, output, np.arange(1))),
                              ("labels that are all alike", _sample(subject, output, constant=True))):
            try:
                with np.errstate(all="ignore"):
                    found = _numbers(metric(sample, sample.predicted.student))
            except W2SError:
                continue
            odd = [name for name, number in found.items() if number is not None and not np.isfinite(number)]
            if odd:
                raise Broken(f"{odd[0]} of {words} is {found[odd[0]]}, where None or Missing says that there is none")


@check("metrics", says="the truth itself is no worse than a prediction that is wrong in part",
       when=lambda subject: subject.made.of == "predictor" and any(c.better and c.uses_truth for c in subject.made.columns))
def truth_is_best(subject: Subject) -> None:
    """`better` says which way."""
    metric: Metric = subject.made
    for output in _outputs(metric):
        sample = _sample(subject, output)
        best, found = (_numbers(metric(sample, prediction)) for prediction in (sample.truth.copy(), sample.predicted.student))
        for column in metric.columns:
            right, wrong = best.get(column.name), found.get(column.name)
            if not (column.better and column.uses_truth) or right is None or wrong is None:
                continue
            if (right < wrong - 1e-9) if column.better == "higher" else (right > wrong + 1e-9):
                raise Broken(f"{column.name} is {right:.4g} for the truth and {wrong:.4g} for a wrong prediction, though "
                             f"{column.better} is said to be better")
