"""`conformance.toml` in a plugin's package: how the kit makes its entries, what they read, and from which checks they are exempt.

    [make]
    "task/csv" = "csv[path={kit}/small.csv,target=y]"
    "model/letters" = { narrow = "letters[width=2]", wide = "letters[width=64]" }

    [inputs]
    "model/shapes" = "{plugin}/shapes.txt"

    [exempt]
    "task/diabetes::splits_disjoint" = "two patients of the published data have the same ten numbers"

It is read from the package's folder, of which nothing is imported.
"""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from w2s_bench.contracts.errors import PluginError
from w2s_bench.registry.catalogue import Plugin
from w2s_bench.registry.outside import Unreadable, entry_points
from w2s_bench.registry.sources import CONFORMANCE


class ConformanceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """make: by `kind/entry`, the selector that makes it, or several by the variant that they make. inputs: by `model/entry`, a
    file with what it reads: texts, a line each, or numbers, a .csv. exempt: by `kind/entry::check`, or `kind/entry` for all its
    checks, the reason. In paths {kit} stands for the kit's folder of inputs, {plugin} for the package's, {data} for the folder
    that whoever tries the plugin gives.
    """

    make: dict[str, str | dict[str, str]] = {}
    inputs: dict[str, str] = {}
    exempt: dict[str, Annotated[str, msgspec.Meta(min_length=1)]] = {}

    def ways(self, name: str, usual: str) -> Mapping[str, str]:
        """The selectors that make an entry, by variant, "" for the only one. usual: where the file says nothing."""
        found = self.make.get(name, usual)
        return {"": found} if isinstance(found, str) else found


def conformance_file(plugin: Plugin) -> ConformanceFile:
    """What a plugin says of itself; nothing where it has no such file. Raises PluginError for one that cannot be read."""
    folder = package_folder(plugin)
    path = None if folder is None else folder / CONFORMANCE
    if path is None or not path.is_file():
        return ConformanceFile()
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), ConformanceFile)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PluginError(f"cannot be read: {error}", where=str(path),
                          hint="[make] and [inputs] name what is read, [exempt] gives a reason for each check") from error


def package_folder(plugin: Plugin) -> Path | None:
    """The folder of the top-level package of the entry point, None where there is none, as of a plugin in one file."""
    for point in entry_points():
        if isinstance(point, Unreadable) or point.name != plugin.name:
            continue
        if point.dist is None or point.dist.name == plugin.distribution:
            spec = importlib.util.find_spec(point.value.partition(":")[0].partition(".")[0])
            places = None if spec is None else spec.submodule_search_locations
            return Path(next(iter(places))) if places else None
    return None
