"""Texts of strangers, as they may be shown: no control character of theirs reaches a terminal, a table or a page."""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What moves a cursor, colours, rings or turns the direction of a line; a tab and the end of a line are no such thing."""

_LINE = 80
"""Characters of what is meant to be a word."""


def printable(text: str) -> str:
    """The text with its control characters written out, such as `\\x1b`; all others, and the ends of its lines, as they are."""
    return _CONTROLS.sub(_written_out, text)


def one_word(text: str, most: int = _LINE) -> str:
    """A name or a version of strangers as it may stand in a line: ends of lines written out too, and no more than so many
    characters, of which the first are kept."""
    shown = printable(text).replace("\n", "\\n").replace("\t", "\\t")
    return shown if len(shown) <= most else f"{shown[:most - 1]}…"


def _written_out(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
