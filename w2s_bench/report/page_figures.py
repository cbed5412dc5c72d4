"""The figures of a page: those that the plugins find its rows worth, each as a picture, its words and its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts.errors import PluginError
from w2s_bench.contracts.figures import Drawing
from w2s_bench.figures.choosing import PageFigure, figures_of_page
from w2s_bench.figures.data import RunData
from w2s_bench.figures.picture import for_page
from w2s_bench.registry.loading import load_registry
from w2s_bench.report.wording import counted, figure
from w2s_bench.tables.inference import NO_TERMS, Terms

if TYPE_CHECKING:
    import polars as pl
    from markupsafe import Markup

_MOST_NUMBERS = 60
"""Lines of each table of numbers under a figure."""


class Numbers(msgspec.Struct, frozen=True):
    """One table of what a figure draws. left: lines that are not listed, in words, "" for none."""

    heads: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    left: str


class Picture(msgspec.Struct, frozen=True):
    """One figure. problem: why it is not drawn; then the rest is empty."""

    name: str
    title: str
    caption: str
    picture: str
    numbers: tuple[Numbers, ...]
    problem: str = ""

    @property
    def mark(self) -> str:
        """Its id on the page."""
        return f"figure-{self.name}"


def page_figures(rows: pl.DataFrame, bounds: pl.DataFrame, terms: Terms = NO_TERMS) -> list[Picture]:
    """The figures of these rows, in the order that they declare; one that cannot be drawn says why."""
    return [_picture(found) for found in figures_of_page(load_registry(), RunData(rows, bounds, terms, on_page=True))]


def _picture(found: PageFigure) -> Picture:
    from markupsafe import Markup

    if found.drawing is None:
        return Picture(found.name, f"The figure {found.name}", "", "", (), found.problem)
    try:
        drawn: Markup = Markup(for_page(found.drawing, found.name))
    except PluginError as error:
        return Picture(found.name, found.drawing.title, "", "", (), error.what)
    return Picture(found.name, found.drawing.title, found.drawing.caption, drawn, tuple(_numbers(found.drawing)))


def _numbers(drawing: Drawing) -> Iterator[Numbers]:
    """What the drawing shows, for who cannot see it: the lines of its tables that hold any."""
    for table in drawing.tables.values():
        heads = tuple(dict.fromkeys(name for line in table for name in line if not name.startswith("_")))
        lines = tuple(tuple(_word(line.get(name)) for name in heads) for line in table[:_MOST_NUMBERS])
        left = len(table) - len(lines)
        if lines:
            yield Numbers(heads, lines, f"{counted(left, 'more line')} are not listed." if left else "")


def _word(value: object) -> str:
    if isinstance(value, float):
        return figure(value)
    return "" if value is None else str(value)
