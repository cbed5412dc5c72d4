"""The source of a component, as one digest."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from w2s_bench.contracts.errors import PluginError
from w2s_bench.registry.objects import source_of

CONFORMANCE = "conformance.toml"
"""The file of a package that says how it is tested, which is no source of it."""


def source_digest(target: str) -> str:
    """SHA-256 over every file of the top-level package that a target lives in: code, and the data that ships with it.

    A package without `__init__.py` may lie in several folders: all of them are its source. An object given in Python has the
    digest by which it is held.
    """
    if held := source_of(target):
        return held
    package = target.partition(":")[0].partition(".")[0]
    found = _package_digest(package)
    if not found:
        raise PluginError(f"the package {package} has no source", where=target)
    return found


def forget() -> None:
    """Read sources again from now on: a module of another place took a name."""
    _package_digest.cache_clear()


@functools.cache
def _package_digest(package: str) -> str:
    files = sorted((name, file) for folder, file in _files(package) for name in [file.relative_to(folder).as_posix()])
    whole = hashlib.sha256()
    for name, file in files:
        content = file.read_bytes()
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest() if files else ""


def _files(package: str) -> Iterator[tuple[Path, Path]]:
    """Each file, after the folder that its name is counted from. What Python and editors leave behind is no source."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        if spec.origin is not None and Path(spec.origin).is_file():
            yield Path(spec.origin).parent, Path(spec.origin)
        return
    for folder in map(Path, spec.submodule_search_locations):
        for file in folder.rglob("*"):
            parts = file.relative_to(folder).parts
            if parts == (CONFORMANCE,):
                continue
            if file.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
                yield folder, file
