"""What a plugin's code holds in its process when it has answered: globals, caches, attributes, random state; a digest of each."""

from __future__ import annotations

import builtins
import contextlib
import functools
import gc
import hashlib
import os
import random
import sys
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

_DEEPEST = 12
_MOST = 200_000
"""Things that are looked at, at most."""

_CACHING = type(functools.lru_cache(lambda: None))
_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic)


def random_state() -> dict[str, str]:
    """A digest of each global generator's state."""
    found = {"Python's random state": _digest(repr(random.getstate()).encode()),
             "NumPy's random state": _digest(repr(np.random.get_state(legacy=False)).encode())}
    if torch := sys.modules.get("torch"):
        found["torch's random state"] = _digest(torch.get_rng_state().numpy().tobytes())
    return found


def planted_in() -> dict[str, frozenset[str]]:
    """The names that places hold which every module reaches; those that come later were left there by somebody."""
    return {name: frozenset(held) for name, held in _open_places().items()}


def traces(packages: Collection[str], before: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """What is kept by the modules, classes and living instances of these packages, by where it is; with the random state, and
    what is new since `before` where every module reaches it."""
    gc.collect()
    walk = _Walk(frozenset(packages))
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in packages and isinstance(module, ModuleType):
            walk.look(name, vars(module))
    for number, thing in enumerate(sorted(_instances(walk), key=lambda each: type(each).__qualname__)):
        walk.look(f"{type(thing).__qualname__} {number}", thing)
    for place, held in _open_places().items():
        for name in sorted(held.keys() - before[place]):
            walk.look(f"{place} {name}", held[name])
    return walk.found | random_state()


def _open_places() -> dict[str, Mapping[str, object]]:
    return {"the builtin": vars(builtins), "sys's": vars(sys), "NumPy's": vars(np), "the environment variable": dict(os.environ)}


def _instances(walk: _Walk) -> list[object]:
    return [thing for thing in gc.get_objects() if walk.owns(type(thing))]


class _Walk:
    """found: the digest of each plain value and array, by how it is reached."""

    def __init__(self, packages: frozenset[str]) -> None:
        self.found: dict[str, str] = {}
        self._packages = packages
        self._seen: set[int] = set()
        self._held: list[object] = []  # what is seen must not make room for what has its number again

    def owns(self, kind: type) -> bool:
        """Whether a class is defined in one of the packages."""
        return str(getattr(kind, "__module__", "")).partition(".")[0] in self._packages

    def look(self, name: str, thing: object, depth: int = 0) -> None:
        """Take note of a thing, and of all that it holds."""
        if isinstance(thing, _PLAIN):
            self.found[name] = _digest(repr(thing).encode("utf-8", "backslashreplace"))
        elif depth < _DEEPEST and len(self._seen) < _MOST and id(thing) not in self._seen:
            self._seen.add(id(thing))
            self._held.append(thing)
            content = _array_bytes(thing)
            if content is not None:
                self.found[name] = _digest(content)
                return
            for inner, value in self._within(thing):
                self.look(f"{name}{inner}", value, depth + 1)

    def _within(self, thing: object) -> Iterator[tuple[str, object]]:
        match thing:
            case dict():
                for number, (key, value) in enumerate(list(thing.items())):
                    named = isinstance(key, str)
                    if named and key in ("__builtins__", "__loader__", "__spec__", "__cached__", "__file__", "__path__"):
                        continue
                    yield (f".{key}" if named else f"[{number}]"), value
                    if not named:
                        yield f"[key {number}]", key
            case list() | tuple() | deque():
                yield from ((f"[{number}]", value) for number, value in enumerate(thing))
            case set() | frozenset():
                yield from ((f"[{number}]", value) for number, value in enumerate(sorted(thing, key=repr)))
            case FunctionType():
                yield from self._of_function(thing)
            case MethodType():
                yield from ((".__self__", thing.__self__), (".__func__", thing.__func__))
            case functools.partial():
                yield from ((".func", thing.func), (".args", thing.args), (".keywords", thing.keywords))
            case staticmethod() | classmethod():
                yield "", thing.__func__
            case property():
                yield from (("", part) for part in (thing.fget, thing.fset) if part)
            case type():
                if self.owns(thing):
                    yield from ((f".{key}", value) for key, value in list(vars(thing).items()) if key not in _OF_CLASSES)
            case _ if isinstance(thing, _CACHING):
                yield from ((f" cached [{number}]", value) for number, value in enumerate(gc.get_referents(thing)))
            case _ if self.owns(type(thing)):
                yield from self._of_instance(thing)

    def _of_function(self, thing: FunctionType) -> Iterator[tuple[str, object]]:
        yield from ((" default", thing.__defaults__), (" default", thing.__kwdefaults__), ("", vars(thing)))
        for cell in thing.__closure__ or ():
            try:
                yield " closure", cell.cell_contents
            except ValueError:  # not filled yet
                continue

    def _of_instance(self, thing: object) -> Iterable[tuple[str, object]]:
        held: dict[str, object] = dict(getattr(thing, "__dict__", {}))
        for kind in type(thing).__mro__:
            for name, slot in vars(kind).items():
                if isinstance(slot, MemberDescriptorType):
                    with contextlib.suppress(AttributeError):  # not set yet
                        held[name] = slot.__get__(thing)
        return ((f".{name}", value) for name, value in held.items())


_OF_CLASSES = frozenset({"__dict__", "__weakref__", "__doc__", "__module__", "__firstlineno__", "__static_attributes__"})


def _array_bytes(thing: object) -> bytes | None:
    """What an array or a tensor holds, with its shape; None for what is neither, and for an array of objects its texts."""
    if isinstance(thing, np.ndarray):
        held = repr(thing.tolist()).encode("utf-8", "backslashreplace") if thing.dtype.hasobject else thing.tobytes()
        return f"{thing.dtype}{thing.shape}".encode() + held
    if isinstance(thing, type):  # torch.Tensor itself
        return None
    if type(thing).__module__.partition(".")[0] == "torch" and callable(getattr(thing, "detach", None)):
        tensor: Any = thing
        return f"{tensor.dtype}{tuple(tensor.shape)}".encode() + bytes(
            tensor.detach().cpu().to(sys.modules["torch"].float64).contiguous().numpy().tobytes())
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
