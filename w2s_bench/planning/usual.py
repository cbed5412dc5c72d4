"""The strategy of whoever names none: the usual one of the kind of output, for students, for supervisors, and within wrappers."""

from __future__ import annotations

from dataclasses import replace

from w2s_bench.contracts.errors import UsageError
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.names import Selector, format_selector, parse


def usual(registry: Registry, kind: str) -> str:
    """The name of the usual strategy of a kind of output. Raises UsageError where it has none."""
    found = next((offer.entry.usual for offer in registry.entries("outputs") if offer.entry.name == kind), "")
    if not found:
        raise UsageError(f"no strategy is usual for {kind}", hint="name one with --strategy, and one with --supervisor")
    return str(found)


def suited(registry: Registry, text: str, kind: str) -> str:
    """The name of a strategy, in which each strategy that it fits and that was not named is the usual one of the kind."""
    selector = parse(text)
    given = dict(selector.params)
    inner = {parameter.name: suited(registry, str(given[parameter.name]), kind) if parameter.name in given else
             usual(registry, kind)
             for parameter in registry.match("strategies", Selector(selector.name))[0].entry.parameters
             if parameter.names == "strategies" and parameter.when is None and parameter.default is not None}
    return format_selector(replace(selector, params=tuple({**given, **inner}.items()))) if inner else text
