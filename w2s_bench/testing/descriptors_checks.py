"""Checks of descriptors of texts."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array
from w2s_bench.contracts.errors import W2SError
from w2s_bench.testing.checks import Broken, Subject, check

_TEXTS = ("", "one", "two words", "a longer text with seven words in it", "ünï ☃ 漢字", "x" * 5000)


@check("descriptors", says="numbers (n, m) that are finite, of each text by itself, the same again")
def numbers_of_texts(subject: Subject) -> None:
    """Empty, long and odd texts among them; one that it cannot read is a W2SError."""
    function = subject.made
    readable = [text for text in _TEXTS if _numbers(function, [text]) is not None]
    whole = _numbers(function, readable) if readable else None
    if whole is None:
        return
    for at, text in enumerate(readable):
        alone = _numbers(function, [text])
        if alone is None or not np.array_equal(alone[0], whole[at]):
            raise Broken("a text by itself has other numbers than among others")
    again = _numbers(function, readable)
    if again is None or not np.array_equal(whole, again):
        raise Broken("a second call gives other numbers")


def _numbers(function: object, texts: list[str]) -> Array | None:
    """What it gives for texts; None where it refuses them in words."""
    assert callable(function)
    try:
        found = np.asarray(function(texts))
    except W2SError:
        return None
    if found.ndim != 2 or len(found) != len(texts) or found.dtype.kind not in "fiu" or not np.isfinite(found).all():
        raise Broken(f"of {len(texts)} texts it gives {found.dtype} of shape {found.shape}, not finite numbers (n, m)")
    return found
