"""What rows are measured by: the divergences, metrics and bounds that plugins offer, and the columns that they fill."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from w2s_bench.contracts import Bound, Divergence, Metric, PluginError, UsageError, W2SError, nearest
from w2s_bench.registry.catalogue import SINGULAR, Registered, Registry
from w2s_bench.registry.component import Component
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.one_file import in_place
from w2s_bench.registry.parameters import lacking
from w2s_bench.scoring.columns import ROWS, Column
from w2s_bench.scoring.measured import columns_of

MEASURES = ("divergences", "metrics", "bounds")


@dataclass(frozen=True)
class LeftOut:
    """A divergence, metric or bound that is offered and cannot be used. It costs itself alone.

    kind: in the plural. reason: the error in one line; trace: its traceback.
    """

    kind: str
    offer: Registered
    reason: str
    trace: str

    def words(self) -> str:
        """What a person reads of it."""
        return f"the {SINGULAR[self.kind]} {self.offer.full_name} is left out ({self.reason}); see `w2s-bench plugin doctor`"


@dataclass(frozen=True)
class Measures:
    """Everything that is installed and needs no parameter, by name. components: what each is made from, by the same names.

    left_out: what cannot be used.
    """

    divergences: Mapping[str, Divergence]
    metrics: Mapping[str, Metric]
    bounds: Mapping[str, Bound]
    components: Mapping[str, Mapping[str, Component]]
    left_out: tuple[LeftOut, ...] = ()

    @functools.cached_property
    def row_columns(self) -> tuple[Column, ...]:
        """The columns of a row: those that every row has, then those of the metrics."""
        return (*ROWS, *(column for metric in self.metrics.values() for column in columns_of(metric)))

    def why_left_out(self, kind: str, name: str) -> str:
        """In words, why what a plugin offers under that name cannot be used; "" where nothing is left out of that name."""
        return next((each.words() for each in self.left_out
                     if each.kind == kind and name in (each.offer.entry.name, each.offer.full_name)), "")

    def of(self, output: str, divergence: str) -> tuple[tuple[Component, ...], tuple[Component, ...]]:
        """The metrics and the bounds that are about an output and a divergence, as components, in the order of their entries."""
        metrics = [self.components["metrics"][name] for name, metric in self.metrics.items() if output in metric.outputs]
        bounds = [self.components["bounds"][name] for name, bound in self.bounds.items()
                  if not bound.divergences or divergence in bound.divergences]
        return tuple(metrics), tuple(bounds)


class _Made(NamedTuple):
    offer: Registered
    component: Component
    instance: Any


def measures_of(registry: Registry) -> Measures:
    """What a registry offers to measure with. An entry whose extra is not installed, or that lacks a parameter, is not in it.

    What cannot be made is left out, and so is a metric that declares a column which a row has; the columns that are bundled
    are the project's own.
    """
    left_out: list[LeftOut] = []
    made = {kind: _made(registry, kind, left_out) for kind in MEASURES}
    made["metrics"] = _with_columns_of_their_own(made["metrics"], left_out)
    instances = {kind: {each.component.label: each.instance for each in found} for kind, found in made.items()}
    components = {kind: {each.component.label: each.component for each in found} for kind, found in made.items()}
    return Measures(instances["divergences"], instances["metrics"], instances["bounds"], components, tuple(left_out))


def _made(registry: Registry, kind: str, left_out: list[LeftOut]) -> list[_Made]:
    """What can be made, the bundled first: the columns of a row and the default divergence are the project's own."""
    made: list[_Made] = []
    for offer in sorted(registry.entries(kind), key=lambda offer: not offer.plugin.bundled):
        if lacking(offer.entry, {}) or registry.missing_extra(offer.entry):
            continue
        try:
            component = registry.component(kind, offer, {}, where=offer.full_name)
            made.append(_Made(offer, component, component.create()))
        except W2SError as error:
            left_out.append(_left_out(kind, offer, error))
    return made


def _with_columns_of_their_own(metrics: list[_Made], left_out: list[LeftOut]) -> list[_Made]:
    taken = {column.name for column in ROWS}
    kept: list[_Made] = []
    for each in metrics:
        names = [column.name for column in columns_of(each.instance)]
        twice = next((name for at, name in enumerate(names) if name in taken or name in names[:at]), None)
        if twice is None:
            taken |= set(names)
            kept.append(each)
        else:
            left_out.append(_left_out("metrics", each.offer, PluginError(
                f"it declares the column {twice!r}, which a row has already", where=each.component.target)))
    return kept


def _left_out(kind: str, offer: Registered, error: W2SError) -> LeftOut:
    reason = " ".join(f"{error.where}: {error.what}".split())
    return LeftOut(kind, offer, reason.removeprefix(": "), "".join(traceback.format_exception(error)))


def measures() -> Measures:
    """What the installed plugins, and those that are files, offer to measure with."""
    return _measures(tuple(map(str, in_place().values())))


@functools.cache
def _measures(files: tuple[str, ...]) -> Measures:
    return measures_of(load_registry())


def row_columns() -> tuple[Column, ...]:
    """The columns of a row that the core and the installed metrics declare."""
    return measures().row_columns


def named_divergence(name: str | None, *, where: str) -> Divergence:
    """The divergence that a user named, or the first of the project that scores numbers. Raises UsageError."""
    known = measures().divergences
    if name is None:
        return next(found for found in known.values() if found.output == "regression")
    if name not in known:
        raise UsageError(measures().why_left_out("divergences", name) or f"no divergence is called '{name}'", where=where,
                         hint=nearest(name, known))
    return known[name]
