"""The grammar of names: `plugin/name[param=value, …]`, bare names, globs, `@tag`, `!exclude`, lists and ranges.

A value may be a name with parameters of its own. `parse(format_selector(x)) == x` for every selector.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from w2s_bench.contracts.errors import UsageError

Scalar = bool | int | float | str
Value = Scalar | tuple[Scalar, ...] | range

PLAIN_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
"""What an entry or a plugin may be called."""

LONGEST_NAME = 80
"""Characters of such a name, at most: it stands in names of files and in columns of tables."""

_NAME = re.compile(r"[\w.*?-]+(?:/[\w.*?-]+)?")
_PARAMETER = re.compile(r"\s*([A-Za-z_][\w-]*)\s*=\s*")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_BARE = re.compile(r'[^\s,\[\]="!]+')
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LONGEST_RANGE = 1_000_000


@dataclass(frozen=True)
class Selector:
    """What a user wrote: which entries, with which parameters. Lists and ranges stand for several values."""

    name: str
    params: tuple[tuple[str, Value], ...] = ()
    tag: bool = False
    exclude: bool = False

    @property
    def is_pattern(self) -> bool:
        """Whether it may match several entries."""
        return self.tag or "*" in self.name or "?" in self.name

    def settings(self) -> Iterator[dict[str, Scalar]]:
        """One dictionary of scalar values for each combination of the listed values, the last varying fastest."""
        names = [name for name, _ in self.params]
        choices = [value if isinstance(value, (tuple, range)) else (value,) for _, value in self.params]
        for combination in itertools.product(*choices):
            yield dict(zip(names, combination, strict=True))


def parse(text: str) -> Selector:
    """Read one selector. Raises UsageError that shows where the text stops making sense."""
    stripped = text.strip()
    if not encodable(stripped):
        raise UsageError("holds bytes that are no UTF-8, which no table can name", where=stripped, hint="rename the file")
    position = 0
    exclude = stripped.startswith("!")
    position += exclude
    tag = stripped.startswith("@", position)
    position += tag
    match = _NAME.match(stripped, position)
    if not match:
        raise _unreadable(stripped, position, "a name")
    position = match.end()
    params: tuple[tuple[str, Value], ...] = ()
    if stripped.startswith("[", position):
        params, position = _parameters(stripped, position + 1)
    if position != len(stripped):
        raise _unreadable(stripped, position, "the end")
    return Selector(match.group(), params, tag, exclude)


def encodable(text: str) -> bool:
    """Whether a text is Unicode: the name of a file may be none, and JSON can write halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def format_selector(selector: Selector) -> str:
    """The text that `parse` reads back as the same selector."""
    inside = ",".join(f"{name}={format_value(value)}" for name, value in selector.params)
    head = f"{'!' if selector.exclude else ''}{'@' if selector.tag else ''}{selector.name}"
    return f"{head}[{inside}]" if inside else head


def natural(text: object) -> tuple[tuple[int, float, str], ...]:
    """A key that sorts layers=2 before layers=10; nothing sorts last."""
    if text is None:
        return ((2, 0.0, ""),)
    parts = _NUMBER.split(str(text))
    return tuple((1, float(part), "") if index % 2 else (0, 0.0, part) for index, part in enumerate(parts))


def parse_range(text: str) -> tuple[int, ...]:
    """Seeds as `0..4`, `3`, or `0,2,5..7`. Raises UsageError."""
    numbers: list[int] = []
    for part in text.split(","):
        if match := _RANGE.fullmatch(part.strip()):
            numbers.extend(_range(match, text))
        elif _INTEGER.fullmatch(part.strip()):
            numbers.append(int(part))
        else:
            raise UsageError(f"cannot read {text!r} as whole numbers", hint="write 0..4, or 0,1,2")
    return tuple(dict.fromkeys(numbers))


def format_value(value: Value) -> str:
    """One value as the grammar writes it; text is quoted where it would read as something else, names within are not."""
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    if isinstance(value, tuple):
        return "[" + ",".join(format_value(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    bare = _BARE.fullmatch(value) and isinstance(scalar(value), str) and not _RANGE.fullmatch(value)
    return value if bare or _is_inner_name(value) else json.dumps(value)


def _is_inner_name(value: str) -> bool:
    """Whether a text is a name with parameters, written as `format_selector` writes it."""
    if not value.endswith("]") or not _BARE.match(value):
        return False
    try:
        inner, end = _value(value, 0)
    except UsageError:
        return False
    return end == len(value) and inner == value


def _parameters(text: str, position: int) -> tuple[tuple[tuple[str, Value], ...], int]:
    found: dict[str, Value] = {}
    while True:
        match = _PARAMETER.match(text, position)
        if not match:
            raise _unreadable(text, position, "parameter=value")
        name = match.group(1)
        if name in found:
            raise UsageError(f"parameter {name} is given twice", where=text)
        found[name], position = _value(text, match.end())
        position = _skip_space(text, position)
        if text.startswith("]", position):
            return tuple(found.items()), position + 1
        if not text.startswith(",", position):
            raise _unreadable(text, position, "',' or ']'")
        position += 1


def _value(text: str, position: int) -> tuple[Value, int]:
    if text.startswith("[", position):
        return _list(text, position + 1)
    if match := _QUOTED.match(text, position):
        return _unquote(match.group(), text), match.end()
    match = _BARE.match(text, position)
    if not match:
        raise _unreadable(text, position, "a value")
    token = match.group()
    if text.startswith("[", match.end()) and _NAME.fullmatch(token):
        params, end = _parameters(text, match.end() + 1)
        return format_selector(Selector(token, params)), end
    if bounds := _RANGE.fullmatch(token):
        return _range(bounds, text), match.end()
    return scalar(token), match.end()


def _list(text: str, position: int) -> tuple[tuple[Scalar, ...], int]:
    items: list[Scalar] = []
    while True:
        value, position = _value(text, _skip_space(text, position))
        if isinstance(value, tuple):
            raise _unreadable(text, position, "a list of plain values")
        items.extend(value if isinstance(value, range) else [value])
        position = _skip_space(text, position)
        if text.startswith("]", position):
            return tuple(items), position + 1
        if not text.startswith(",", position):
            raise _unreadable(text, position, "',' or ']'")
        position += 1


def _range(match: re.Match[str], text: str) -> range:
    low, high = int(match.group(1)), int(match.group(2))
    if high < low or high - low >= _LONGEST_RANGE:
        raise UsageError(f"{match.group()} is not a range", where=text, hint="write low..high, both ends included")
    return range(low, high + 1)


def scalar(token: str) -> Scalar:
    if token in ("true", "false"):
        return token == "true"
    if _INTEGER.fullmatch(token):
        return int(token)
    if _FLOAT.fullmatch(token):
        number = float(token)
        if math.isfinite(number) and not token.lstrip("+-").isdigit():
            return number
    return token


def _unquote(token: str, text: str) -> str:
    try:
        return str(json.loads(token))
    except json.JSONDecodeError:
        raise UsageError(f"{token} is not a quoted text", where=text, hint='quotes and escapes as in JSON') from None


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _unreadable(text: str, position: int, wanted: str) -> UsageError:
    return UsageError(
        f"expected {wanted} at character {position + 1}", where=text or "(empty name)",
        hint="names read plugin/name[param=value, …], name*, @tag or !name; values: 3, 0.5, word, \"text\", [a,b], 0..9")
