"""What a plugin offers, checked when it is offered: its hooks, its entries and their parameters."""

from __future__ import annotations

import functools
import re
import traceback
import typing
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint
from typing import Any, Final

import pluggy

from w2s_bench.contracts import hooks
from w2s_bench.contracts.entries import Parameter
from w2s_bench.contracts.errors import PluginError, UsageError, nearest
from w2s_bench.contracts.kinds import BY_PLURAL, Kind
from w2s_bench.contracts.printable import one_word, printable
from w2s_bench.registry.contract import misfit
from w2s_bench.registry.names import LONGEST_NAME, PLAIN_NAME
from w2s_bench.registry.parameters import check_parameters

OBSERVERS: Final = ("w2s_run_started", "w2s_cell_finished", "w2s_run_finished")
"""The hooks that only listen, in the order in which a run calls them."""

HOOKS = frozenset(name for name in vars(hooks) if name.startswith("w2s_"))

_LONGEST_SHOWN = 120
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_TYPES = (int, float, str, bool)


def loaded(claim: EntryPoint, manager: pluggy.PluginManager, kinds: Sequence[Kind],
           doing: Callable[[str], None] = lambda _: None) -> tuple[str, dict[str, list[Any]]]:
    """Why a plugin is quarantined, a reason or a traceback, "" where it is not, and its entries by kind.

    Whatever its import or its hooks raise is its own fault alone, `sys.exit` and worse included. doing: is told in words what of
    the plugin is called now.
    """
    try:
        doing("its import")
        module = claim.load()
        check_hooks(module, claim.value)
        manager.register(module, claim.name)
        entries: dict[str, list[Any]] = {}
        for kind in kinds:
            doing(f"its hook {kind.hook}")
            entries[kind.plural] = offered_entries(module, kind, claim.value)
        return "", entries
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if manager.has_plugin(claim.name):
            manager.unregister(name=claim.name)
        if isinstance(error, PluginError):
            return error.message(), {}
        return traceback.format_exc(), {}


def check_hooks(module: object, where: str) -> None:
    """Raise PluginError for what is no plugin, for a hook that does not exist, and for one that is not marked as such."""
    found = {name: getattr(module, name) for name in dir(module)}
    marked = [name for name, value in found.items() if getattr(value, "w2s_bench_impl", None)]
    for name, value in found.items():
        if name.startswith("w2s_") and callable(value) and name not in marked:
            raise PluginError(f"{name} is not marked with @hookimpl", where=where,
                              hint="from w2s_bench.contracts import hookimpl")
    for name in marked:
        if name not in HOOKS:
            raise PluginError(f"there is no hook {name}", where=where, hint=nearest(name, HOOKS))
    if not marked:
        raise PluginError("is no plugin: it implements no hook", where=where,
                          hint="functions such as w2s_tasks, marked with @hookimpl, at the top of the module")


def offered_entries(module: object, kind: Kind, where: str) -> list[Any]:
    """The entries of one kind that a plugin's hook yields. Raises PluginError for the first that is not sound."""
    hook = getattr(module, kind.hook, None)
    offered = list(hook()) if hook else []
    for entry in offered:
        if not isinstance(entry, kind.entry):
            raise PluginError(f"{kind.hook} gave {_shown(entry)}, not a {kind.entry.__name__}", where=where)
        _check_entry(entry, kind, where)
    names = [entry.name for entry in offered]
    if len(set(names)) != len(names):
        raise PluginError(f"{kind.hook} offers one name twice: {sorted(names)}", where=where)
    return offered


def _check_entry(entry: Any, kind: Kind, where: str) -> None:
    if not isinstance(entry.name, str) or not PLAIN_NAME.fullmatch(entry.name) or len(entry.name) > LONGEST_NAME:
        raise PluginError(f"{kind.hook} offers the name {_shown(entry.name)}", where=where,
                          hint=f"letters, digits, - _ and ., at most {LONGEST_NAME} of them")
    _check_fields(entry, f"the {kind.name} {entry.name}", where)
    target = getattr(entry, "target", None)
    if target is not None and not _TARGET.fullmatch(target):
        raise PluginError(f"the {kind.name} {entry.name} has the target {target!r}", where=where, hint="module:Class")
    names = [parameter.name for parameter in entry.parameters]
    if len(set(names)) != len(names):
        raise PluginError(f"the {kind.name} {entry.name} has two parameters of one name: {', '.join(sorted(names))}", where=where)
    for parameter in entry.parameters:
        _check_parameter(parameter, f"the parameter {parameter.name} of the {kind.name} {entry.name}", where)
        if parameter.when is not None and parameter.when[0] not in names:
            raise PluginError(f"`when` of {parameter.name} names no parameter of {entry.name}: {parameter.when[0]}", where=where,
                              hint=nearest(parameter.when[0], names))
    given = {parameter.name: parameter.default for parameter in entry.parameters if parameter.default is not None}
    needed = {parameter.name for parameter in entry.parameters if parameter.default is None and not parameter.optional}
    try:
        if not needed:
            check_parameters(entry, given, f"the {kind.name} {entry.name}")
    except UsageError as error:
        raise PluginError(f"a default does not fit: {error.message()}", where=where) from None


def _check_parameter(parameter: Parameter, what: str, where: str) -> None:
    _check_fields(parameter, what, where)
    if parameter.kind not in _TYPES:
        raise PluginError(f"{what} is of the kind {parameter.kind!r}", where=where, hint="int, float, str or bool")
    if parameter.names and parameter.names not in BY_PLURAL:
        raise PluginError(f"{what} names {parameter.names!r}, which is no kind", where=where,
                          hint=nearest(parameter.names, BY_PLURAL))


@functools.cache
def _hints(record: type[object]) -> dict[str, object]:
    return typing.get_type_hints(record)


def _check_fields(record: Any, what: str, where: str) -> None:
    for name, wanted in _hints(record.__class__).items():
        lacking = misfit(getattr(record, name), wanted)
        if lacking:
            raise PluginError(f"{what} has {name}={_shown(getattr(record, name))}, not {lacking}", where=where)
        for text in _texts(getattr(record, name)):
            if printable(text) != text:
                raise PluginError(f"{what} has control characters in its {name}: {_shown(text)}", where=where,
                                  hint="a terminal would follow them")


def _texts(value: object) -> list[str]:
    """The texts in a field: it, or those that it holds."""
    held = value if isinstance(value, tuple | frozenset) else (value,)
    return [text for text in held if isinstance(text, str)]


def _shown(value: object) -> str:
    return one_word(repr(value), _LONGEST_SHOWN)
