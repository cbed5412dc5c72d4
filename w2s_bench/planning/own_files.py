"""The plugins that are one file each: in a spec, and among what the plugins offer."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from w2s_bench.planning.spec import OwnFile, RunSpec
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.one_file import put_in_place, read_files, refuse_broken


def with_files(spec: RunSpec, files: Iterable[OwnFile]) -> RunSpec:
    """A spec that names these plugin files too. Raises UsageError where one of that name holds something else."""
    both = (*files, *spec.plugins)
    read_files(file.path for file in both)
    return msgspec.structs.replace(spec, plugins=tuple(sorted(dict.fromkeys(both), key=lambda file: file.path.stem)))


def registry_with(files: Iterable[OwnFile]) -> Registry:
    """What the plugins offer, and these files with them, which are plugins of this process from now on.

    Raises UsageError for what is no plugin file, PluginError for one that does not load, with the line.
    """
    found = read_files(file.path for file in files)
    put_in_place(found)
    registry = load_registry()
    refuse_broken(registry.plugins, found)
    return registry
