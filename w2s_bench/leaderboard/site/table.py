"""A table of the site: lines of cells, the first hundred of which stand in the page and the rest in a data file beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from w2s_bench.leaderboard.site.rendering import visible

AT_ONCE = 100
"""Lines of a page of a table, and of what stands in the HTML."""
WIDTH = 160
"""Of a drawn interval, in pixels."""

Kind: TypeAlias = Literal["name", "words", "term", "number", "interval"]
"""What a column holds: the names of its lines, other words, one of a few short terms, numbers, or numbers with a drawn
interval."""


class Cell(msgspec.Struct, frozen=True):
    """What stands in a column. text: as it is shown. number: what it is sorted by, None where there is none. link: an address
    from the root of the site. looks: classes of the style sheet. drawn: of an interval its ends and its middle, in pixels.
    tie: letters of the tie groups that the number is in."""

    text: str
    number: float | None = None
    link: str = ""
    looks: str = ""
    drawn: tuple[int, int, int] | None = None
    tie: str = ""

    @property
    def order(self) -> float | None:
        """What it is sorted by, None for what no order holds."""
        return self.number if self.number is not None and math.isfinite(self.number) else None

    @property
    def at(self) -> str:
        """The drawing in words that the script reads."""
        return " ".join(map(str, self.drawn)) if self.drawn else ""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What stands above a column. key: its name in an address. said: what it holds, in words. facet: whether a reader may keep
    the lines of one value. column: of the rows, which its page explains. marks: lines drawn behind its intervals, (x, class)."""

    key: str
    text: str
    said: str = ""
    unit: str = ""
    kind: Kind = "words"
    facet: bool = False
    aside: bool = False
    column: str = ""
    marks: tuple[tuple[int, str], ...] = ()

    @property
    def looks(self) -> str:
        """Its classes in the style sheet."""
        return f"{self.kind} aside" if self.aside else self.kind

    @property
    def drawn_marks(self) -> str:
        """The marks in words that the script reads."""
        return " ".join(f"{at}:{looks}" for at, looks in self.marks)


class Line(msgspec.Struct, frozen=True):
    """One line of a table."""

    cells: tuple[Cell, ...]
    looks: str = ""


class SiteTable(msgspec.Struct, frozen=True, kw_only=True):
    """One table. mark: its id on the page, and the name of its data file. title: what it is. heading: the same where it
    stands above the table. about: how to read it."""

    mark: str
    title: str
    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    about: str = ""
    heading: str = ""

    @property
    def legend(self) -> tuple[str, ...]:
        """The lines that are drawn behind its intervals, by their classes, each once, in the order of the axis."""
        return tuple(dict.fromkeys(looks for head in self.heads for _, looks in sorted(head.marks)))

    @property
    def first(self) -> tuple[Line, ...]:
        """What stands in the page."""
        return self.lines[:AT_ONCE]

    @property
    def rest(self) -> tuple[Line, ...]:
        """What the data file holds."""
        return self.lines[AT_ONCE:]


class Axis(msgspec.Struct, frozen=True):
    """From values to pixels of a drawn interval: low and high stand at its two ends."""

    low: float
    high: float

    def at(self, value: float) -> int:
        """The pixel of a value; one beyond an end stands there."""
        share = (value - self.low) / (self.high - self.low)
        return round(3 + (WIDTH - 6) * min(1.0, max(0.0, share)))

    def drawn(self, low: float | None, middle: float, high: float | None) -> tuple[int, int, int]:
        """An interval; without ends its middle alone."""
        return (self.at(middle if low is None else low), self.at(middle), self.at(middle if high is None else high))


def axis_over(values: Iterable[float | None]) -> Axis:
    """An axis that holds 0 and all of these, with some room."""
    known = [0.0, *(value for value in values if value is not None)]
    low, high = min(known), max(known)
    room = 0.04 * (high - low) or 1.0
    return Axis(low - room, high + room)


def data_file(mark: str, lines: Sequence[Line], root: str = "") -> str:
    """The text of the file that hands these lines to the script. It holds JSON, in which no character could end a script. root:
    what leads from the page to the root of the site."""
    held = [[line.looks, [_packed(cell, root) for cell in line.cells]] for line in lines]
    return f"boardLines({script_of(mark)},{script_of(held)});\n"


def _packed(cell: Cell, root: str) -> object:
    values = [visible(cell.text), cell.order, root + cell.link if cell.link else "", cell.looks, cell.drawn, visible(cell.tie)]
    while len(values) > 1 and values[-1] in (None, ""):
        values.pop()
    return values[0] if len(values) == 1 else values


def script_of(value: object) -> str:
    """A value as JSON that may stand in a script: no character of it could end one. Raises ValueError for a number that is
    none."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
