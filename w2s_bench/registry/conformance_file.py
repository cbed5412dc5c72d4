"""`conformance.toml` in a plugin's package: how the kit makes its entries, and from which checks they are exempt, and why.

    [make]
    "task/csv" = "csv[path={kit}/small.csv,target=y]"
    "model/letters" = { narrow = "letters[width=2]", wide = "letters[width=64]" }

    [exempt]
    "task/diabetes::splits_disjoint" = "two patients of the published data have the same ten numbers"

It is read from the package's folder, of which nothing is imported.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from w2s_bench.contracts.errors import PluginError
from w2s_bench.registry.catalogue import Plugin
from w2s_bench.registry.outside import GROUP
from w2s_bench.registry.sources import CONFORMANCE


@dataclass(frozen=True)
class ConformanceFile:
    """folder: of the plugin's package, None where it has none. make: by `kind/entry`, selectors by the variant that they make, ""
    for the only one. exempt: by `kind/entry::check`, or `kind/entry` for all checks of it, the reason."""

    folder: Path | None = None
    make: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    exempt: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def conformance_file(plugin: Plugin) -> ConformanceFile:
    """What a plugin says of itself; nothing where it has no such file. Raises PluginError for one that cannot be read."""
    folder = _folder(plugin)
    path = None if folder is None else folder / CONFORMANCE
    if path is None or not path.is_file():
        return ConformanceFile(folder)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PluginError(f"cannot be read: {error}", where=str(path)) from error
    if unknown := sorted(given.keys() - {"make", "exempt"}):
        raise PluginError(f"has [{unknown[0]}], which nothing reads", where=str(path), hint="known: make, exempt")
    made, exempt = _tables(given, path)
    make = {name: {"": ways} if isinstance(ways, str) else ways for name, ways in made.items()}
    return ConformanceFile(folder, make, exempt)


def _tables(given: Mapping[str, object], path: Path) -> tuple[dict[str, str | dict[str, str]], dict[str, str]]:
    """The two tables, checked."""
    make: dict[str, str | dict[str, str]] = {}
    exempt: dict[str, str] = {}
    for table in ("make", "exempt"):
        lines = given.get(table, {})
        if not isinstance(lines, dict):
            raise PluginError(f"{table} is no table", where=str(path))
        for name, value in lines.items():
            ways = isinstance(value, dict) and bool(value) and all(isinstance(way, str) for way in value.values())
            if isinstance(value, str) and value.strip():
                (make if table == "make" else exempt)[name] = value
            elif table == "make" and ways:
                make[name] = value
            else:
                raise PluginError(f'"{name}" of [{table}] is {value!r}', where=str(path), hint="make: a selector, or several by "
                                  "name, as { small = \"…\" }; exempt: the reason, as text")
    return make, exempt


def _folder(plugin: Plugin) -> Path | None:
    """The folder of the top-level package of the entry point."""
    for point in importlib.metadata.entry_points(group=GROUP, name=plugin.name):
        if point.dist is None or point.dist.name == plugin.distribution:
            spec = importlib.util.find_spec(point.value.partition(":")[0].partition(".")[0])
            places = None if spec is None else spec.submodule_search_locations
            return Path(next(iter(places))) if places else None
    return None
