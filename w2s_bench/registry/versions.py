"""Versions of installed distributions."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Iterable


def installed(names: Iterable[str]) -> dict[str, str]:
    """Version by name, of those that are installed."""
    return {name: version for name, version in versions_of(names) if version}


def versions_of(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Names and versions, sorted; "" for what is not installed."""
    return tuple((name, _version(name)) for name in sorted(names))


@functools.cache
def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
