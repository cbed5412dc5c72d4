"""What an error's code is, and what it stands for: entries in the `errors.toml` of the package whose code raised it.

A package of plugins may ship such a file of its own, with codes that begin otherwise; what it does not explain, the entries of
w2s_bench for all plugins do.
"""

from __future__ import annotations

import functools
import importlib.util
import traceback
from collections.abc import Iterator
from pathlib import Path

import msgspec

CORE = "w2s_bench"
FILE = "errors.toml"
ANYWHERE = "*"


class Explanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One code. raised: "module:Class" of the errors that it stands for, where a module stands for all that lies in it and * for
    any; says: pieces of words, one of which the error has to have, none for any words. means, mend: what it means, what to do."""

    title: str
    means: str
    mend: str
    raised: tuple[str, ...]
    says: tuple[str, ...] = ()

    def nearness(self, module: str, classes: frozenset[str], what: str) -> int:
        """How closely this names where an error of these classes and words was raised; 0 where it is none of these."""
        if self.says and not any(piece in what for piece in self.says):
            return 0
        places = [place.partition(":") for place in self.raised]
        return max((len(where) for where, _, name in places if name in classes
                    and (where == ANYWHERE or module == where or module.startswith(f"{where}."))), default=0)


@functools.cache
def explanations(package: str = CORE) -> dict[str, Explanation]:
    """The entries of a package by their codes, in the order of its file; none for a package without one."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(folder) / FILE
        if file.is_file():
            return msgspec.toml.decode(file.read_bytes(), type=dict[str, Explanation])
    return {}


def code_of(error: BaseException) -> str:
    """The code of an error, by who raised it; "" for one that no entry fits."""
    return code_at(raised_in(error), frozenset(kind.__name__ for kind in type(error).__mro__), str(getattr(error, "what", error)))


def code_at(module: str, classes: frozenset[str], what: str) -> str:
    """The code of an error of these classes and words that was raised in a module: by its own package, else by the core."""
    package = module.partition(".")[0]
    for source in dict.fromkeys(filter(None, (package, CORE))):
        found = {code: entry.nearness(module, classes, what) for code, entry in explanations(source).items()}
        code = max(found, key=found.__getitem__, default="")
        if found.get(code):
            return code
    return ""


def raised_in(error: BaseException) -> str:
    """Name of the module that raised an error; "" for one that was never raised."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals.get("__name__", "")) if frames else ""


def all_explanations(packages: Iterator[str]) -> dict[str, Explanation]:
    """The entries of the core and of these packages, by their codes in order."""
    found = dict(explanations())
    for package in packages:
        found |= explanations(package)
    return dict(sorted(found.items()))
