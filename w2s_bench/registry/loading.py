"""Plugins found by entry point, and loaded one by one behind a guard."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace

import pluggy

from w2s_bench.contracts import hooks
from w2s_bench.contracts.errors import PluginError, UsageError, nearest
from w2s_bench.contracts.kinds import KINDS
from w2s_bench.registry.catalogue import Plugin, Registered, Registry
from w2s_bench.registry.claims import Claim, claims
from w2s_bench.registry.offers import loaded
from w2s_bench.registry.orders import Look
from w2s_bench.registry.outside import GROUP
from w2s_bench.registry.requirements import check_requirement
from w2s_bench.registry.taster import problems

LEFT_OUT = "W2S_BENCH_NO_PLUGINS"
"""The environment variable that leaves plugins out: their names with commas between, or `all` that are not bundled."""


def load_registry(*wanted: str, others: bool = True) -> Registry:
    """Load every plugin of the entry-point group that is not left out; one that breaks is quarantined and named, the others work.

    A name of the project's own distribution is its own: a plugin of another distribution cannot take it. Those of others are
    looked at in processes of their own first. Raises UsageError for a plugin that is to be left out and is not there. wanted:
    kinds in the plural, to ask for the entries of these alone. others: whether plugins that are not bundled are loaded, too.
    """
    found = claims()
    left_out = _left_out({claim.plugin.name for claim in found})
    kept = [claim for claim in found
            if claim.plugin.name not in left_out and (claim.plugin.bundled or (others and "all" not in left_out))]
    return _loaded(sound(kept), wanted)


def sound(found: Sequence[Claim]) -> tuple[Claim, ...]:
    """The same claims, those of others with what is wrong with them, as it is known without having imported them here."""
    asked = [_that_fits(claim) for claim in found]
    tasted = problems({at: Look(claim.point.name, claim.point.value) for at, claim in enumerate(asked)
                       if claim.plugin.owner and not claim.plugin.problem})
    return tuple(_with_problem(claim, tasted[at]) if at in tasted else claim for at, claim in enumerate(asked))


def _that_fits(claim: Claim) -> Claim:
    if claim.plugin.bundled or claim.plugin.problem:  # what comes with the API goes with it
        return claim
    try:
        check_requirement(claim.point.module, claim.point.value)
    except PluginError as error:
        return _with_problem(claim, error.message())
    except Exception as error:
        return _with_problem(claim, f"its source cannot be read: {type(error).__name__}: {error}")
    return claim


def _with_problem(claim: Claim, problem: str) -> Claim:
    return replace(claim, plugin=replace(claim.plugin, problem=problem))


def _loaded(found: Sequence[Claim], wanted: Collection[str]) -> Registry:
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    kinds = [kind for kind in KINDS if not wanted or kind.plural in wanted]
    plugins: list[Plugin] = []
    offered: dict[str, list[Registered]] = {kind.plural: [] for kind in KINDS}
    for claim in found:
        problem, entries = (claim.plugin.problem, {}) if claim.plugin.problem else loaded(claim.point, manager, kinds)
        plugins.append(replace(claim.plugin, problem=problem))
        for plural, entries_of_kind in entries.items():
            offered[plural].extend(Registered(claim.plugin, entry) for entry in entries_of_kind)
    return Registry(tuple(plugins), {kind: tuple(found) for kind, found in offered.items()}, manager.hook)


def _left_out(known: Collection[str]) -> frozenset[str]:
    names = frozenset(filter(None, (name.strip() for name in os.environ.get(LEFT_OUT, "").split(","))))
    for name in sorted(names - {"all"}):
        if name not in known:
            raise UsageError(f"no plugin is called {name!r}, so that it could be left out", where=LEFT_OUT,
                             hint=nearest(name, [*known, "all"]))
    return names
