"""Checks of strategies: what they answer, what they leave alone, and whether they know the truth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np

from w2s_bench.contracts import Array, ModulePredictor, PluginError, Predictor, can
from w2s_bench.contracts.errors import W2SError
from w2s_bench.contracts.fitting import FittedTogether
from w2s_bench.registry.catalogue import Plugin, Registered
from w2s_bench.registry.component import Component
from w2s_bench.testing.canary import told_by
from w2s_bench.testing.checks import Broken, Subject, check
from w2s_bench.testing.fits import OUTPUTS, Inputs, Trying, digest_of
from w2s_bench.testing.global_randomness import random_state_kept, seed_all
from w2s_bench.testing.peekable_models import Letters

_SHOWN = 4
"""Places that are named."""

_FEWEST_WORDS = 3
"""An error that says what is wrong has at least so many."""


def has_problems(subject: Subject) -> bool:
    """Whether the kit has problems for what a strategy predicts."""
    return not OUTPUTS.keys().isdisjoint(subject.made.outputs)


def _fits_together(subject: Subject) -> bool:
    return has_problems(subject) and can(subject.made, "fit_many")


def _predicts_numbers_or_classes(subject: Subject) -> bool:
    return not {"regression", "classes"}.isdisjoint(subject.made.outputs)


@check("strategies", says="a fit answers with finite values of each kind of output that it names", when=has_problems)
def answers_each_output(subject: Subject) -> None:
    """The shape, the sums and the signs are those that the output asks for."""
    trying = trying_of(subject)
    for output in trying.outputs:
        problem, others = trying.usual(output=output), trying.inputs(2, 7, output)
        fitted = trying.fresh().fit(problem)
        values = np.asarray(trying.answers(fitted, others), dtype=np.float64)
        if values.shape != (7, output.k):
            raise Broken(f"predicts an array of shape {values.shape} for 7 inputs of {output.kind}, wanted is (7, {output.k})")
        if not np.isfinite(values).all():
            raise Broken(f"predicts values of {output.kind} that are not finite")
        try:
            output.conform(values, subject.id)
        except PluginError as error:
            raise Broken(error.what) from None


@check("strategies", says="the same problem gives the same bytes: in another instance, whatever the global random state, and in "
       "another process", when=has_problems)
def deterministic(subject: Subject) -> None:
    """A fit draws from the seed that it is given, and from nothing else."""
    trying = trying_of(subject)
    with random_state_kept():
        seed_all(1)
        one = _usual_fit(trying)
        seed_all(2)
        if _usual_fit(trying) != one:
            raise Broken("the same problem and seed give other arrays the second time")
    if subject.apart is not None and subject.elsewhere(usual_fit_of) != one:
        raise Broken("the same problem and seed give other arrays in another process")


def usual_fit_of(component: Component, folder: Path) -> str:
    """A digest of what the usual problem gives, for another process to say."""
    return _usual_fit(Trying(component))


@check("strategies", says="a fit neither knows of earlier ones nor is known by later ones", when=has_problems)
def no_state_between_fits(subject: Subject) -> None:
    """One instance is given one problem, others, and the first again."""
    trying = trying_of(subject)
    strategy = trying.fresh()
    first = digest_of(strategy.fit(trying.usual(1)).to_arrays())
    strategy.fit(trying.usual(2))
    same_inputs = trying.inputs(1)
    strategy.fit(trying.problem(same_inputs, trying.labels(same_inputs, 5), 1))
    if digest_of(strategy.fit(trying.usual(1)).to_arrays()) != first:
        raise Broken("a problem gives other arrays after others were fitted by the same instance")


@check("strategies", says="what it is given is as it was afterwards", when=has_problems)
def inputs_not_changed(subject: Subject) -> None:
    """Features, labels, the arrays that a predictor is made from, and what it predicts from."""
    trying = trying_of(subject)
    problem = trying.usual()
    given = {"features": problem.features, "labels": problem.labels.values, **(problem.inputs or {})}
    before = _copied(given)
    strategy = trying.fresh()
    fitted = strategy.fit(problem)
    _unchanged(given, before, "fit")
    arrays = {name: np.array(array) for name, array in fitted.to_arrays().items()}
    before = _copied(arrays)
    other = strategy.from_arrays(arrays)
    features, columns = problem.features, dict(trying.inputs(2).columns)
    given = {"features": features, **columns}
    kept = _copied(given)
    if strategy.needs == "module":
        cast(ModulePredictor, other).predict(Letters(), columns)
    else:
        cast(Predictor, other).predict(features)
    _unchanged(given, kept, "predict")
    _unchanged(arrays, before, "predict")


@check("strategies", says="what a store gives back of a predictor predicts the same bytes", when=has_problems)
def arrays_round_trip(subject: Subject) -> None:
    """`to_arrays` and `from_arrays` of another instance, through the files of a store."""
    trying = trying_of(subject)
    fitted, others = trying.fresh().fit(trying.usual()), trying.inputs(2, 9)
    again = trying.fresh().from_arrays(trying.stored(fitted))
    one, two = (np.asarray(trying.answers(each, others), dtype=np.float64) for each in (fitted, again))
    if one.tobytes() != two.tobytes():
        apart = f"by up to {np.abs(one - two).max():.2g}" if one.shape == two.shape else f"in shape: {one.shape}, {two.shape}"
        raise Broken(f"what from_arrays makes of its arrays predicts something else, {apart}")


@check("strategies", says="fit_many gives what fits one by one give, in order", when=_fits_together)
def many_equal_single(subject: Subject) -> None:
    """Problems of one feature matrix with other labels and seeds, and one of other features where it takes those."""
    trying = trying_of(subject)
    inputs = trying.inputs(1)
    problems = [trying.problem(inputs, trying.labels(inputs, seed), seed) for seed in (1, 2, 3)]
    found = list(cast(FittedTogether, trying.fresh()).fit_many(problems))
    if len(found) != len(problems):
        raise Broken(f"fit_many gives {len(found)} answers to {len(problems)} problems")
    for number, (problem, answer) in enumerate(zip(problems, found, strict=True), start=1):
        if isinstance(answer, Exception):
            raise Broken(f"fit_many answers problem {number} with {type(answer).__name__}: {answer}")
        if digest_of(answer.to_arrays()) != digest_of(trying.fresh().fit(problem).to_arrays()):
            raise Broken(f"the answer of fit_many to problem {number} of {len(problems)} is not that of fit")


@check("strategies", says="one example is fitted, or refused in words", when=has_problems)
def one_example(subject: Subject) -> None:
    """A split may be as small as that after a filter."""
    trying = trying_of(subject)
    inputs = trying.inputs(1, 1)
    _answered_or_refused(trying, inputs, trying.labels(inputs, 1))


@check("strategies", says="labels that are all the same are fitted, or refused in words", when=has_problems)
def constant_labels(subject: Subject) -> None:
    """A weak model may know nothing."""
    trying = trying_of(subject)
    inputs = trying.inputs(1)
    _answered_or_refused(trying, inputs, np.repeat(trying.labels(inputs, 1)[:1], len(inputs.features), axis=0))


@check("strategies", says="labels of one class alone are fitted, or refused in words",
       when=lambda subject: not {"classes", "preferences"}.isdisjoint(subject.made.outputs))
def one_class(subject: Subject) -> None:
    """Certain of it, in each row."""
    trying = trying_of(subject)
    trying.output = next(output for output in trying.outputs if output.kind != "regression")
    inputs = trying.inputs(1)
    labels = np.zeros((len(inputs.features), trying.output.k))
    labels[:, 0] = 1.0
    _answered_or_refused(trying, inputs, labels)


@check("strategies", says="what a student leaves is the same whatever the truth of transfer and test",
       when=_predicts_numbers_or_classes, seconds=300.0)
def label_canary(subject: Subject) -> None:
    """The same fits under two truths, in one process with fits on the truth and in a process of its own."""
    assert subject.component is not None
    offer = Registered(Plugin(subject.plugin, "", ""), subject.entry)
    places = told_by(subject.registry, offer, subject.component, subject.folder / "canary")
    if places:
        more = f", and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        raise Broken(f"another truth of transfer and test changes {'; '.join(places[:_SHOWN])}{more}")


def trying_of(subject: Subject) -> Trying:
    """The small problems of a subject."""
    assert subject.component is not None
    return Trying(subject.component)


def _usual_fit(trying: Trying) -> str:
    return digest_of(trying.fresh().fit(trying.usual()).to_arrays())


def _answered_or_refused(trying: Trying, inputs: Inputs, labels: Array) -> None:
    """Raise Broken for what is neither an answer to other inputs nor an error that says what is wrong."""
    others = trying.inputs(2, 7)
    try:
        values = np.asarray(trying.answers(trying.fresh().fit(trying.problem(inputs, labels)), others), dtype=np.float64)
    except W2SError as refused:
        if len(refused.what.split()) < _FEWEST_WORDS:
            raise Broken(f"is refused without words: {refused.what!r}") from None
        return
    except Exception as error:
        raise Broken(f"raises {type(error).__name__}: {error}: fit it, or refuse it with a DataError in words") from error
    if values.shape != (7, trying.output.k) or not np.isfinite(values).all():
        raise Broken(f"is answered with an array of shape {values.shape}, or with values that are not finite; a W2SError refuses")


def _copied(arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.array(array) for name, array in arrays.items()}


def _unchanged(arrays: Mapping[str, Array], before: Mapping[str, Array], by: str) -> None:
    for name, array in arrays.items():
        same = np.array_equal(array, before[name]) if array.dtype.hasobject else array.tobytes() == before[name].tobytes()
        if not same:
            raise Broken(f"{by} changes {name} in place")
