"""The source of a component, as one digest."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from pathlib import Path

from w2s_bench.contracts.errors import PluginError


@functools.cache
def source_digest(target: str) -> str:
    """SHA-256 over the Python sources of the top-level package that a target lives in."""
    package = target.partition(":")[0].partition(".")[0]
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise PluginError(f"the package {package} has no source", where=target)
    origin = Path(spec.origin)
    files = sorted(origin.parent.rglob("*.py")) if spec.submodule_search_locations else [origin]
    whole = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        whole.update(f"{file.relative_to(origin.parent).as_posix()}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()
