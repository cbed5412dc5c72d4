"""An entry with every parameter resolved: what is made, and what a job's key is made from."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import msgspec

from w2s_bench.contracts.digests import digest
from w2s_bench.contracts.errors import PluginError, W2SError
from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.registry.names import Scalar


class Component(msgspec.Struct, frozen=True, dict=True, forbid_unknown_fields=True):
    """An entry with every parameter resolved: what a job's key is made from.

    label: the shortest name that selects it; pooled_label: the same without parameters that only number draws.
    source: digest of the component's source package.
    fingerprint: digest of the files that the component reads, as it reports itself. parts: the components that parameters
    name, by parameter; they are in the key with all that is theirs.
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

    @functools.cached_property
    def key(self) -> str:
        """Digest of everything but the labels."""
        inside = [[name, part.key] for name, part in self.parts]
        return digest([self.kind, self.name, self.target, self.version, self.params, self.source, self.fingerprint, *inside])

    @functools.cached_property
    def identity(self) -> str:
        """Name and parameters only: what seeds are derived from."""
        return digest([self.name, self.params, *([name, part.identity] for name, part in self.parts)])

    def create(self) -> Any:
        """The component itself, imported now, and with it those that its parameters name.

        Raises PluginError when that fails, W2SError as the component raises it.
        """
        if not BY_PLURAL[self.kind].called:
            return imported(self.target, self.label)
        return instantiate(self.target, {**dict(self.params), **{name: part.create() for name, part in self.parts}}, self.label)

    def named(self, kind: str) -> tuple[Component, ...]:
        """The components of a kind that parameters name, those within parts too, in order."""
        found: list[Component] = []
        for _, part in self.parts:
            found += [part] if part.kind == kind else part.named(kind)
        return tuple(found)


def imported(target: str, label: str) -> Any:
    """What `module:attribute` names. Raises PluginError when that fails, W2SError as the module raises it."""
    module_name, _, attribute = target.partition(":")
    return _guarded(lambda: getattr(importlib.import_module(module_name), attribute), target, label)


def instantiate(target: str, params: dict[str, Any], label: str) -> Any:
    """Import `module:Class` and call it. Raises PluginError when that fails, W2SError as the component raises it."""
    factory = imported(target, label)
    return _guarded(lambda: factory(**{name.replace("-", "_"): value for name, value in params.items()}), target, label)


def _guarded(make: Callable[[], Any], target: str, label: str) -> Any:
    try:
        return make()
    except W2SError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(f"cannot make {label}: {type(error).__name__}: {error}", where=target,
                          hint="w2s-bench plugin doctor --verbose shows the traceback") from error
