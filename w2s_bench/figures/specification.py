"""A drawing as the Vega-Lite specification that pictures are made from."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.figures import COLOURS, Drawing

if TYPE_CHECKING:
    import altair

MANY_MARKS = 4000
"""Marks of a drawing beyond which a page holds it as pixels, for an element a mark would be slow."""
BACKGROUND = "#fcfcfb"
_ENDS_A_SCRIPT = re.compile("<(?=/?script|!--)", re.IGNORECASE)
_NARROWEST = 60
_CHARACTER = 5.9
"""Width of a character of a caption in pixels, on the average."""
THEME: dict[str, Json] = {
    "font": "DejaVu Sans, Helvetica, Arial, sans-serif", "background": BACKGROUND, "view": {"stroke": "#d5d5d5"},
    "range": {"category": list(COLOURS)},
    "axis": {"gridColor": "#eeeeee", "domainColor": "#999999", "tickColor": "#999999", "labelColor": "#444444",
             "titleColor": "#222222", "titleFontWeight": "normal", "labelFontSize": 11, "titleFontSize": 12, "labelLimit": 420,
             "maxExtent": 420},
    "title": {"anchor": "start", "frame": "group", "fontSize": 13, "fontWeight": "bold", "color": "#222222", "offset": 8,
              "subtitleColor": "#555555", "subtitleFontSize": 11.5, "subtitlePadding": 4},
    "header": {"title": None, "labelAnchor": "start", "labelFontSize": 11, "labelColor": "#222222", "labelPadding": 6},
    "legend": {"orient": "top", "title": None, "titleFontWeight": "normal", "labelFontSize": 12, "labelColor": "#222222",
               "symbolSize": 90, "symbolOpacity": 1, "labelLimit": 420, "symbolStrokeWidth": 1.5}}
"""Fonts, colours, grid, frame and legend of every figure, whoever draws it."""


def specification(drawing: Drawing) -> dict[str, Json]:
    """The Vega-Lite specification without title and caption. The same drawing gives the same dictionary."""
    found = drawing.chart.to_dict()
    own = found.get("datasets")
    tables: dict[str, Json] = {name: [dict(row) for row in table] for name, table in drawing.tables.items()}
    datasets: Json = {**own, **tables} if isinstance(own, dict) else tables
    return {**found, "datasets": datasets, "config": THEME, "description": drawing.title or drawing.caption}


def titled(drawing: Drawing) -> dict[str, Json]:
    """The specification with the title above and the caption below it, broken to the width of the drawing; an empty one is
    left out."""
    wide = max(_NARROWEST, int(drawing.width / _CHARACTER))
    title: dict[str, Json] = {"text": _lines(drawing.title, int(0.85 * wide)), "anchor": "start", "fontSize": 15,
                              "subtitleLineHeight": 15, "offset": 14}
    if drawing.caption:
        title["subtitle"] = _lines(drawing.caption, wide)
    return {**specification(drawing), **({"title": title} if drawing.title or drawing.caption else {})}


def marks(drawing: Drawing) -> int:
    """How many marks a drawing has, about: the rows of its tables."""
    return sum(len(table) for table in drawing.tables.values())


def as_chart(drawing: Drawing) -> altair.TopLevelMixin:
    """The whole figure as a chart of altair's, which a notebook shows.

    altair writes a chart into a script as it is, so that a name could end that script and begin another: after a < that could
    do so stands a space of no width.
    """
    import altair as alt

    return alt.Chart.from_dict(_closed(titled(drawing)))


def _closed(value: Json) -> Any:
    if isinstance(value, str):
        return _ENDS_A_SCRIPT.sub("<\N{ZERO WIDTH SPACE}", value)
    if isinstance(value, list):
        return [_closed(each) for each in value]
    return {_closed(name): _closed(each) for name, each in value.items()} if isinstance(value, dict) else value


def _lines(text: str, width: int) -> list[str]:
    return list(textwrap.wrap(text, width, break_on_hyphens=False))
