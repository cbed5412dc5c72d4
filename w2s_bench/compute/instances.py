"""Components as a worker makes them: once each, and only while their sources and files are those that the plan saw."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from w2s_bench.contracts.errors import DataError
from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.registry.component import Component
from w2s_bench.registry.contract import fingerprint
from w2s_bench.registry.sources import source_digest
from w2s_bench.registry.versions import versions_of


def made_once(components: Mapping[str, Component]) -> Callable[[str], Any]:
    """What makes the component of a key, and gives the same one again. It raises DataError where what a key was made from changed
    since the run was planned."""
    @functools.cache
    def made(key: str) -> Any:
        component = components[key]
        _check_sources(component)
        instance = component.create()
        check_files(component, instance)
        return instance

    return made


def check_files(component: Component, instance: object) -> None:
    """Raise DataError for files that changed: what is stored under a key must be made from what the key was made from."""
    if fingerprint(BY_PLURAL[component.kind], instance, component.name) != component.fingerprint:
        raise DataError("the files that it reads changed since the run was planned", where=component.label,
                        hint="run the command again")


def _check_sources(component: Component) -> None:
    for what, changed in (("source", source_digest(component.target) != component.source),
                          ("libraries", versions_of(name for name, _ in component.libraries) != component.libraries)):
        if changed:
            raise DataError(f"the {what} of {component.name} changed since the run was planned", hint="run the command again")
    for _, part in component.parts:
        _check_sources(part)
