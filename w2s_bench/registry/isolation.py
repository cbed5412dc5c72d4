"""How far code of others is kept apart from this process, and from each other: what the environment says."""

from __future__ import annotations

import os
from typing import Literal, get_args

from w2s_bench.contracts.errors import UsageError, nearest

ISOLATE = "W2S_BENCH_ISOLATE"
"""The environment variable that says it; `run --isolate` sets it, so that worker processes read the same."""

Isolation = Literal["auto", "always", "never"]
"""auto: a plugin of others is looked at in a process of its own before it is imported here, and its jobs share no worker with
those of another owner. always: each batch of its jobs has a fresh worker besides. never: it is trusted as the project's own
are."""


def isolation() -> Isolation:
    """What is asked for, `auto` where nothing is. Raises UsageError for a word that is none of the three."""
    word = os.environ.get(ISOLATE) or "auto"
    known: tuple[Isolation, ...] = get_args(Isolation)
    found = next((each for each in known if each == word), None)
    if found is None:
        raise UsageError(f"{word!r} is none of {', '.join(known)}", where=ISOLATE, hint=nearest(word, known))
    return found
