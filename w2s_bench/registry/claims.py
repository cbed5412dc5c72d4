"""Who claims to be a plugin: the entry points of all installed distributions, read without importing any of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import Distribution, EntryPoint

from w2s_bench.contracts.printable import one_word
from w2s_bench.registry.catalogue import Plugin
from w2s_bench.registry.names import LONGEST_NAME, PLAIN_NAME
from w2s_bench.registry.outside import GROUP, entry_points


@dataclass(frozen=True)
class Claim:
    """plugin: who claims, with a problem where the claim cannot be followed. point: what is to be imported."""

    plugin: Plugin
    point: EntryPoint


def claims() -> tuple[Claim, ...]:
    """All claims, in order of their names. Refused is a name that is none, what cannot be read of a distribution, and a name that
    several distributions claim: by all of them but the project's own."""
    points: dict[str, list[EntryPoint]] = {}
    unreadable: list[Claim] = []
    for point in entry_points():
        if isinstance(point, EntryPoint):
            points.setdefault(point.name, []).append(point)
        else:
            name, version = map(one_word, _named(point.distribution))
            problem = f"its entry points cannot be read: {one_word(point.why)}"
            unreadable.append(Claim(Plugin(name, name, version, problem), EntryPoint(name, "", GROUP)))
    return (*(claim for name in sorted(points) for claim in _rivals(name, points[name])), *unreadable)


def _named(distribution: Distribution | None) -> tuple[str, str]:
    """Name and version, "unknown" for what its metadata do not say."""
    try:
        about = distribution.metadata if distribution else None
        return str((about and about["Name"]) or "unknown"), str((about and about["Version"]) or "unknown")
    except Exception:  # metadata that are none
        return "unknown", "unknown"


def _rivals(name: str, points: list[EntryPoint]) -> list[Claim]:
    """Who claims a name; all are refused but the project's own distribution, and a single one."""
    owners: dict[tuple[str, str], EntryPoint] = {}
    for point in points:
        owner = tuple(map(one_word, _named(point.dist))) if point.dist else (one_word(point.value), "")
        owners.setdefault(owner, point)  # type: ignore[arg-type]
    found = [Claim(Plugin(one_word(name), *owner), owners[owner]) for owner in sorted(owners)]
    if len(name) > LONGEST_NAME or not PLAIN_NAME.fullmatch(name):
        reason = f"the plugin name {one_word(name)} is none: letters, digits, - _ and ., at most {LONGEST_NAME} of them"
        return [_refused(claim, reason) for claim in found]
    if len(found) == 1:
        return found
    if any(claim.plugin.bundled for claim in found):
        reason = f"the plugin name {name!r} is bundled with w2s-bench"
    else:
        reason = f"the plugin name {name!r} is claimed by " + " and ".join(
            f"{claim.plugin.distribution} {claim.plugin.version}" for claim in found)
    return [claim if claim.plugin.bundled else _refused(claim, reason) for claim in found]


def _refused(claim: Claim, reason: str) -> Claim:
    return replace(claim, plugin=replace(claim.plugin, problem=reason))
