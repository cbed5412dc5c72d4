"""What all figures share: what keeps kinds of marks apart, and how numbers and names are written."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from w2s_bench.contracts import COLOURS, DIRECTIONS, SHAPES

DARK, ORANGE, GREY, SKY, GREEN, RED = COLOURS
INK, PALE = "#222222", "#dcdcd6"
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (4, 4), (1, 3))
_OF_DIRECTIONS = {"weak-to-strong": (DARK, "circle"), "undirected": (GREEN, "diamond"), "same": (GREY, "square"),
                  "strong-to-weak": (ORANGE, "triangle-up")}
POWERS = ("abs(datum.value) >= 1e5 || (datum.value != 0 && abs(datum.value) < 1e-3) ? format(datum.value, '~e') : "
          "format(datum.value, ',~r')")
"""The label of a tick on an axis of powers of ten."""
BROKEN: dict[str, Any] = {"labelExpr": "split(datum.label, '\\n')", "labelLimit": 420, "labelLineHeight": 12}
"""Settings of an axis whose names hold line breaks."""
@dataclass(frozen=True)
class Categories:
    """Kinds of marks, each with its colour, shape and dash.

    field: the column that holds the kind; values: all kinds, whose places decide their looks; shown: those in the legend.
    """

    field: str
    values: tuple[str, ...]
    shown: tuple[str, ...]
    colours: tuple[str, ...] = COLOURS
    shapes: tuple[str, ...] = SHAPES

    def colour(self, **legend: Any) -> Any:
        """The colour channel; legend: settings of its legend."""
        return self._channel("Color", self.colours, legend)

    def shape(self, **legend: Any) -> Any:
        """The shape channel, in the legend of the colours."""
        return self._channel("Shape", self.shapes, legend)

    def dash(self, **legend: Any) -> Any:
        """The dash channel, in the legend of the colours."""
        return self._channel("StrokeDash", DASHES, legend)

    def _channel(self, kind: str, looks: Sequence[Any], legend: dict[str, Any]) -> Any:
        import altair as alt

        looks = [list(look) if isinstance(look, tuple) else look for look in looks[: len(self.values)]]
        return getattr(alt, kind)(f"{self.field}:N", scale=alt.Scale(domain=list(self.values), range=looks),
                                  legend=alt.Legend(values=list(self.shown), title=None, **legend))


def of_directions(field: str, found: Collection[str | None]) -> Categories:
    """The directions, each with the look that it has in every figure; found: those in the legend."""
    colours, shapes = zip(*(_OF_DIRECTIONS[direction] for direction in DIRECTIONS), strict=True)
    return Categories(field, DIRECTIONS, tuple(each for each in DIRECTIONS if each in found), colours, shapes)


def inline(values: list[dict[str, Any]]) -> Any:
    """A few values written into the chart itself."""
    import altair as alt

    return alt.Data(values=values)  # type: ignore[no-untyped-call]


def named(name: str) -> Any:
    """The table of this name of the figure."""
    import altair as alt

    return alt.NamedData(name=name)


def tick_format(values: Iterable[float | None]) -> str:
    """The format of an axis that shows these values: plain from 0.001 to a million, with an exponent beyond."""
    largest = max((abs(value) for value in values if value is not None and math.isfinite(value)), default=1.0)
    return ",~f" if 1e-3 <= largest < 1e6 else "~e"


def short_number(value: float | None) -> str:
    """Three significant digits in at most eight characters; nothing where there is no number."""
    if value is None or not math.isfinite(value):
        return ""
    if value and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.1e}".replace("-", "−")
    places = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{places}f}".replace("-", "−")


def rounded(value: float | None) -> float | None:
    """Six significant digits, more than a picture shows; none for what is no number."""
    return float(f"{value:.6g}") if value is not None and math.isfinite(value) else None


def lines(text: str, width: int) -> list[str]:
    """The text broken at spaces into lines of at most this many characters."""
    return textwrap.wrap(text, width, break_on_hyphens=False) or [""]


def broken(label: str, width: int) -> list[str]:
    """A name broken into lines of about this many characters, between its words and parameters only."""
    found = [""]
    for piece in re.findall(r"[^\s\[,-]*[\s\[,-]*", label):
        if found[-1] and len((found[-1] + piece).rstrip()) > width:
            found.append("")
        found[-1] += piece
    return [line.strip() for line in found]


def pair_lines(weak: str, strong: str, width: int) -> list[str]:
    """A pair in one line if it is short, else its names below each other."""
    whole = f"{weak} → {strong}"
    return [whole] if len(whole) <= width else [*broken(f"{weak} →", width), *broken(strong, width)]
