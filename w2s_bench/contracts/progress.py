"""How far a job is: whoever computes tells, and whoever wants to know listens. Nothing is told where nobody listens."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import SupportsInt

from w2s_bench.contracts.printable import printable


@dataclass(frozen=True)
class Step:
    """done: how much is done, of so many; None where that is not known. unit: of what, in the plural, such as "texts"."""

    done: int
    of: int | None
    unit: str


_LONGEST_UNIT = 40

Listener = Callable[[Step], object]

_listener: Listener | None = None


def tell(done: SupportsInt, of: SupportsInt | None = None, unit: str = "steps") -> None:
    """Say how far the job in hand is, as often as is handy: `tell(start + len(batch), len(texts), "texts")`.

    A job that tells is shown, and is known to be alive for as long as what it tells changes.
    """
    if _listener is not None:
        words = " ".join(printable(str(unit)).encode("utf-8", "backslashreplace").decode().split())[:_LONGEST_UNIT]
        _listener(Step(int(done), None if of is None else int(of), words))


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """What is told in this process goes to this listener, in the thread that tells; the one before listens again after it."""
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before


@contextlib.contextmanager
def as_part(start: int, size: int, of: int) -> Iterator[None]:
    """What is told meanwhile of a part is told as of the whole: the part is `size` of the whole's `of`, behind `start`."""
    outer = _listener
    if outer is None:
        yield
        return

    def told(step: Step) -> None:
        outer(Step(start + round(size * step.done / step.of) if step.of else start, of, step.unit))

    with listening(told):
        yield
