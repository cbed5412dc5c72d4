"""Values that a user gave, held against the parameters that an entry declares."""

from __future__ import annotations

from collections.abc import Mapping

from w2s_bench.contracts.entries import Entry, Parameter
from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.registry.names import Scalar, format_value


def check_parameters(entry: Entry, settings: dict[str, Scalar], where: str) -> dict[str, Scalar | None]:
    """All parameters of an entry with values checked and defaults filled in. Raises UsageError."""
    known = {parameter.name: parameter for parameter in entry.parameters}
    for name in settings:
        if name not in known:
            raise UsageError(f"{entry.name} has no parameter {name!r}", where=where, hint=_meant(name, settings, known))
    resolved: dict[str, Scalar | None] = {}
    for name, parameter in known.items():
        if name in settings:
            resolved[name] = _checked(parameter, settings[name], entry.name, where)
        elif _is_lacking(parameter, settings):
            raise UsageError(f"{entry.name} needs the parameter {name} ({parameter.help})", where=where,
                             hint=f"write {entry.name}[{name}=…]")
        else:
            resolved[name] = parameter.default
    return resolved


def _meant(name: str, settings: dict[str, Scalar], known: Mapping[str, Parameter]) -> str:
    """A hint for a parameter that is none: the one like it, or the only one that is needed and not given."""
    needed = [parameter.name for parameter in known.values() if _is_lacking(parameter, settings)]
    return f"did you mean {needed[0]}?" if len(needed) == 1 else nearest(name, known)


def _checked(parameter: Parameter, value: Scalar, owner: str, where: str) -> Scalar:
    what = f"{owner}: {parameter.name}={value!r}"
    allowed = (*parameter.choices, *parameter.words)
    if isinstance(value, str) and value in allowed:
        return value
    if parameter.choices:
        raise UsageError(f"{what} is not one of {', '.join(allowed)}", where=where, hint=nearest(str(value), allowed))
    if parameter.kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if parameter.kind is str and isinstance(value, float):
        raise UsageError(f"{what} is a text that reads as a number", where=where, hint=f'quote it: {parameter.name}="…"')
    if parameter.kind is str and not isinstance(value, str):
        value = format_value(value)
    if not isinstance(value, parameter.kind) or (isinstance(value, bool) and parameter.kind is not bool):
        wanted = {int: "a whole number", float: "a number", bool: "true or false"}.get(parameter.kind, "text")
        words = f" or {' or '.join(parameter.words)}" if parameter.words else ""
        raise UsageError(f"{what} should be {wanted}{words}", where=where, hint=parameter.help)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = parameter.low, parameter.high
        if (low is not None and value < low) or (high is not None and value > high):
            span = f"{'' if low is None else f'{low:g}'}..{'' if high is None else f'{high:g}'}"
            raise UsageError(f"{what} is out of range {span}", where=where, hint=parameter.help)
    return value


def lacking(entry: Entry, settings: dict[str, Scalar]) -> bool:
    """Whether an entry needs a parameter that is not among the settings."""
    return any(_is_lacking(parameter, settings) for parameter in entry.parameters)


def _is_lacking(parameter: Parameter, settings: dict[str, Scalar]) -> bool:
    given = parameter.name in settings or (parameter.instead and parameter.instead in settings)
    return parameter.default is None and not parameter.optional and not given


def is_place(parameter: Parameter, value: Scalar | None) -> bool:
    """Whether a value says where something lies, and not a word with a meaning, or nothing."""
    return parameter.role == "place" and value not in (None, "", *parameter.words)


def sets_apart(parameter: Parameter, value: Scalar | None) -> bool:
    """Whether a value is a part of what is computed: it differs from the default, and is neither a place nor speed."""
    return value != parameter.default and parameter.role != "speed" and not is_place(parameter, value)


def told(value: Scalar | None) -> Scalar:
    assert value is not None  # a parameter that was given has a value
    return value
