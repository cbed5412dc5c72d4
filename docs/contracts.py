"""Write docs/contracts.json: all of `w2s_bench.contracts` with its signatures, fields and hooks, under the version of the API.

    .venv/bin/python docs/contracts.py

It prints the line that CHANGELOG.md must hold, which a test compares. What is listed is what a plugin can rest on: names,
parameters, defaults, types as they are written, the members that a protocol asks for and those that a capability stands for.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import typing
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

import msgspec

from w2s_bench import contracts
from w2s_bench.contracts import hooks
from w2s_bench.contracts.deprecations import DEPRECATED
from w2s_bench.contracts.fitting import PREDICTOR_CAPABILITIES
from w2s_bench.contracts.kinds import KINDS, Kind

LISTING = Path(__file__).resolve().parent / "contracts.json"
HOME = "w2s_bench.contracts"
SPECIAL = ("__init__", "__call__", "__len__", "__iter__", "__getitem__", "__contains__", "__enter__", "__exit__")
"""The methods with underscores that somebody calls, by other means than their name."""

_NO_DEFAULTS = (inspect.Parameter.empty, dataclasses.MISSING, msgspec.NODEFAULT)


def listing() -> dict[str, Any]:
    """Everything that a plugin may rest on, as plain values in an order that does not depend on the machine."""
    return {
        "api": contracts.API,
        "hooks": {name: signature(hook) for name, hook in sorted(vars(hooks).items()) if name.startswith("w2s_")},
        "kinds": {kind.name: of_kind(kind) for kind in KINDS},
        "predictor": {"capabilities": of_words(PREDICTOR_CAPABILITIES)},
        "deprecated": {each.old: {"now": each.now, "since": each.since} for each in DEPRECATED},
        "names": {name: described(getattr(contracts, name)) for name in sorted(contracts.__all__) if name != "API"},
    }


def written(found: Mapping[str, Any]) -> str:
    """The listing as the file holds it."""
    return json.dumps(found, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def line_of(text: str) -> str:
    """The words by which CHANGELOG.md says that it knows of this listing: the version and a digest."""
    return f"API {json.loads(text)['api']}, listing {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def of_kind(kind: Kind) -> dict[str, Any]:
    """The hook of a kind, its entry, and what its components must and may offer."""
    return {"hook": kind.hook, "entry": kind.entry.__name__, "protocol": kind.protocol.__name__ if kind.protocol else None,
            "called": kind.called, "capabilities": of_words(kind.capabilities)}


def of_words(capabilities: Mapping[str, type]) -> dict[str, dict[str, str]]:
    """The members that each word stands for."""
    return {word: members(protocol) for word, protocol in sorted(capabilities.items())}


def described(thing: Any) -> Any:
    """A class as its bases, fields and members, a function as its signature, and anything else as its value."""
    if inspect.isclass(thing) and thing.__module__.startswith(HOME):
        sort = "protocol" if getattr(thing, "_is_protocol", False) else "exception" if issubclass(thing, Exception) else "class"
        bases = [base.__name__ for base in thing.__mro__[1:] if base.__module__.startswith(HOME)]
        return {"is": sort, "bases": bases, "fields": fields(thing), "members": members(thing)}
    if isinstance(thing, FunctionType):
        return {"is": "function", "signature": signature(thing)}
    return {"is": "value", "value": plain(thing)}


def fields(kind: type) -> dict[str, str]:
    """What its objects are made from, in order: type, and default where there is one."""
    if dataclasses.is_dataclass(kind):
        return {each.name: typed(each.type, each.default, each.default_factory) for each in dataclasses.fields(kind) if each.init}
    if issubclass(kind, msgspec.Struct):
        notes = annotations(kind)
        return {each.name: typed(notes[each.name], each.default, each.default_factory) for each in msgspec.structs.fields(kind)}
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        notes = annotations(kind)
        return {name: typed(notes[name], kind._field_defaults.get(name, dataclasses.MISSING)) for name in kind._fields}
    return {}


def annotations(kind: type) -> dict[str, Any]:
    """Types as they are written, those of bases first."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith(HOME):
            found |= vars(base).get("__annotations__", {})
    return found


def members(kind: type) -> dict[str, str]:
    """Methods, properties and values that a class has or a protocol asks for, by name; what Python generates is none."""
    found: dict[str, str] = {}
    made_from = set(fields(kind))
    for base in reversed([base for base in kind.__mro__ if base.__module__.startswith(HOME)]):
        found |= {name: typed(note) for name, note in vars(base).get("__annotations__", {}).items()
                  if name not in made_from and not name.startswith("_")}
        for name, value in vars(base).items():
            own = value.__func__ if isinstance(value, staticmethod | classmethod) else value
            shown = not name.startswith("_") or name in SPECIAL
            if isinstance(own, FunctionType) and shown and own.__module__.startswith(HOME) and is_written(own):
                found[name] = signature(own)
            elif (getter := getattr(own, "fget", None) or getattr(own, "func", None)) and not name.startswith("_"):
                found[name] = f"property: {typed(getter.__annotations__.get('return', ''))}"
    return dict(sorted(found.items()))


def is_written(function: FunctionType) -> bool:
    """Whether somebody wrote it: those that dataclasses make have no file, and those of a protocol are not to be called."""
    return function.__code__.co_filename == inspect.getsourcefile(inspect.getmodule(function))  # type: ignore[arg-type]


def signature(function: Any) -> str:
    """Parameters with their types and defaults as they are written, and what is returned."""
    parts: list[str] = []
    starred = False
    for each in inspect.signature(function).parameters.values():
        if each.kind is each.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        stars = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        starred = starred or each.kind is each.VAR_POSITIONAL
        parts.append(f"{stars}{each.name}" if each.annotation is each.empty and each.default is each.empty
                     else f"{stars}{each.name}: {typed(each.annotation, each.default)}")
    gives = inspect.signature(function).return_annotation
    return f"({', '.join(parts)})" + ("" if gives is inspect.Signature.empty else f" -> {typed(gives)}")


def typed(note: Any, default: Any = dataclasses.MISSING, factory: Any = dataclasses.MISSING) -> str:
    """A type as it is written, and the default after it."""
    text = note if isinstance(note, str) else plain(note)
    if factory not in _NO_DEFAULTS:
        return f"{text} = {factory.__name__}()"
    return text if any(default is nothing for nothing in _NO_DEFAULTS) else f"{text} = {plain(default)}"


def plain(value: Any) -> str:
    """A value as text that is the same on every machine."""
    if isinstance(value, frozenset | set):
        return f"{type(value).__name__}({{{', '.join(sorted(map(plain, value)))}}})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{plain(key)}: {plain(held)}" for key, held in value.items()) + "}"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(plain, value))})"
    if typing.get_origin(value) is not None:
        return repr(value)
    if inspect.isclass(value) or isinstance(value, FunctionType):
        return value.__name__
    if dataclasses.is_dataclass(value):
        inside = ", ".join(f"{each.name}={plain(getattr(value, each.name))}" for each in dataclasses.fields(value))
        return f"{type(value).__name__}({inside})"
    if type(value).__module__ in ("builtins", "typing", "types"):
        return repr(value)
    return type(value).__name__


if __name__ == "__main__":
    LISTING.write_text(written(listing()), encoding="utf-8")
    print(line_of(LISTING.read_text(encoding="utf-8")))
