"""Plugins found by entry point, and loaded one by one behind a guard."""

from __future__ import annotations

import importlib.metadata
import os
import traceback
from collections.abc import Collection, Sequence
from typing import Any

import pluggy

from w2s_bench.contracts import hooks
from w2s_bench.contracts.errors import PluginError, UsageError, nearest
from w2s_bench.contracts.kinds import KINDS, Kind
from w2s_bench.registry.catalogue import Plugin, Registered, Registry
from w2s_bench.registry.offers import check_hooks, offered_entries
from w2s_bench.registry.outside import DISTRIBUTION, GROUP
from w2s_bench.registry.requirements import check_requirement

LEFT_OUT = "W2S_BENCH_NO_PLUGINS"
"""The environment variable that leaves plugins out: their names with commas between, or `all` that are not bundled."""


def load_registry(*wanted: str) -> Registry:
    """Load every plugin of the entry-point group that is not left out; one that breaks is quarantined and named, the others work.

    A name of the project's own distribution is its own: a plugin of another distribution cannot take it. Raises UsageError
    for a plugin that is to be left out and is not there. wanted: kinds in the plural, to ask for the entries of these alone.
    """
    points: dict[str, list[importlib.metadata.EntryPoint]] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        points.setdefault(point.name, []).append(point)
    left_out = _left_out(points)
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    kinds = [kind for kind in KINDS if not wanted or kind.plural in wanted]
    plugins: list[Plugin] = []
    offered: dict[str, list[Registered]] = {kind.plural: [] for kind in KINDS}
    for name, claims in sorted(points.items()):
        for plugin, claim in _rivals(name, claims):
            if name in left_out or ("all" in left_out and not plugin.bundled):
                continue
            problem, entries = (plugin.problem, {}) if plugin.problem else _loaded(claim, manager, kinds)
            plugins.append(Plugin(name, plugin.distribution, plugin.version, problem))
            for plural, found in entries.items():
                offered[plural].extend(Registered(plugin, entry) for entry in found)
    return Registry(tuple(plugins), {kind: tuple(found) for kind, found in offered.items()}, manager.hook)


def _left_out(known: Collection[str]) -> frozenset[str]:
    names = frozenset(filter(None, (name.strip() for name in os.environ.get(LEFT_OUT, "").split(","))))
    for name in sorted(names - {"all"}):
        if name not in known:
            raise UsageError(f"no plugin is called {name!r}, so that it could be left out", where=LEFT_OUT,
                             hint=nearest(name, [*known, "all"]))
    return names


def _rivals(name: str, claims: list[importlib.metadata.EntryPoint]) -> list[tuple[Plugin, importlib.metadata.EntryPoint]]:
    """Who claims a name; all are refused but the project's own distribution, and a single one."""
    owners: dict[tuple[str, str], importlib.metadata.EntryPoint] = {}
    for claim in claims:
        owners.setdefault((claim.dist.name, claim.dist.version) if claim.dist else (claim.value, ""), claim)
    plugins = [(Plugin(name, *owner), claim) for owner, claim in sorted(owners.items(), key=lambda pair: pair[0])]
    if len(plugins) == 1:
        return plugins
    if any(plugin.bundled for plugin, _ in plugins):
        reason = f"the plugin name {name!r} is bundled with w2s-bench"
    else:
        reason = f"the plugin name {name!r} is claimed by " + " and ".join(f"{p.distribution} {p.version}" for p, _ in plugins)
    return [(plugin if plugin.bundled else Plugin(name, plugin.distribution, plugin.version, reason), claim)
            for plugin, claim in plugins]


def _loaded(claim: importlib.metadata.EntryPoint, manager: pluggy.PluginManager,
            kinds: Sequence[Kind]) -> tuple[str, dict[str, list[Any]]]:
    """Why a plugin is quarantined, "" where it is not, and its entries by kind.

    Whatever its import or its hooks raise is its own fault alone, `sys.exit` and worse included.
    """
    try:
        if claim.dist is None or claim.dist.name != DISTRIBUTION:  # what comes with the API goes with it
            check_requirement(claim.module, claim.value)
        module = claim.load()
        check_hooks(module, claim.value)
        manager.register(module, claim.name)
        return "", {kind.plural: offered_entries(module, kind, claim.value) for kind in kinds}
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if manager.has_plugin(claim.name):
            manager.unregister(name=claim.name)
        if isinstance(error, PluginError):
            return error.message(), {}
        return traceback.format_exc(), {}
