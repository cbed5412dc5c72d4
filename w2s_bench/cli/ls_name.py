"""`w2s-bench ls NAME`: all that is declared about one name."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

import click

from w2s_bench.contracts import Output, Parameter
from w2s_bench.contracts.entries import Entry, SuiteEntry
from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.contracts.printable import printable
from w2s_bench.registry.catalogue import SINGULAR, Registered, Registry
from w2s_bench.registry.component import imported
from w2s_bench.registry.contract import members
from w2s_bench.registry.names import format_value
from w2s_bench.registry.parameters import lacking
from w2s_bench.registry.versions import versions_of

_WIDTH, _HEAD = 80, 17
_ROLES = {"meaning": "", "place": "a place: its content counts, not where it lies", "speed": "speed: changes no number"}
_LONGEST = 400


def describe(registry: Registry, kind: str, offer: Registered) -> None:
    """Print what the entry says, its parameters, and what the component itself declares, which is imported for that."""
    entry: Entry | SuiteEntry = offer.entry
    click.echo(textwrap.fill(f"{offer.full_name}: {entry.summary or 'no summary'}", _WIDTH, subsequent_indent="  "))
    for head, text in _facts(registry, kind, offer):
        click.echo(textwrap.fill(f"  {head:<{_HEAD - 2}}{text}", _WIDTH, subsequent_indent=" " * _HEAD,
                                 break_long_words=False, break_on_hyphens=False))
    if not isinstance(entry, Entry):
        click.echo(textwrap.indent(entry.toml.strip(), "    "))
    if entry.parameters:
        click.echo("  parameters")
    for parameter in entry.parameters:
        click.echo(f"    {parameter.name}{_value(parameter)}")
        click.echo(textwrap.fill("; ".join(_about(parameter)), _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8))


def _facts(registry: Registry, kind: str, offer: Registered) -> Iterator[tuple[str, str]]:
    entry = offer.entry
    yield "kind", SINGULAR[kind]
    yield "version", str(entry.version)
    if entry.tags:
        yield "tags", " ".join(f"@{tag}" for tag in sorted(entry.tags))
    bundled = ", bundled" if offer.plugin.bundled else ""
    yield "plugin", f"{offer.plugin.name} ({offer.plugin.distribution} {offer.plugin.version}{bundled})"
    missing = registry.missing_extra(entry)
    if entry.extra:
        yield "extra", f"{entry.extra} " + (f"(not installed: pip install '{offer.plugin.distribution}[{entry.extra}]')"
                                            if missing else "(installed)")
    if not isinstance(entry, Entry):
        yield "quick version", "yes, with --quick" if entry.quick else "no"
        return
    if entry.libraries:
        yield "rests on", ", ".join(f"{name} {version}" for name, version in versions_of(entry.libraries))
    yield "code", entry.target
    if not missing:
        yield from _declared(registry, kind, offer)


def _declared(registry: Registry, kind: str, offer: Registered) -> Iterator[tuple[str, str]]:
    """The members that its kind asks for and that are no methods, and what it declares that it can do."""
    component: Any
    if not lacking(offer.entry, {}):
        component = registry.make(kind, offer.full_name)
    else:
        yield "must be given", ", ".join(p.name for p in offer.entry.parameters if p.default is None and not p.optional)
        if offer.plugin.owner:  # nothing of others is imported that was not made in a process of its own
            return
        component = imported(offer.entry.target, offer.full_name)
    names = [name for name in members(BY_PLURAL[kind].protocol) if not name.startswith("_")]
    for name in names:
        text = _worded(_plain(component, name))
        if text:
            yield name.replace("_", " "), text
    if can := _plain(component, "capabilities"):
        yield "can", _worded(can)
    if not names and component.__doc__:
        yield "about", printable(" ".join(component.__doc__.split("\n\n")[0].split()))


def _plain(component: object, name: str) -> object:
    """A member that is there without a component being made: of a class, what its instances share."""
    if not isinstance(component, type):
        return getattr(component, name, None)
    value = inspect.getattr_static(component, name, None)
    return None if hasattr(value, "__get__") else value


def _worded(value: object) -> str:
    """A text, a number or words; "" for all that cannot be said in a line."""
    if isinstance(value, Output):
        return printable(value.describe())
    if isinstance(value, frozenset | set | tuple | list) and all(isinstance(item, str) for item in value):
        return printable(", ".join(sorted(value) if isinstance(value, frozenset | set) else value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(printable(str(value)).split()) if isinstance(value, str | int | float) else ""
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " …"


def _value(parameter: Parameter) -> str:
    """Its default, as it is written in a name."""
    if parameter.default is None:
        return "" if parameter.optional else "  (must be given)"
    return f" = {format_value(parameter.default)}"


def _about(parameter: Parameter) -> Iterator[str]:
    """What it is: its help, its type and range, what it may be in words, its role."""
    yield parameter.help
    kind = {int: "whole number", float: "number", bool: "true or false", str: "text"}[parameter.kind]
    low, high = parameter.low, parameter.high
    yield (f"one of {', '.join(parameter.choices)}" if parameter.choices else
           f"the name of one of {parameter.names}" if parameter.names else
           kind + ("" if low is None and high is None else
                   f" {'' if low is None else f'{low:g}'}..{'' if high is None else f'{high:g}'}"))
    if parameter.words:
        yield f"or {', '.join(parameter.words)}"
    if parameter.when:
        yield f"where {parameter.when[0]}={parameter.when[1]}"
    if _ROLES[parameter.role]:
        yield _ROLES[parameter.role]
    if parameter.draw:
        yield "numbers draws, which tables pool"
