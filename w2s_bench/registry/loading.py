"""Plugins found by entry point, and loaded one by one behind a guard."""

from __future__ import annotations

import importlib.metadata
import traceback
from typing import Any

import pluggy

from w2s_bench.contracts import hooks
from w2s_bench.contracts.errors import PluginError
from w2s_bench.contracts.kinds import KINDS, Kind
from w2s_bench.registry.catalogue import Plugin, Registered, Registry
from w2s_bench.registry.names import PLAIN_NAME

GROUP = "w2s_bench"


def load_registry() -> Registry:
    """Load every plugin of the entry-point group; one that breaks is quarantined and named, the others work."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    plugins: list[Plugin] = []
    offered: dict[str, list[Registered]] = {kind.plural: [] for kind in KINDS}
    points: dict[str, list[importlib.metadata.EntryPoint]] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        points.setdefault(point.name, []).append(point)
    for name, claims in sorted(points.items()):
        owners = sorted({_owner(point) for point in claims})
        if len(owners) > 1:
            reason = f"the plugin name {name!r} is claimed by " + " and ".join(f"{d} {v}" for d, v in owners)
            plugins.extend(Plugin(name, distribution, version, reason) for distribution, version in owners)
            continue
        plugin = Plugin(name, *owners[0])
        try:
            module = claims[0].load()
            manager.register(module, name)
            found = {kind.plural: _offered(module, kind) for kind in KINDS}
        except (Exception, SystemExit):
            if manager.has_plugin(name):
                manager.unregister(name=name)
            plugins.append(Plugin(name, *owners[0], problem=traceback.format_exc()))
            continue
        plugins.append(plugin)
        for plural, entries in found.items():
            offered[plural].extend(Registered(plugin, entry) for entry in entries)
    return Registry(tuple(plugins), {kind: tuple(found) for kind, found in offered.items()}, manager.hook)


def _offered(module: Any, kind: Kind) -> list[Any]:
    hook = getattr(module, kind.hook, None)
    offered = list(hook()) if hook else []
    for entry in offered:
        if not isinstance(entry, kind.entry):
            raise PluginError(f"{kind.hook} gave {entry!r}, not a {kind.entry.__name__}", where=module.__name__)
    names = [entry.name for entry in offered]
    for name in names:
        if not PLAIN_NAME.fullmatch(name):
            raise PluginError(f"{kind.hook} offers the name {name!r}", where=module.__name__, hint="letters, digits, - _ and .")
    if len(set(names)) != len(names):
        raise PluginError(f"{kind.hook} offers one name twice: {sorted(names)}", where=module.__name__)
    return offered


def _owner(point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else (point.value, "")
