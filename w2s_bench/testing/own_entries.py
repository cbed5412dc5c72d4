"""The task, the model and the supervisor that the kit brings, as entries beside those that are installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from w2s_bench.contracts import Divergence
from w2s_bench.contracts.entries import Entry, ModelEntry, Parameter, StrategyEntry, TaskEntry
from w2s_bench.registry.catalogue import Plugin, Registered, Registry
from w2s_bench.testing import peekable_models, peekable_task

KIT: Final = Plugin("kit", "w2s-bench", "")


def with_own(registry: Registry, *strategies: Registered) -> Registry:
    """The registry with `kit/peekable`, `kit/columns` and `kit/weak-lines`, and with strategies on trial that it lacks."""
    own: Mapping[str, Iterable[Entry]] = {
        "tasks": (TaskEntry("peekable", f"{peekable_task.__name__}:PeekableTask", parameters=(
            Parameter("path", str, None, "its file"), Parameter("reading", str, None, "what is predicted"),
            Parameter("divergence", str, None, "what scores it"))),),
        "models": (ModelEntry("columns", f"{peekable_models.__name__}:FirstColumns", parameters=(
            Parameter("width", int, None, "how many columns"),)),),
        "strategies": (StrategyEntry("weak-lines", f"{peekable_models.__name__}:WeakLines"),)}
    offered = {kind: (*registry.entries(kind), *(Registered(KIT, each) for each in entries)) for kind, entries in own.items()}
    known = {each.full_name for each in offered["strategies"]}
    offered["strategies"] += tuple(each for each in strategies if each.full_name not in known)
    return replace(registry, offered={**registry.offered, **offered})


def usual_divergence(registry: Registry, output: str) -> Divergence:
    """The bundled divergence by which fits of a kind of output are certified: quadratic of numbers, entropic of classes."""
    kind, geometry = ("regression", "quadratic") if output == "regression" else ("classes", "entropic")
    for offer in registry.entries("divergences"):
        if offer.plugin.bundled:
            made: Divergence = registry.make("divergences", offer.full_name)
            if (made.output, made.geometry) == (kind, geometry):
                return made
    raise LookupError(f"no bundled divergence is {geometry} and of {kind}")
