"""The objects of this process that are components: a target `w2s_bench.registry.objects:NAME_DIGEST` is found here."""

from __future__ import annotations

from collections.abc import Callable

GIVEN = "given"
"""The plugin under which objects are listed: `given/MyStrategy-0f3a9c21`."""

_HELD: dict[str, object] = {}


def hold(thing: object, title: str, digest: str) -> str:
    """Keep an object whose source and values have this digest; returns the target that it is found by."""
    token = f"{title}_{digest}"
    _HELD[token] = thing
    return f"{__name__}:{token}"


def source_of(target: str) -> str:
    """The digest of an object that a target stands for; "" for a target elsewhere."""
    module, _, token = target.partition(":")
    return token.rpartition("_")[2] if module == __name__ else ""


def __getattr__(token: str) -> Callable[[], object]:
    """What makes a component of the object that a target names: the object itself."""
    if token not in _HELD:
        raise AttributeError(f"{token} was given as an object, in another process", name=token)
    thing = _HELD[token]
    return lambda: thing
