"""Whether what a plugin made keeps the contract of its kind: member by member, before anything is planned with it."""

from __future__ import annotations

import collections.abc
import dataclasses
import difflib
import functools
import inspect
import numbers
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal

import msgspec

from w2s_bench.contracts.capabilities import can
from w2s_bench.contracts.errors import PluginError, W2SError, nearest
from w2s_bench.contracts.fitting import PREDICTOR_CAPABILITIES, LinearPredictor, SoftmaxPredictor
from w2s_bench.contracts.kinds import Kind

Made = typing.TypeVar("Made")

_ALIKE = 0.85
"""From this likeness on, a name that is not declared is taken for a misspelt one."""

_LIKE_A_MEMBER = 0.8
"""The same of the one member that a predictor lacks."""

_NOTHING = object()

_PLAIN: Mapping[Any, tuple[type, str]] = {
    str: (str, "a text"), bool: (bool, "true or false"), int: (numbers.Integral, "a whole number"),
    float: (numbers.Real, "a number")}


def check(kind: Kind, made: object, name: str, parameters: Collection[str] = ()) -> None:
    """Raise PluginError for the first member that is missing, fails or has the wrong type, and for capabilities that are
    not what they are declared to be.

    name: the component with its plugin, as `my_plugin/ridge`. parameters: names that are its parameters.
    """
    if kind.protocol is None:
        return
    required = members(kind.protocol)
    for member, wanted in required.items():
        _check_member(made, member, wanted, f"{name} is no {kind.name}: it has no `{member}`", name)
    check_capabilities(kind.capabilities, made, name, frozenset({*required, *(p.replace("-", "_") for p in parameters)}))


def check_capabilities(known: Mapping[str, type], made: object, name: str,
                       other: frozenset[str] = frozenset()) -> None:
    """Raise PluginError for a word that is not known, a word without its member, and a member without its word.

    other: names that are no capability's.
    """
    given: Any = getattr(made, "capabilities", frozenset())
    wanted = misfit(given, frozenset[str])
    if wanted:
        raise PluginError(f"`capabilities` of {name} is {given!r}, not {wanted}", hint='as in frozenset({"fit_many"})')
    for word in sorted(given):
        if word not in known:
            raise PluginError(f"{name} declares the capability {word!r}, which does not exist", hint=nearest(word, known))
        for member, wanted_type in members(known[word]).items():
            _check_member(made, member, wanted_type,
                          f"{name} declares the capability {word!r} and has no `{member}`", name)
    if not known:
        return
    own = frozenset(attribute for attribute in (*dir(type(made)), *getattr(made, "__dict__", ())) if attribute[:1] != "_")
    decides = isinstance(inspect.getattr_static(type(made), "capabilities", None), property | functools.cached_property)
    fault = _undeclared(tuple(known.items()), frozenset(given), own - other, decides)
    if fault:
        raise PluginError(f"{name} {fault}")


def check_predictor(made: object, name: str) -> None:
    """Raise PluginError for a predictor whose capabilities are not what they are declared to be, and for one that would be of a
    class that the scorer certifies but for one member that it has under a name like it: nothing would be certified of it, and
    nobody would say why."""
    check_capabilities(PREDICTOR_CAPABILITIES, made, name)
    own = [attribute for attribute in dir(made) if not attribute.startswith("_")]
    for protocol in (LinearPredictor, SoftmaxPredictor):
        wanted = members(protocol)
        lacking = [member for member in wanted if member not in own]
        if len(lacking) != 1:
            continue
        close = difflib.get_close_matches(lacking[0], [other for other in own if other not in wanted], n=1, cutoff=_LIKE_A_MEMBER)
        if close:
            raise PluginError(f"{name} has all of a {protocol.__name__} but `{lacking[0]}`",
                              hint=f"did you mean its `{close[0]}` to be `{lacking[0]}`? Else give it another name")


def fingerprint(kind: Kind, made: object, name: str) -> str:
    """Digest of the files that a component reads, as it reports itself; "" where its kind reads none and it declares none.

    Raises PluginError where that fails, W2SError as the component raises it.
    """
    if "fingerprint" not in members(kind.protocol) and not can(made, "fingerprint"):
        return ""
    return str(_guarded(lambda: typing.cast(Any, made).fingerprint(), "fingerprint()", name))


def pinned(made: object, name: str, parameters: Collection[str]) -> Mapping[str, Any]:
    """The parameters that a component pins, and their values. Raises PluginError for a name that is no parameter of it."""
    found = dict(_guarded(lambda: typing.cast(Any, made).pinned(), "pinned()", name))
    if unknown := sorted(found.keys() - set(parameters)):
        raise PluginError(f"{name} pins a parameter that it does not have: {unknown[0]}", hint=nearest(unknown[0], parameters))
    return found


@functools.cache
def members(protocol: type | None) -> Mapping[str, object]:
    """What a protocol asks for by name: the type of a value, `Callable` for a method."""
    found: dict[str, object] = {}
    bases = [] if protocol is None else [base for base in reversed(protocol.__mro__) if getattr(base, "_is_protocol", False)]
    for base in bases:
        hints = _hints(base)
        found |= {name: hints.get(name, Any) for name in vars(base).get("__annotations__", {})}
        found |= {name: Callable if callable(value) else _given_by(value) for name, value in vars(base).items()
                  if not name.startswith("_") or name == "__call__"}
    return found


def _given_by(value: object) -> object:
    """The type of what a property of a protocol gives."""
    return typing.get_type_hints(value.fget).get("return", Any) if isinstance(value, property) else Any


def _hints(protocol: type) -> dict[str, object]:
    try:
        return typing.get_type_hints(protocol)
    except NameError:  # a type that is imported for checkers alone: its values are taken as they are
        return {}


def _check_member(made: object, member: str, wanted: object, missing: str, name: str) -> None:
    try:
        inspect.getattr_static(made, member)
    except AttributeError:
        if not hasattr(made, member):  # one that delegates has it too
            own = [attribute for attribute in dir(made) if not attribute.startswith("_")]
            close = difflib.get_close_matches(member, own, n=1, cutoff=0.7)
            raise PluginError(missing, hint=f"did you mean its `{close[0]}` to be `{member}`?" if close else "") from None
    value = _guarded(lambda: getattr(made, member), f"`{member}`", name)
    lacking = misfit(value, wanted)
    if lacking:
        raise PluginError(f"`{member}` of {name} is {value!r}, not {lacking}", hint=_near_word(value, wanted))


def _guarded(read: Callable[[], Made], what: str, name: str) -> Made:
    try:
        return read()
    except W2SError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(f"{what} of {name} raises {type(error).__name__}: {error}",
                          hint="`w2s-bench --debug` shows the traceback") from error


def misfit(value: object, wanted: object) -> str:
    """What a value should be, in words, by the type that is wanted of it; "" where it is that, or the type says nothing here."""
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        words = [misfit(value, choice) for choice in inner]
        return "" if "" in words else " or ".join(words)
    if origin is Literal:
        return "" if isinstance(value, str) and value in inner else "one of " + ", ".join(map(repr, inner))
    if origin in (frozenset, set):
        sound = isinstance(value, frozenset | set) and not any(misfit(word, inner[0]) for word in value)
        return "" if sound else f"a frozenset of words ({misfit(_NOTHING, inner[0])} each)"
    if origin is tuple:
        each = inner[:1] * len(value) if isinstance(value, tuple) and inner[1:] == (...,) else inner
        sound = isinstance(value, tuple) and len(value) == len(each) and not any(map(misfit, value, each))
        return "" if sound else f"a tuple ({', '.join(misfit(_NOTHING, kind) for kind in inner if kind is not ...)})"
    if origin is collections.abc.Mapping:
        return "" if isinstance(value, Mapping) else "a mapping"
    if wanted is Callable:
        return "" if callable(value) else "a method"
    if wanted is type(None):
        return "" if value is None else "None"
    if wanted in _PLAIN:
        base, words_of = _PLAIN[wanted]
        return "" if isinstance(value, base) and (wanted is bool or not isinstance(value, bool)) else words_of
    if isinstance(wanted, type) and (dataclasses.is_dataclass(wanted) or issubclass(wanted, msgspec.Struct)):
        return "" if isinstance(value, wanted) else f"a {wanted.__name__}"
    return ""


def _near_word(value: object, wanted: object) -> str:
    """The known word nearest to one that is none."""
    words = [word for part in (wanted, *typing.get_args(wanted)) for word in typing.get_args(part) if isinstance(word, str)]
    given: Iterable[object] = [value] if isinstance(value, str) else value if isinstance(value, frozenset | set) else []
    return next((nearest(word, words) for word in given if isinstance(word, str) and words and word not in words), "")


@functools.cache
def _undeclared(known: tuple[tuple[str, type], ...], given: frozenset[str], own: frozenset[str], decides: bool) -> str:
    """What is wrong with the names of a component, given its capabilities; "" where nothing is."""
    optional = sorted({word for word, _ in known} - given)
    taken = {member for word, protocol in known if word in given for member in members(protocol)}
    for name in sorted(own - taken - {"capabilities"}):
        if name in optional:
            if decides:
                continue
            return f"has `{name}` and does not declare it\n  capabilities = frozenset({{\"{name}\"}}) on its class does"
        close = difflib.get_close_matches(name, [*optional, "capabilities"], n=1, cutoff=_ALIKE)
        if close:
            return f"has `{name}`: did you mean `{close[0]}`?\n  else give it another name; what is optional is declared"
    return ""
