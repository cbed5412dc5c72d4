"""Checks of figures, on the rows of a run that comes with the kit."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json

from w2s_bench.contracts.errors import W2SError
from w2s_bench.figures.choosing import chosen
from w2s_bench.figures.data import RunData
from w2s_bench.figures.specification import specification
from w2s_bench.testing.checks import Broken, Subject, check
from w2s_bench.testing.subjects import kit_inputs


@functools.cache
def _ran() -> RunData:
    """The rows of a run that came with the kit, with their bounds."""
    import w2s_bench as w2s

    read = w2s.read(kit_inputs() / "run")
    return RunData(read.rows, read.bounds)


@check("figures", says="it draws the rows of a run, or says what is lacking; the same again, and the rows stay")
def draws(subject: Subject) -> None:
    """Alone and on a page."""
    assert subject.component is not None
    figure, data = chosen(subject.component), _ran()
    before = data.rows.clone()
    for on_page in (False, True):
        asked = dataclasses.replace(data, on_page=on_page)
        figure.applies(asked)
        try:
            first, again = (json.dumps(specification(figure.draw(asked)), sort_keys=True) for _ in range(2))
        except W2SError as error:
            if not error.hint:
                raise Broken(f"it refuses without a way out: {error.what}") from error
            continue
        if first != again:
            raise Broken("it draws the same rows in two ways")
    if not before.equals(data.rows):
        raise Broken("it changed the rows that it was given")


@check("figures", says="of no row that is ok it says that there is nothing to draw, and is not worth a page")
def nothing_to_draw(subject: Subject) -> None:
    """No traceback for a run whose cells all failed."""
    assert subject.component is not None
    figure, data = chosen(subject.component), _ran()
    empty = dataclasses.replace(data, rows=data.rows.clear(), bounds=data.bounds.clear())
    if figure.applies(empty):
        raise Broken("it is worth a page of no row")
    with contextlib.suppress(W2SError):
        figure.draw(empty)
        raise Broken("it draws no row, without an error")
