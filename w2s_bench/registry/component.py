"""An entry with every parameter resolved: what is made, and what a job's key is made from."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from w2s_bench.contracts.digests import digest
from w2s_bench.contracts.errors import PluginError, W2SError
from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.registry.names import Scalar

Made = TypeVar("Made")


_BESIDE_PARAMETERS = ("kind", "name", "target", "version", "source", "fingerprint", "parts", "libraries")


class Component(msgspec.Struct, frozen=True, dict=True, forbid_unknown_fields=True):
    """An entry with every parameter resolved: what a job's key is made from.

    label: the shortest name that selects it; pooled_label: the same without parameters that only number draws.
    params: all that the target is called with. source: digest of the component's source package.
    fingerprint: digest of the files that the component reads, as it reports itself. parts: the components that parameters
    name, by parameter; they are in the key with all that is theirs.
    unsaid: names of the parameters that set nothing apart: those at their default, and those that are a place or speed alone.
    placed: whether a parameter names a place, so that the fingerprint stands for it wherever it would stand.
    libraries: the distributions that its numbers rest on, and their versions.
    owner: the distribution whose plugin offers it, "" for the project's own; in no key.
    """

    kind: str
    name: str
    label: str
    target: str
    version: int
    params: tuple[tuple[str, Scalar | None], ...]
    source: str
    fingerprint: str
    pooled_label: str = ""
    parts: tuple[tuple[str, Component], ...] = ()
    unsaid: tuple[str, ...] = ()
    placed: bool = False
    libraries: tuple[tuple[str, str], ...] = ()
    owner: str = ""

    @functools.cached_property
    def meaning(self) -> dict[str, Scalar | None]:
        """The parameters that set the component apart from others of its entry, components within left out."""
        silent = {*self.unsaid, *(name for name, _ in self.parts)}
        return {name: value for name, value in sorted(self.params) if name not in silent}

    @functools.cached_property
    def key(self) -> str:
        """Digest of everything but the labels, and but what is a place or speed alone."""
        inside = {name: part.key for name, part in self.parts}
        return digest({"kind": self.kind, "identity": self.identity, "target": self.target, "version": self.version,
                       "source": self.source, "fingerprint": self.fingerprint, "parts": inside,
                       "libraries": dict(self.libraries)})

    @functools.cached_property
    def identity(self) -> str:
        """Name, parameters, and the content of places: what seeds are derived from, whatever the versions and the sources."""
        inside = {name: part.identity for name, part in self.parts if name not in self.unsaid}
        return digest({"name": self.name, "parameters": self.meaning, "parts": inside,
                       "content": self.fingerprint if self.placed else None})

    @functools.cached_property
    def owners(self) -> frozenset[str]:
        """Whose code it is, those that its parameters name among it; of others than the project alone."""
        return frozenset({self.owner} - {""}).union(*(part.owners for _, part in self.parts))

    @property
    def plugin(self) -> str:
        """Name of the plugin that offers it."""
        return self.name.partition("/")[0]

    def create(self) -> Any:
        """The component itself, imported now, and with it those that its parameters name.

        Raises PluginError when that fails, W2SError as the component raises it.
        """
        if not BY_PLURAL[self.kind].called:
            return imported(self.target, self.label)
        return instantiate(self.target, {**dict(self.params), **{name: part.create() for name, part in self.parts}}, self.label)

    def rests_on(self) -> dict[str, Any]:
        """What its key is made from, as plain values: kept beside what it computed, and compared to say why that is stale."""
        return {"name": self.name, "target": self.target, "version": self.version, "params": self.meaning, "source": self.source,
                "fingerprint": self.fingerprint, "libraries": dict(self.libraries),
                "parts": {name: part.rests_on() for name, part in self.parts}}

    def named(self, kind: str) -> tuple[Component, ...]:
        """The components of a kind that parameters name, those within parts too, in order."""
        found: list[Component] = []
        for _, part in self.parts:
            found += [part] if part.kind == kind else part.named(kind)
        return tuple(found)


def only_difference(one: Component, other: Component) -> str | None:
    """The parameter in which alone two components of an entry differ, all else in their keys being equal; None where it is not
    one."""
    if any(getattr(one, name) != getattr(other, name) for name in _BESIDE_PARAMETERS):
        return None
    apart = {name for name, _ in set(one.params) ^ set(other.params)}
    return apart.pop() if len(apart) == 1 else None


def imported(target: str, label: str) -> Any:
    """What `module:attribute` names. Raises PluginError when that fails, W2SError as the module raises it."""
    module_name, _, attribute = target.partition(":")
    return _guarded(lambda: getattr(importlib.import_module(module_name), attribute), target, label)


def instantiate(target: str, params: Mapping[str, object], label: str) -> Any:
    """Import `module:Class` and call it. Raises PluginError when that fails, W2SError as the component raises it."""
    factory = imported(target, label)
    return _guarded(lambda: factory(**{name.replace("-", "_"): value for name, value in params.items()}), target, label)


def _guarded(make: Callable[[], Made], target: str, label: str) -> Made:
    try:
        return make()
    except W2SError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(f"cannot make {label}: {type(error).__name__}: {error}", where=target,
                          hint="`w2s-bench --debug` shows the traceback") from error
