"""What the metadata of an installed distribution say that is not so: a version that is none, and what is not there."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from w2s_bench.contracts.printable import one_word


def faults_of(distribution: str) -> tuple[str, ...]:
    """What is wrong with it, in words; nothing for one that is not installed."""
    try:
        found = importlib.metadata.distribution(distribution)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ()
    return (*_of_version(found), *_of_requirements(found))


def _of_version(found: importlib.metadata.Distribution) -> Iterator[str]:
    version = str(found.metadata["Version"] or "")
    try:
        Version(version)
    except InvalidVersion:
        yield f"its version {one_word(version)} is none" if version else "it says no version"


def _of_requirements(found: importlib.metadata.Distribution) -> Iterator[str]:
    for line in found.requires or ():
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            yield f"it requires {one_word(line)!r}, which names nothing"
            continue
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            there = _installed(wanted.name)
            if not there:
                yield f"it requires {one_word(str(wanted))}, which is not installed"
            elif not _fits(wanted, there):
                yield f"it requires {one_word(str(wanted))}, and {wanted.name} {one_word(there)} is installed"


def _installed(name: str) -> str:
    try:
        return str(importlib.metadata.version(name) or "")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _fits(wanted: Requirement, version: str) -> bool:
    try:
        return wanted.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return False
