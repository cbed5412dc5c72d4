"""What rows are measured by: the divergences, metrics and bounds that plugins offer, and the columns that they fill."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from w2s_bench.contracts import Bound, Divergence, Metric, PluginError, UsageError, nearest
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.component import Component
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.parameters import lacking
from w2s_bench.scoring.columns import ROWS, Column
from w2s_bench.scoring.measured import columns_of

MEASURES = ("divergences", "metrics", "bounds")


@dataclass(frozen=True)
class Measures:
    """Everything that is installed and needs no parameter, by name. components: what each is made from, by the same names."""

    divergences: Mapping[str, Divergence]
    metrics: Mapping[str, Metric]
    bounds: Mapping[str, Bound]
    components: Mapping[str, Mapping[str, Component]]

    @functools.cached_property
    def row_columns(self) -> tuple[Column, ...]:
        """The columns of a row: those that every row has, then those of the metrics."""
        found = {column.name: column for column in ROWS}
        for name, metric in self.metrics.items():
            for column in columns_of(metric):
                if column.name in found:
                    raise PluginError(f"the metric {name} declares the column {column.name!r}, which a row has already",
                                      where=self.components["metrics"][name].target)
                found[column.name] = column
        return tuple(found.values())

    def of(self, output: str, divergence: str) -> tuple[tuple[Component, ...], tuple[Component, ...]]:
        """The metrics and the bounds that are about an output and a divergence, as components, in the order of their entries."""
        metrics = [self.components["metrics"][name] for name, metric in self.metrics.items() if output in metric.outputs]
        bounds = [self.components["bounds"][name] for name, bound in self.bounds.items()
                  if not bound.divergences or divergence in bound.divergences]
        return tuple(metrics), tuple(bounds)


def measures_of(registry: Registry) -> Measures:
    """What a registry offers to measure with. An entry whose extra is not installed, or that lacks a parameter, is left out.

    Raises PluginError for an entry whose target cannot be made.
    """
    components = {kind: {component.label: component for component in _plain(registry, kind)} for kind in MEASURES}
    made: dict[str, dict[str, Any]] = {kind: {name: component.create() for name, component in found.items()}
                                       for kind, found in components.items()}
    return Measures(made["divergences"], made["metrics"], made["bounds"], components)


def _plain(registry: Registry, kind: str) -> list[Component]:
    return [registry.component(kind, found, {}, where=found.full_name) for found in registry.entries(kind)
            if not lacking(found.entry, {}) and not registry.missing_extra(found.entry)]


@functools.cache
def measures() -> Measures:
    """What the installed plugins offer to measure with."""
    return measures_of(load_registry())


def row_columns() -> tuple[Column, ...]:
    """The columns of a row that the core and the installed metrics declare."""
    return measures().row_columns


def named_divergence(name: str | None, *, where: str) -> Divergence:
    """The divergence that a user named, or the first that scores numbers. Raises UsageError."""
    known = measures().divergences
    if name is None:
        return next(found for found in known.values() if found.output == "regression")
    if name not in known:
        raise UsageError(f"no divergence is called '{name}'", where=where, hint=nearest(name, known))
    return known[name]
