"""A plugin that is one file: put in place as if it were installed, for this process and for those that compute for it.

The file is copied into the user's cache, in a folder that its content names, beside what an installed distribution says of
itself; that folder is searched for modules from then on. So it is found, imported, digested and looked at as any other plugin,
and what was read once is what runs, whatever becomes of the file meanwhile. What lies beside the file is not copied, nor found.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import keyword
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from w2s_bench.contracts.errors import DataError, PluginError, StoreError, UsageError
from w2s_bench.contracts.files import plain_file, write_whole
from w2s_bench.registry import sources
from w2s_bench.registry.catalogue import Plugin
from w2s_bench.registry.objects import GIVEN
from w2s_bench.registry.outside import GROUP

MOST_BYTES: Final = 1_000_000
"""Of one file."""

DIGITS: Final = 12
"""Of the SHA-256 of a file, which are its version."""

_KEPT_IN: Final = "plugin-files"
_HINT: Final = "the name of the file is that of the plugin and of its module, as in my_plugin.py"


def read_files(paths: Iterable[Path]) -> dict[str, bytes]:
    """The source of each file by the name of its plugin.

    Raises UsageError for what is no file, a name that is none or is taken, and two files of one name that differ; DataError for
    one that is too large.
    """
    found: dict[str, bytes] = {}
    for path in paths:
        name = _name_of(path)
        try:
            source = plain_file(path, MOST_BYTES).read_bytes()
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}", where=str(path), hint="a plugin is one Python file") from None
        if found.setdefault(name, source) != source:
            raise UsageError(f"two plugin files are called {name}.py, and differ", where=str(path), hint=_HINT)
        _check_free(name, path)
    return found


def put_in_place(files: Mapping[str, bytes]) -> None:
    """Have these sources found as plugins from now on; one of a name that is in place already takes its place.

    Raises StoreError where the cache cannot be written.
    """
    for name, source in files.items():
        folder = _kept(name, source)
        if str(folder) not in sys.path:
            _take_away(name)
            sys.path.insert(0, str(folder))
    if files:
        importlib.invalidate_caches()
        sources.forget()


def in_place() -> dict[str, Path]:
    """The files that are plugins of this process, as they were copied, by name."""
    return {file.stem: file for folder in map(Path, sys.path) if folder.parent.name == _KEPT_IN for file in folder.glob("*.py")}


def sources_in_place() -> dict[str, bytes]:
    """The same with what they hold."""
    return {name: file.read_bytes() for name, file in in_place().items()}


def version_of(name: str) -> str:
    """The first digits of the SHA-256 of the file that a plugin is; "" for one that is no file."""
    file = in_place().get(name)
    return file.parent.name[:DIGITS] if file else ""


def refuse_broken(plugins: Iterable[Plugin], names: Collection[str]) -> None:
    """Raise PluginError for the first of these files that is not loaded, with the line where it is known."""
    for plugin in plugins:
        if plugin.name in names and plugin.problem:
            lines = re.findall(rf'File ".*[/\\]{plugin.name}\.py", line (\d+)', plugin.problem)
            raise PluginError(plugin.reason, where=f"{plugin.name}.py{f', line {lines[-1]}' if lines else ''}",
                              hint="`w2s-bench plugin doctor --verbose --plugin FILE` shows all of it")


@contextlib.contextmanager
def as_it_was() -> Iterator[None]:
    """At its end the plugins that are files are those that they were at its beginning."""
    before = in_place()
    try:
        yield
    finally:
        for name in in_place():
            _take_away(name)
        sys.path[:0] = [str(file.parent) for file in before.values()]
        importlib.invalidate_caches()
        sources.forget()


def _name_of(path: Path) -> str:
    if not path.is_file():
        raise UsageError("there is no such file", where=str(path), hint="a plugin is one Python file")
    name = path.stem
    if path.suffix != ".py" or not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise UsageError(f"{path.name} is no name of a plugin", where=str(path), hint=_HINT)
    return name


def _check_free(name: str, path: Path) -> None:
    """Raise UsageError where a plugin, or a module that anybody else may import, has the name."""
    own = in_place().get(name)
    points = importlib.metadata.entry_points(group=GROUP, name=name)
    owners = {point.dist.name for point in points if point.dist is not None} - {f"{name}.py"}
    if owners or name == GIVEN:
        whose = f"a plugin of {' and '.join(sorted(owners))}" if owners else "what is given as an object"
        raise UsageError(f"{whose} is called {name!r} already", where=str(path), hint="give the file another name")
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):  # a module that was made by hand
        spec = None
    place = Path(spec.origin).resolve() if spec is not None and spec.origin and os.path.isabs(spec.origin) else None
    mine = {path.resolve(), *([own.resolve()] if own else [])}
    if (spec is not None or name in sys.builtin_module_names) and place not in mine:
        raise UsageError(f"there is a module {name!r} already", where=str(path), hint="give the file another name")


def _kept(name: str, source: bytes) -> Path:
    """The folder with a copy of a source, and with what makes it a plugin."""
    import platformdirs

    digest = hashlib.sha256(source).hexdigest()
    folder = Path(platformdirs.user_cache_dir("w2s-bench")) / _KEPT_IN / f"{digest[:2 * DIGITS]}-{name}"
    about = folder / f"{name}.py-{digest[:DIGITS]}.dist-info"
    texts = {about / "METADATA": f"Metadata-Version: 2.1\nName: {name}.py\nVersion: {digest[:DIGITS]}\n".encode(),
             about / "entry_points.txt": f"[{GROUP}]\n{name} = {name}\n".encode(), folder / f"{name}.py": source}
    try:
        about.mkdir(parents=True, exist_ok=True)
        for path, content in texts.items():
            if not path.is_file() or path.read_bytes() != content:
                write_whole(path, content)
    except (OSError, DataError) as error:
        raise StoreError(f"a plugin file cannot be copied: {getattr(error, 'strerror', None) or error}", where=str(folder),
                         hint="XDG_CACHE_HOME says where caches lie") from None
    return folder


def _take_away(name: str) -> None:
    """Have a file found no more."""
    file = in_place().get(name)
    if file is not None:
        sys.path.remove(str(file.parent))
    sys.modules.pop(name, None)
