"""What a plugin needs of the contracts, read from its source before any of it is imported."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import warnings
from pathlib import Path

from w2s_bench.contracts.api import API
from w2s_bench.contracts.errors import PluginError

SAID_AS = "requires_api"
"""The name at the top level of a plugin's module, which holds a version specifier as a literal text."""


def check_requirement(module: str, where: str = "") -> None:
    """Raise PluginError where a plugin's module says that it needs another API than this one, or says no such thing.

    module: dotted name of the module that holds the hooks. where: what names the plugin in the message, by default the module.
    One that says nothing is taken for any version, and one whose source cannot be read is left to its import.
    """
    source = source_file(module)
    if source is None:
        return
    wanted = required_api(source.read_bytes(), where or module)
    if wanted is not None:
        check_fits(wanted, where or module)


def check_fits(wanted: str, where: str) -> None:
    """Raise PluginError for what is no version specifier, and for one that this API does not meet."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        fits = SpecifierSet(wanted).contains(API, prereleases=True)
    except InvalidSpecifier:
        raise PluginError(f"{SAID_AS} = {wanted!r} is no version specifier", where=where, hint='write one as ">=1,<2"') from None
    if not fits:
        raise PluginError(f"it needs the API {wanted} of w2s_bench.contracts, and this w2s-bench has {API}", where=where,
                          hint="install a release of the plugin, or of w2s-bench, that goes with the other")


def required_api(source: bytes, where: str) -> str | None:
    """The text that a module's source gives the name `requires_api` at its top level, the last one; None where it does not.

    Raises PluginError where what it gives is no literal text.
    """
    if SAID_AS.encode() not in source:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong with the source is said when it is imported
            lines = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    given = [line.value for line in lines if SAID_AS in _names(line) and isinstance(line, ast.Assign | ast.AnnAssign)]
    if not given:
        return None
    value = given[-1]
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        raise PluginError(f"{SAID_AS} is no literal text, so that it cannot be read before the import", where=where,
                          hint=f'{SAID_AS} = ">=1,<2"')
    return value.value


def _names(line: ast.stmt) -> list[str]:
    targets = line.targets if isinstance(line, ast.Assign) else [line.target] if isinstance(line, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def source_file(module: str) -> Path | None:
    """The file that a module's source lies in, found without importing the packages around it; None where there is none."""
    top, *within = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    for part in within:  # looked for by its last name alone: by the whole one, Python asks for the imported package
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(part, list(spec.submodule_search_locations))
    if spec is None or spec.origin is None or not spec.origin.endswith(".py") or not Path(spec.origin).is_file():
        return None
    return Path(spec.origin)
