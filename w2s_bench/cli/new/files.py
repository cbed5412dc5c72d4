"""The files of a new plugin, rendered from the templates. Nothing is written here."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from w2s_bench.cli.new.names import PluginName
from w2s_bench.cli.new.parts import PARTS

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = {
    "pyproject.toml": "pyproject.toml", "README.md": "README.md", "LICENSE": "LICENSE", "gitignore": ".gitignore",
    "workflow.yml": ".github/workflows/test.yml", "init.py": "{module}/__init__.py", "py.typed": "{module}/py.typed",
    "test.py": "tests/test_{module}.py"}
"""Where the files of every plugin lie, by the names of their templates."""

_FRAGMENTS = frozenset({"hook.py", "about.md", "try.txt"})
"""Templates of a kind that stand within other files."""


def plugin_files(name: PluginName, kinds: Sequence[str], year: int) -> dict[str, str]:
    """The text of every file of a plugin by its path in there. kinds: words of PARTS, each once. year: of the licence."""
    words = _words(name, kinds, year)
    found = {place.format(module=name.module): _rendered(f"package/{source}", words) for source, place in _PACKAGE.items()}
    for kind in kinds:
        for source in _sources(kind):
            if source not in _FRAGMENTS:
                place = source if "/" in source else f"{name.module}/{source}"
                found[place] = _rendered(f"{kind}/{source}", words)
    return dict(sorted(found.items()))


def commands_to_try(name: PluginName, kinds: Sequence[str]) -> list[str]:
    """A command for each kind that uses what the new plugin adds, in the order of the kinds."""
    return [_rendered(f"{kind}/try.txt", _words(name, kinds, 0)).strip() for kind in kinds]


def _words(name: PluginName, kinds: Sequence[str], year: int) -> dict[str, object]:
    parts = [PARTS[kind] for kind in kinds]
    contracts = sorted({word for part in parts for word in part.contracts})
    own = sorted(f"from {name.module}.{kind} import {word}" for kind, part in zip(kinds, parts, strict=True) for word in part.own)
    return {"name": name.plain, "module": name.module, "kinds": kinds, "year": year, "own": own,
            "contracts": [*contracts, "hookimpl"] if contracts else [],
            "needs": sorted({"w2s-bench", *(need for part in parts for need in part.needs)})}


def _sources(kind: str) -> Iterator[str]:
    """The names of a kind's templates, without the ending, with a folder within where there is one."""
    for found in files("w2s_bench.cli.new").joinpath("templates", kind).iterdir():
        yield from (f"{found.name}/{_plain(inner)}" for inner in found.iterdir()) if found.is_dir() else (_plain(found),)


def _plain(file: Traversable) -> str:
    return file.name.removesuffix(".jinja")


def _rendered(source: str, words: Mapping[str, object]) -> str:
    """A template with these words; a file without the ending is as it stands."""
    plain = files("w2s_bench.cli.new").joinpath("templates", *source.split("/"))
    if plain.is_file():
        return plain.read_text(encoding="utf-8")
    return _environment().get_template(f"{source}.jinja").render(words)


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(loader=PackageLoader("w2s_bench.cli.new"), undefined=StrictUndefined, trim_blocks=True,
                       lstrip_blocks=True, keep_trailing_newline=True, autoescape=False)
