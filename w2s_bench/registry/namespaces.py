"""What modules and classes hold that everybody computes with, so that a function that was put in another's place is seen."""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Iterator, Mapping
from types import FunctionType, MappingProxyType, ModuleType

Namespace = Mapping[str, object]
"""What a module or a class holds, by name."""

Live = dict[str, object] | MappingProxyType[str, object]

_OWN = "w2s_bench."
_SHARED = (
    "builtins", "math", "os", "os.path", "time", "json", "random", "hashlib", "msgspec", "msgspec.json",
    "numpy", "numpy.linalg", "numpy.random", "numpy.fft",
    "scipy.linalg", "scipy.optimize", "scipy.sparse", "scipy.spatial.distance", "scipy.special", "scipy.stats",
    "sklearn.datasets", "sklearn.decomposition", "sklearn.ensemble", "sklearn.linear_model", "sklearn.metrics",
    "sklearn.model_selection", "sklearn.neighbors", "sklearn.preprocessing", "sklearn.svm", "sklearn.utils",
    "torch", "torch.linalg", "torch.nn", "torch.nn.functional", "torch.nn.init", "torch.optim")
"""Modules of others that components compute with. Those that are loaded are looked at."""

_CLASSES = {"torch": ("Tensor",), "torch.nn": ("Module", "Linear"), "torch.optim": ("Optimizer", "Adam", "AdamW")}
_WRAPPERS = (("torch.optim", "Optimizer.profile_hook_step"), ("torch._compile", "_disable_dynamo"),
             ("torch._dynamo.eval_frame", "DisableContext.__call__"))
"""Functions of torch that wrap functions of torch, by module and name."""

_ROOMS = ("scoring", "compute", "contracts")
"""Rooms of the core whose functions make what a job leaves."""


def namespaces() -> dict[str, Namespace]:
    """The namespaces of what is loaded, as they are now, by name; nothing of a module that another stands for."""
    found: dict[str, Namespace] = {name: live.copy() for name, live in _watched(len(sys.modules)).items()}
    for name in _SHARED:
        if name in found and sys.modules.get(name) is not _modules(len(sys.modules))[name]:
            found[name] = {}
    return found


_OF_MSGSPEC = "__msgspec_cache__"
"""What msgspec leaves on a class that it has read once."""


def replaced(before: Mapping[str, Namespace], after: Mapping[str, Namespace]) -> Iterator[str]:
    """What stands for another thing than before, or not any more, each in words. A name that is new is none."""
    for space, held in before.items():
        now = after.get(space, {})
        if len(held) == len(now) and all(map(operator.is_, held.values(), now.values())):
            continue
        if not now:
            yield f"{space} was replaced"
            continue
        for name, value in held.items():
            if now.get(name) is not value and _counts(space, name, value) and _unhooked(now.get(name)) is not _unhooked(value):
                yield f"{space}.{name} {'was replaced' if name in now else 'is gone'}"
        for name in now.keys() - held.keys():
            inherited = _inherited(space, name)
            if name != _OF_MSGSPEC and inherited and _unhooked(now[name]) is not _unhooked(inherited[0]):
                yield f"{space}.{name} was replaced"


def _inherited(space: str, name: str) -> list[object]:
    """What other classes give to a class under a name, the one that counts first; nothing for what is no class."""
    module, _, of = space.rpartition(".")
    bases = getattr(getattr(sys.modules.get(module), of, None), "__mro__", ())[1:]
    return [vars(base)[name] for base in bases if name in vars(base)]


def _found_in(module: str, name: str) -> object:
    """What a module that is loaded holds under a dotted name; None where it does not."""
    found: object = sys.modules.get(module)
    for each in name.split("."):
        found = getattr(found, each, None)
    return found


def _unhooked(value: object) -> object:
    """What a function is without torch's own wrappers: for its profiler, around the `step` of a class when the first optimizer of
    that class is made; and around what its compiler leaves alone, when that is imported and when it is first used."""
    wraps = (_found_in(module, name) for module, name in _WRAPPERS)
    of_torch = [each for wrap in wraps if isinstance(wrap, FunctionType) for each in wrap.__code__.co_consts]
    while isinstance(value, FunctionType) and any(value.__code__ is each for each in of_torch):
        held = dict(zip(value.__code__.co_freevars, value.__closure__ or (), strict=True))
        value = next((held[name].cell_contents for name in ("func", "fn") if name in held), None)
    return value


def _counts(space: str, name: str, value: object) -> bool:
    """Whether a name is one that others call or compute with: a function, a class, or a constant."""
    if isinstance(value, ModuleType) or name == _OF_MSGSPEC:
        return False
    if space.startswith(_OWN):
        defined = getattr(value, "__name__", None) == name  # a name that is filled later is none
        return defined or isinstance(value, property | staticmethod | classmethod) or name.isupper()
    return not name.startswith("_") and (callable(value) or isinstance(value, int | float | property))


@functools.lru_cache(maxsize=1)
def _modules(number: int) -> Mapping[str, ModuleType]:
    """Modules to look at, of so many that are loaded: looked for anew when others were imported."""
    rooms = tuple(f"{_OWN}{room}" for room in _ROOMS)
    names = [*(name for name in _SHARED if name in sys.modules), *sorted(name for name in sys.modules if name.startswith(rooms))]
    return {name: sys.modules[name] for name in names}


@functools.lru_cache(maxsize=1)
def _watched(number: int) -> Mapping[str, Live]:
    """What those modules hold, and the classes of theirs that are looked into."""
    found: dict[str, Live] = {}
    for name, module in _modules(number).items():
        found[name] = vars(module)
        found |= {f"{name}.{each}": vars(of) for each, of in _classes(name, module)}
    return found


def _classes(name: str, module: ModuleType) -> list[tuple[str, type]]:
    """Classes of a module that are looked into."""
    held = [(each, value) for each, value in list(vars(module).items()) if isinstance(value, type)]
    if name.startswith(_OWN):
        return [(each, value) for each, value in held if value.__module__ == name]
    return [(each, value) for each, value in held if each in _CLASSES.get(name, ())]
