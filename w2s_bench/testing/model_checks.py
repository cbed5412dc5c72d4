"""Checks of models: that a row's features are that row's own, the same everywhere, and of the shape that is declared."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import msgspec
import numpy as np
import psutil

from w2s_bench.contracts import (
    Columns,
    Embedding,
    PrepareContext,
    can,
    columns_at,
    declared,
    height_of,
)
from w2s_bench.contracts.errors import W2SError
from w2s_bench.testing.array_digests import digest_of
from w2s_bench.testing.checks import Broken, Subject, check
from w2s_bench.testing.model_features import (
    are_close,
    component_of,
    context_of,
    copied,
    digest_of_features,
    features_digest,
    features_of,
    how_far,
    plain_inputs,
    state_of,
)
from w2s_bench.testing.model_inputs import nasty_numbers, nasty_texts, of_numbers, of_texts, reads_texts
from w2s_bench.testing.offline import check_offline
from w2s_bench.testing.places import check_changed, check_moved, reads_a_place

_CALLS, _GROWTH = 12, 24 * 2**20
"""Calls in a row, and the bytes that a process may have grown by then."""


def _rows_are_independent(subject: Subject) -> bool:
    return not declared(subject.made, "whole", False)


def _of_texts(subject: Subject) -> bool:
    return reads_texts(subject.made, subject.folder)


@check("models", says="it reads without a network, or says what is missing", bare=True)
def offline(subject: Subject) -> None:
    """Where something is absent, `absent` or a DataError has said so."""
    check_offline(subject.made, lambda: subject.made.embed(plain_inputs(subject), state_of(subject)))


@check("models", says="features are (n, d), finite, and float32, or float64 where they are precise")
def shape_and_dtype(subject: Subject) -> None:
    """The core refuses another shape in a job, and keeps float32 of what is not precise."""
    columns = plain_inputs(subject)
    found = subject.made.embed(columns, state_of(subject))
    if not isinstance(found, Embedding):
        raise Broken(f"embed() gives {type(found).__name__}, no Embedding")
    values, n = np.asarray(found.values), height_of(columns)
    if values.ndim != 2 or len(values) != n or values.shape[1] == 0:
        raise Broken(f"features of {n} inputs have the shape {values.shape}")
    wanted = np.float64 if found.precise else np.float32
    if values.dtype != wanted:
        raise Broken(f"features are {values.dtype}, and {np.dtype(wanted)} is declared")
    if not np.isfinite(values).all():
        raise Broken("features of ordinary inputs are not finite")
    if found.truncated is not None and np.shape(found.truncated) != (n,):
        raise Broken(f"truncated has the shape {np.shape(found.truncated)} for {n} inputs")


@check("models", says="the size is none or positive, and of a network its parameters or its width")
def size_as_declared(subject: Subject) -> None:
    """Models of one family are ordered by it."""
    model = subject.made
    if model.size is None:
        return
    if model.size < 1 or subject.made.size != model.size:
        raise Broken(f"the size is {model.size}, and of another instance {subject.made.size}")
    if not can(model, "module"):
        return
    module = model.module(state_of(subject))
    count = sum(parameter.numel() for parameter in module.network.parameters())
    if model.size not in (count, module.width):
        raise Broken(f"the size is {model.size:,}; its network has {count:,} parameters and the width {module.width}")


@check("models", says="the same inputs give the same bytes at every call, whatever was read in between")
def same_bytes(subject: Subject) -> None:
    """Of one instance, and of a new one."""
    columns, model = plain_inputs(subject), subject.made
    first = digest_of_features(model, columns, state_of(subject))
    half = columns_at(columns, np.arange(0, height_of(columns), 2))
    model.embed(half, state_of(subject))
    if digest_of_features(model, columns, state_of(subject)) != first:
        raise Broken("a second call gives other features: it keeps something of the calls before")
    if digest_of_features(subject.made, columns, state_of(subject)) != first:
        raise Broken("a new instance gives other features")


@check("models", says="another process gives the same bytes")
def same_elsewhere(subject: Subject) -> None:
    """Workers share one store."""
    here = features_digest(component_of(subject), subject.folder)
    if subject.elsewhere(features_digest) != here:
        raise Broken("features of the same inputs are others in another process")


@check("models", says="it prepares the same state for the same seed and inputs",
       when=lambda subject: can(subject.made, "prepare"))
def same_state(subject: Subject) -> None:
    """Of one instance, and of a new one."""
    model, context = subject.made, context_of(subject)
    first = digest_of(model.prepare(context))
    if digest_of(model.prepare(context)) != first or digest_of(subject.made.prepare(context)) != first:
        raise Broken("prepare() gives another state at a second call")


@check("models", says="states that are prepared together are those of single calls",
       when=lambda subject: can(subject.made, "prepare_many"))
def states_together(subject: Subject) -> None:
    """For as many seeds as the state depends on, or twice for one."""
    context = context_of(subject)
    several = [context, context if context.seed is None else PrepareContext(context.seed + 1, context.inputs)]
    together = list(subject.made.prepare_many(several))
    if len(together) != len(several):
        raise Broken(f"prepare_many() gives {len(together)} states for {len(several)} contexts")
    for number, (found, context) in enumerate(zip(together, several, strict=True)):
        if isinstance(found, Exception):
            raise Broken(f"prepare_many() gives {found!r} for context {number}")
        if digest_of(found) != digest_of(subject.made.prepare(context)):
            raise Broken(f"prepare_many() gives another state than prepare() for context {number}")


@check("models", says="a row has the same features alone and among others", when=_rows_are_independent)
def one_by_one(subject: Subject) -> None:
    """Up to rounding: long sets are read in blocks."""
    columns = plain_inputs(subject)
    together = features_of(subject, columns)
    for row in range(0, len(together), 5):
        alone = features_of(subject, columns_at(columns, np.array([row])))
        if not are_close(alone[0], together[row], subject):
            raise Broken(f"row {row} has other features alone than among {len(together)}: {how_far(alone[0], together[row])}")


@check("models", says="a row has the same features in another order and beside other rows", when=_rows_are_independent)
def order_and_neighbours(subject: Subject) -> None:
    """Backwards, and with half of the rows gone."""
    columns = plain_inputs(subject)
    n = height_of(columns)
    together = features_of(subject, columns)
    for words, rows in (("in the reverse order", np.arange(n)[::-1]), ("beside half of the others", np.arange(1, n, 2))):
        found = features_of(subject, columns_at(columns, rows))
        if not are_close(found, together[rows], subject):
            raise Broken(f"rows have other features {words}: {how_far(found, together[rows])}")


@check("models", says="its reader, or embed_many, gives what embed gives",
       when=lambda subject: can(subject.made, "reader") or can(subject.made, "embed_many"))
def passes_together(subject: Subject) -> None:
    """The core takes whichever it offers."""
    columns, model = plain_inputs(subject), subject.made
    wanted = features_of(subject, columns)
    given: list[tuple[str, Sequence[Embedding]]] = []
    if can(model, "reader"):
        given.append(("its reader", model.reader([model], state_of(subject))(columns)))
    if can(model, "embed_many"):
        given.append(("embed_many", model.embed_many([model], columns)))
    for words, found in given:
        if len(found) != 1 or not are_close(np.asarray(found[0].values), wanted, subject):
            raise Broken(f"{words} gives other features than embed")


@check("models", says="features of different inputs differ")
def features_vary(subject: Subject) -> None:
    """What is the same for every input teaches nothing."""
    values = features_of(subject, plain_inputs(subject))
    if (values == values[0]).all():
        raise Broken(f"all {len(values)} inputs have the same features")


@check("models", says="it leaves its inputs and its state as they were")
def inputs_untouched(subject: Subject) -> None:
    """They are those of other jobs."""
    columns, state = copied(plain_inputs(subject)), state_of(subject)
    before = digest_of(columns), digest_of(state)
    subject.made.embed(columns, state)
    if digest_of(columns) != before[0]:
        raise Broken("embed() changes its inputs in place")
    if digest_of(state) != before[1]:
        raise Broken("embed() changes its state in place")


@check("models", says="it reads no column but the one that it declares", when=lambda subject: bool(subject.made.column))
def own_column_alone(subject: Subject) -> None:
    """A task may have others, such as an answer."""
    columns = plain_inputs(subject)
    row = np.arange(height_of(columns))
    others = {"another": row.astype(np.float64), "label": row % 2, "id": np.array([f"row-{at}" for at in row], dtype=object)}
    wide = {**{name: values for name, values in others.items() if name not in columns}, **columns}
    if not are_close(features_of(subject, wide), features_of(subject, columns), subject):
        raise Broken("features are others where the task has more columns")


@check("models", says="any text has finite features or is refused in words", when=_of_texts)
def nasty_texts_are_read(subject: Subject) -> None:
    """Empty, of 100,000 characters, and what else Unicode has: in one call, and where that fails each beside an ordinary one."""
    texts = nasty_texts()
    with contextlib.suppress(Exception):
        if np.isfinite(features_of(subject, of_texts(subject.made, list(texts.values())))).all():
            return
    for name, text in texts.items():
        _read(subject, of_texts(subject.made, [text, "an ordinary text"]), f"a text: {name}")


@check("models", says="any finite numbers have finite features or are refused in words",
       when=lambda subject: not _of_texts(subject))
def nasty_numbers_are_read(subject: Subject) -> None:
    """One row, a constant column, and numbers of 10¹²."""
    for name, values in nasty_numbers().items():
        _read(subject, of_numbers(subject.made, values), name)


@check("models", says="a text that is cut is said to be", when=_of_texts)
def cut_texts_are_said(subject: Subject) -> None:
    """A long text, and one that begins with it: where they have the same features, `truncated` says so of both."""
    long = nasty_texts()["100,000 characters"]
    model = subject.made
    columns = of_texts(model, [long, long + "what a terrible and ugly disaster! " * 3000, "a text"])
    try:
        found = model.embed(columns, state_of(subject))
    except W2SError:
        return
    values = np.asarray(found.values)
    cut = np.zeros(3, dtype=bool) if found.truncated is None else np.asarray(found.truncated, dtype=bool)
    if (values[0] == values[1]).all() and not cut[:2].all():
        raise Broken("the end of a text of 100,000 characters is not read, and `truncated` does not say so")
    if cut[2]:
        raise Broken("`truncated` marks a text of six characters")


@check("models", says="features in bfloat16 are those in float32, up to its rounding",
       when=lambda subject: any(each.name == "dtype" and {"float32", "bfloat16"} <= set(each.choices)
                                for each in subject.entry.parameters))
def float32_as_bfloat16(subject: Subject) -> None:
    """Of a network that offers both as its parameter `dtype`: the angle between the features of each input."""
    columns, found = plain_inputs(subject), []
    for dtype in ("float32", "bfloat16"):
        component = component_of(subject)
        params = tuple({**dict(component.params), "dtype": dtype}.items())
        model = msgspec.structs.replace(component, params=params).create()
        found.append(np.asarray(model.embed(columns, state_of(subject)).values, dtype=np.float64))
    wide, narrow = found
    norms = np.linalg.norm(wide, axis=1) * np.linalg.norm(narrow, axis=1)
    least = float((np.einsum("nd,nd->n", wide, narrow) / np.where(norms > 0.0, norms, 1.0)).min())
    gap = float(np.abs(wide - narrow).max() / np.abs(wide).max())
    if least < 0.98 or gap > 0.25:
        raise Broken(f"an input has features whose cosine is {least:.3f} in the two, and {gap:.0%} of the largest apart")


@check("models", says="memory does not grow with the number of calls")
def memory_stays(subject: Subject) -> None:
    """The process is measured after a few calls, and after many more."""
    columns, model, state = plain_inputs(subject), subject.made, state_of(subject)
    process = psutil.Process()
    for _ in range(4):
        model.embed(columns, state)
    before = process.memory_info().rss
    for _ in range(_CALLS):
        model.embed(columns, state)
    grown = process.memory_info().rss - before
    if grown > _GROWTH:
        raise Broken(f"{_CALLS} calls with {height_of(columns)} inputs left {grown / 2**20:.0f} MiB behind")


@check("models", says="files that are moved have the same key", when=reads_a_place)
def path_is_not_in_the_key(subject: Subject) -> None:
    """Nothing is computed anew for a folder with another name."""
    check_moved(subject)


@check("models", says="files that are changed have another fingerprint", when=reads_a_place)
def content_is_in_the_key(subject: Subject) -> None:
    """Else features of other weights are served."""
    check_changed(subject)


def _read(subject: Subject, columns: Columns, what: str) -> None:
    try:
        values = features_of(subject, columns)
    except W2SError:
        return
    except Exception as error:
        raise Broken(f"{what} raises {type(error).__name__}: {error}") from error
    if not np.isfinite(values).all():
        raise Broken(f"{what} has features that are not finite")
