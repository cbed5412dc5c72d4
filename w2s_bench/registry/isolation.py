"""How far code of others is kept apart from this process, and from each other: what the environment says."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import get_args

from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.contracts.executors import Isolation

ISOLATE = "W2S_BENCH_ISOLATE"
"""The environment variable that says it; `run --isolate` sets it, so that worker processes read the same."""


def isolation() -> Isolation:
    """What is asked for, `auto` where nothing is. Raises UsageError for a word that is none of the three."""
    word = os.environ.get(ISOLATE) or "auto"
    known: tuple[Isolation, ...] = get_args(Isolation)
    found = next((each for each in known if each == word), None)
    if found is None:
        raise UsageError(f"{word!r} is none of {', '.join(known)}", where=ISOLATE, hint=nearest(word, known))
    return found


@contextlib.contextmanager
def isolated(word: str | None) -> Iterator[None]:
    """While it lasts this is asked for, by this process and by those that it starts; None leaves it as it is."""
    before = os.environ.get(ISOLATE)
    if word is not None:
        os.environ[ISOLATE] = word
    try:
        isolation()
        yield
    finally:
        if before is not None:
            os.environ[ISOLATE] = before
        elif word is not None:
            del os.environ[ISOLATE]
