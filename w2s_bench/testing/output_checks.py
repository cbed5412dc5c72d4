"""Checks of kinds of output."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np

from w2s_bench.contracts import Array, Output
from w2s_bench.contracts.errors import W2SError
from w2s_bench.registry.names import parse
from w2s_bench.testing.checks import Broken, Subject, check


def _output(subject: Subject) -> Output:
    """The output of three numbers, or as it is by default."""
    kind = subject.made
    names = {field.name for field in dataclasses.fields(kind)}
    fixed = any(field.name == "k" and field.default == 2 for field in dataclasses.fields(kind))
    made: Output = kind(k=3) if "k" in names and not fixed else kind()
    return made


@check("outputs", says="it is a frozen dataclass of plain values, named as its entry, and the same after it was stored")
def can_be_stored(subject: Subject) -> None:
    """It lies beside what is computed."""
    if not dataclasses.is_dataclass(subject.made):
        raise Broken("it is no dataclass")
    output = _output(subject)
    if output.kind != subject.entry.name:
        raise Broken(f"its kind is {output.kind!r}, and its entry is called {subject.entry.name!r}")
    try:
        again = msgspec.convert(msgspec.to_builtins(output), type(output))
    except (TypeError, msgspec.ValidationError) as error:
        raise Broken(f"it holds more than plain values: {error}") from error
    if again != output:
        raise Broken("it is another after it was stored")
    try:
        output.k = 7  # type: ignore[misc]
    except dataclasses.FrozenInstanceError:
        return
    raise Broken("it is not frozen")


@check("outputs", says="truth and predictions of its kind pass, and are put in words; conforming twice changes nothing")
def takes_its_own(subject: Subject) -> None:
    """Rows that are distributions and positive, so that they are of any kind."""
    output = _output(subject)
    truth = _rows(output)
    try:
        output.check_truth(truth, np.arange(len(truth)), "the kit")
        once = output.conform(truth.copy(), "the kit")
    except W2SError as error:
        raise Broken(f"rows of {output.k} positive numbers with the sum 1 are refused: {error.message()}") from error
    if once.shape != truth.shape or not np.allclose(output.conform(once.copy(), "the kit"), once, rtol=1e-12):
        raise Broken("conforming twice gives something else than once")
    said = [output.describe(), output.word(truth[0], str), *output.summary_words(), *output.summary(truth, str).values()]
    if not all(isinstance(words, str) for words in said) or not said[0].strip() or not said[1].strip():
        raise Broken("what it says of itself or of a label is no text, or empty")
    if list(output.summary(truth, str)) != list(output.summary(truth[:2], str)):
        raise Broken("summary has other lines for other labels")


@check("outputs", says="its entry says what is predicted, and a usual strategy that there is")
def entry_whole(subject: Subject) -> None:
    """Errors and defaults use both."""
    if not subject.entry.noun.strip():  # type: ignore[union-attr]
        raise Broken("the entry has no noun")
    if usual := subject.entry.usual:  # type: ignore[union-attr]
        subject.registry.match("strategies", parse(usual))


def _rows(output: Output) -> Array:
    if output.k == 1:
        return np.linspace(0.5, 2.0, 8)[:, None]
    rows: Array = np.random.default_rng(4).dirichlet(np.full(output.k, 5.0), 8)
    return rows
