"""What is wrong with a plugin: each one looked at in a process of its own, and what it offers made there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from w2s_bench.contracts.errors import PluginError, W2SError
from w2s_bench.registry.catalogue import SINGULAR, Plugin, Registered, Registry
from w2s_bench.registry.conformance_file import conformance_file
from w2s_bench.registry.distributions import faults_of
from w2s_bench.registry.measures import measures_of
from w2s_bench.registry.offers import OBSERVERS
from w2s_bench.registry.one_file import in_place
from w2s_bench.registry.orders import Verdict
from w2s_bench.registry.parameters import lacking
from w2s_bench.registry.taster import made_apart

_NOT_HERE = ("DataError", "UsageError", "StoreError")
"""What a sound component may raise where files of it are not at hand."""


@dataclass(frozen=True)
class Diagnosis:
    """wrong: what is wrong, a line each; traces: the same, with tracebacks. not_here: what could not be made because something is
    not at hand. offered, made: numbers of entries. exempt: reason by check, from its `conformance.toml`.
    hears: the hooks by which it observes runs.
    """

    plugin: Plugin
    wrong: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    not_here: tuple[str, ...] = ()
    offered: int = 0
    made: int = 0
    exempt: Mapping[str, str] = field(default_factory=dict)
    hears: tuple[str, ...] = ()


def diagnosed(registry: Registry) -> Iterator[Diagnosis]:
    """One for each plugin of a registry, as soon as it was looked at."""
    apart = {plugin: _Making(registry, plugin).diagnosis() for plugin in registry.plugins if not plugin.problem}
    left_out = measures_of(registry).left_out
    files = in_place()  # of one file: their version is a digest
    for plugin in registry.plugins:
        found = apart.get(plugin) or Diagnosis(plugin, (f"is quarantined: {plugin.reason}",), (plugin.problem.strip(),))
        named = "\n".join(found.wrong)
        lost = [each for each in left_out if each.offer.plugin == plugin and each.offer.full_name not in named]
        faults = faults_of(plugin.distribution) if plugin.owner and plugin.name not in files else ()
        yield Diagnosis(plugin,
                        (*found.wrong, *(f"the {SINGULAR[each.kind]} {each.offer.full_name} is left out: {each.reason}"
                                         for each in lost), *faults),
                        (*found.traces, *(each.trace for each in lost)), found.not_here, found.offered, found.made, found.exempt,
                        tuple(_heard(registry, plugin)))


def _heard(registry: Registry, plugin: Plugin) -> Iterator[str]:
    for hook in OBSERVERS:
        if any(each.plugin_name == plugin.name for each in getattr(registry.observers, hook).get_hookimpls()):
            yield hook


class _Making:
    """One plugin whose entries are made, all that need no parameter."""

    def __init__(self, registry: Registry, plugin: Plugin) -> None:
        self._registry, self._plugin = registry, plugin
        self._wrong: list[str] = []
        self._traces: list[str] = []
        self._not_here: list[str] = []

    def diagnosis(self) -> Diagnosis:
        """What was found."""
        offers = [(kind, offer) for kind in SINGULAR for offer in self._registry.entries(kind) if offer.plugin == self._plugin]
        made = sum(self._is_made(kind, offer) for kind, offer in offers)
        exempt: Mapping[str, str] = {}
        try:
            exempt = conformance_file(self._plugin).exempt
        except PluginError as error:
            self._note_wrong(" ".join(error.message().split()), "")
        return Diagnosis(self._plugin, tuple(self._wrong), tuple(self._traces), tuple(self._not_here), len(offers), made, exempt)

    def _is_made(self, kind: str, offer: Registered) -> bool:
        if kind == "suites" or lacking(offer.entry, {}) or self._registry.missing_extra(offer.entry):
            return False
        what = f"the {SINGULAR[kind]} {offer.full_name}"
        try:
            component = self._registry.described(kind, offer, {}, where=offer.full_name)
        except W2SError as error:
            self._note_wrong(f"{what} cannot be made: {' '.join(error.message().split())}", "")
            return False
        verdict = made_apart(component, self._plugin.name)
        said = _said(verdict)
        if said and verdict.raised in _NOT_HERE:
            self._not_here.append(f"{what} cannot be made here: {said}")
        elif said:
            self._note_wrong(f"{what} cannot be made: {said}", verdict.problem)
        return verdict.sound

    def _note_wrong(self, line: str, trace: str) -> None:
        self._wrong.append(line)
        self._traces.append(trace)


def _said(verdict: Verdict) -> str:
    """What is wrong, in a line."""
    if verdict.raised:
        return " ".join(verdict.error().what.split())
    return verdict.problem or "; ".join(f"it changes {change}" for change in verdict.changes)
