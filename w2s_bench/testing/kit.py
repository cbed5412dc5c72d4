"""All checks of the kit: those that the modules `*_checks` of this package hold."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from importlib.resources import files

import w2s_bench.testing
from w2s_bench.contracts.kinds import KINDS
from w2s_bench.testing.checks import Check


def kit_version() -> str:
    """The version of the kit: of the plugins' contracts that it checks."""
    return files("w2s_bench.testing").joinpath("VERSION").read_text(encoding="utf-8").strip()


@functools.cache
def every_check() -> tuple[Check, ...]:
    """In the order of the kinds, and as they stand in their modules."""
    found: dict[tuple[str, str], Check] = {}
    for module in pkgutil.iter_modules(w2s_bench.testing.__path__):
        if module.name.endswith("_checks"):
            for value in vars(importlib.import_module(f"w2s_bench.testing.{module.name}")).values():
                if isinstance(value, Check):
                    found.setdefault((value.kind, value.name), value)
    order = [kind.plural for kind in KINDS]
    return tuple(sorted(found.values(), key=lambda each: order.index(each.kind)))


def checks_of(kind: str) -> tuple[Check, ...]:
    """Those of a kind, named in the plural."""
    return tuple(each for each in every_check() if each.kind == kind)
