"""What all figures share: colours that differ in lightness too, shapes, dashes, fonts, and how numbers and names are written.

The colours keep apart for the colour-blind (after Okabe and Ito) and, by their lightness, in grey.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

DARK, ORANGE, GREY, SKY, GREEN, RED = "#0b3c6f", "#e08a1e", "#8a8a8a", "#6cb8e6", "#1b8f6a", "#b5452c"
INK, PALE = "#222222", "#dcdcd6"
COLOURS = (DARK, ORANGE, GREY, SKY, GREEN, RED)
SHAPES = ("circle", "triangle-up", "square", "diamond", "cross", "triangle-down")
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (4, 4), (1, 3))
DIRECTIONS = ("weak-to-strong", "strong-to-weak", "same")
FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"
CHARACTER = 5.9
"""Width of a character of a caption in pixels, on the average."""
CONFIG = {
    "font": FONT, "background": "#fcfcfb", "view": {"stroke": "#d5d5d5"},
    "axis": {"gridColor": "#eeeeee", "domainColor": "#999999", "tickColor": "#999999", "labelColor": "#444444", "titleColor": INK,
             "titleFontWeight": "normal", "labelFontSize": 11, "titleFontSize": 12, "labelLimit": 420, "maxExtent": 420},
    "title": {"anchor": "start", "frame": "group", "fontSize": 13, "fontWeight": "bold", "color": INK, "offset": 8,
              "subtitleColor": "#555555", "subtitleFontSize": 11.5, "subtitlePadding": 4},
    "header": {"title": None, "labelAnchor": "start", "labelFontSize": 11, "labelColor": INK, "labelPadding": 6},
    "legend": {"orient": "top", "title": None, "titleFontWeight": "normal", "labelFontSize": 12, "symbolSize": 90,
               "symbolOpacity": 1, "labelLimit": 420, "symbolStrokeWidth": 1.5}}
"""Fonts, grid, frame and legend of every figure."""
POWERS = ("abs(datum.value) >= 1e5 || (datum.value != 0 && abs(datum.value) < 1e-3) ? format(datum.value, '~e') : "
          "format(datum.value, ',~r')")
"""The label of a tick on an axis of powers of ten."""
BROKEN: dict[str, Any] = {"labelExpr": "split(datum.label, '\\n')", "labelLimit": 420, "labelLineHeight": 12}
"""Settings of an axis whose names hold line breaks."""
WORDS = {
    "gain": "gain", "misfit": "misfit", "misfit_reverse": "reverse misfit D(weak, student)", "projection": "projection",
    "realizability": "realizability", "err_weak": "error of the weak supervisor", "err_student": "error of the student",
    "err_ceiling": "error of the ceiling", "predicted_err": "predicted error, err_weak − misfit",
    "delta_exact": "δ, excess of the misfit over the least one", "pgr": "performance gap recovered",
    "gain_accuracy": "gain in accuracy", "pgr_accuracy": "performance gap recovered, on accuracy",
    "accuracy_weak": "accuracy of the weak supervisor", "accuracy_student": "accuracy of the student",
    "accuracy_ceiling": "accuracy of the ceiling", "agreement": "agreement of student and weak supervisor",
    "agreement_weak_right": "agreement where the weak supervisor is right",
    "agreement_weak_wrong": "agreement where the weak supervisor is wrong",
    "gain_over_misfit": "gain over misfit", "projection_gap": "projection gap ‖P_s (I − P_w)‖"}
"""Columns in words."""


@dataclass(frozen=True)
class Categories:
    """Kinds of marks, each with its colour, shape and dash.

    field: the column that holds the kind; values: all kinds, whose places decide their looks; shown: those in the legend.
    """

    field: str
    values: tuple[str, ...]
    shown: tuple[str, ...]
    colours: tuple[str, ...] = COLOURS

    def colour(self, **legend: Any) -> Any:
        """The colour channel; legend: settings of its legend."""
        return self._channel("Color", self.colours, legend)

    def shape(self, **legend: Any) -> Any:
        """The shape channel, in the legend of the colours."""
        return self._channel("Shape", SHAPES, legend)

    def dash(self, **legend: Any) -> Any:
        """The dash channel, in the legend of the colours."""
        return self._channel("StrokeDash", DASHES, legend)

    def _channel(self, kind: str, looks: Sequence[Any], legend: dict[str, Any]) -> Any:
        import altair as alt

        looks = [list(look) if isinstance(look, tuple) else look for look in looks[: len(self.values)]]
        return getattr(alt, kind)(f"{self.field}:N", scale=alt.Scale(domain=list(self.values), range=looks),
                                  legend=alt.Legend(values=list(self.shown), title=None, **legend))


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
