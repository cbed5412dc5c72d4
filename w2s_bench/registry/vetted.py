"""A component that was made, and held against the contract of its kind: its parameters pinned, its files fingerprinted."""

from __future__ import annotations

import msgspec

from w2s_bench.contracts.capabilities import can
from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.registry import contract
from w2s_bench.registry.component import Component


def vetted(component: Component) -> tuple[Component, object]:
    """The component with what it pins and its fingerprint, and the thing itself.

    Raises PluginError where it cannot be made or is not what its kind asks for, W2SError as the component raises it.
    """
    kind, params = BY_PLURAL[component.kind], dict(component.params)
    instance: object = component.create()
    contract.check(kind, instance, component.name, params)
    if can(instance, "pinned"):
        params |= contract.pinned(instance, component.name, params)
        component = msgspec.structs.replace(component, params=tuple(params.items()))
        instance = component.create()
    return msgspec.structs.replace(component, fingerprint=contract.fingerprint(kind, instance, component.name)), instance
