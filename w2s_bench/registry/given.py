"""Components given as objects, such as a strategy of a notebook cell: entries like any other, of this process alone.

An object is named by its class and by the digest of its source and its values, so that a changed idea is another component
and never meets the results of the old one. The source is that of the methods and of what they call in their own module;
what they call elsewhere is taken to stay as it is.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import re
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType

from w2s_bench.contracts.digests import Json, digest
from w2s_bench.contracts.errors import UsageError
from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.registry.catalogue import Plugin, Registered, Registry
from w2s_bench.registry.component import Component
from w2s_bench.registry.objects import GIVEN, hold
from w2s_bench.registry.one_file import version_of


def own_code(component: Component) -> list[str]:
    """Which code of the user's, of no installed plugin, a component and those within it are: files and objects, with the first
    digits of what each is made from."""
    within = [words for _, part in component.parts for words in own_code(part)]
    version = version_of(component.plugin)
    if component.plugin == GIVEN:
        return [f"the object {component.name.partition('/')[2]}", *within]
    return [f"{component.plugin}.py {version}", *within] if version else within


def with_given(registry: Registry, kind: str, things: object) -> tuple[Registry, tuple[str, ...]]:
    """The registry with these things of one kind as entries, and the names of all of them. Texts among them name themselves.

    things: one name or object, or several. Raises UsageError for an object whose source cannot be read.
    """
    listed = list(things) if isinstance(things, list | tuple) else [things]
    names = []
    for thing in listed:
        if isinstance(thing, str):
            names.append(thing)
            continue
        entry = _registered(kind, thing)
        names.append(entry.full_name)
        if entry.full_name not in {found.full_name for found in registry.entries(kind)}:
            registry = dataclasses.replace(registry, offered={**registry.offered, kind: (*registry.entries(kind), entry)})
    return registry, tuple(names)


def _registered(kind: str, thing: object) -> Registered:
    title = re.sub(r"\W", "", getattr(thing, "__name__", type(thing).__name__))
    found = digest([kind, _source(thing), _values(thing, title)])
    made = BY_PLURAL[kind].entry
    entry = made(f"{title}-{found[:8]}", hold(thing, title, found), summary="given as an object, in this process")
    return Registered(Plugin(GIVEN, "this process", ""), entry)


def _source(thing: object) -> Json:
    """Name and text of every function that the thing is made of, in order of name."""
    texts: dict[str, str] = {}
    pending = list(_functions(thing if inspect.isroutine(thing) or inspect.isclass(thing) else type(thing)))
    while pending:
        function = pending.pop()
        name = f"{function.__module__}.{function.__qualname__}"
        if name not in texts:
            try:
                texts[name] = inspect.getsource(function)
            except (OSError, TypeError):
                raise UsageError(f"the source of {name} cannot be read", where="a component given as an object",
                                 hint="define it in a file or a notebook cell") from None
            pending += [found for called in _called(function) for found in _functions(called)]
    return sorted([name, text] for name, text in texts.items())


def _functions(thing: object) -> Iterator[FunctionType]:
    """The functions that a function or class consists of, with the bases of its module; generated ones have no source."""
    if inspect.isclass(thing):
        for base in _own_bases(thing):
            for member in vars(base).values():
                yield from _functions(_unwrapped(member))
    elif isinstance(thing, FunctionType):
        written = inspect.unwrap(thing)
        if isinstance(written, FunctionType) and written.__code__.co_filename != "<string>":
            yield written


def _own_bases(kind: type) -> list[type]:
    """The class and its bases that are defined where it is; those of libraries are taken to stay as they are."""
    return [base for base in kind.__mro__ if base.__module__ == kind.__module__]


def _unwrapped(member: object) -> object:
    if isinstance(member, staticmethod | classmethod):
        return member.__func__
    if isinstance(member, functools.cached_property):
        return member.func
    return member.fget if isinstance(member, property) else member


def _called(function: FunctionType) -> Iterator[object]:
    """Functions and classes of the same module that a function names."""
    for name in _names(function.__code__):
        found = function.__globals__.get(name)
        if (isinstance(found, FunctionType) or inspect.isclass(found)) and found.__module__ == function.__module__:
            yield found


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _values(thing: object, title: str) -> Json:
    """The plain values and arrays that a thing and its class hold, as what JSON can say. Raises UsageError for others."""
    kind = thing if inspect.isclass(thing) or inspect.isroutine(thing) else type(thing)
    held: dict[str, object] = {}
    if inspect.isclass(kind):
        for base in reversed(_own_bases(kind)):
            held |= {name: value for name, value in vars(base).items() if not name.startswith("_") and not callable(value)
                     and not isinstance(value, property | staticmethod | classmethod | functools.cached_property)}
    if kind is not thing:
        held |= getattr(thing, "__dict__", {})
    return [[name, _plain(value, f"{title}.{name}")] for name, value in sorted(held.items())]


def _plain(value: object, where: str) -> Json:
    import numpy as np

    if value is None or isinstance(value, bool | int | float | str):
        return value if not isinstance(value, float) else repr(value)
    if isinstance(value, np.ndarray | np.generic):
        array = np.ascontiguousarray(value)
        return [str(array.dtype), list(array.shape), hashlib.sha256(array.tobytes()).hexdigest()]
    if isinstance(value, list | tuple):
        return [_plain(item, where) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(item, where) for item in value), key=repr)
    if isinstance(value, Mapping):
        return sorted(([str(name), _plain(item, where)] for name, item in value.items()), key=repr)
    if isinstance(value, FunctionType) or inspect.isclass(value) or hasattr(value, "__dict__"):
        return [_source(value), _values(value, where)]
    raise UsageError(f"holds a {type(value).__name__}, which no digest can be made of", where=where,
                     hint="numbers, texts, arrays, and objects of these can be told apart")
