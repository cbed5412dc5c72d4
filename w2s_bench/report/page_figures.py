"""The figures of a page: those that the plugins find its rows worth."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from w2s_bench.figures.choosing import PageFigure, figures_of_page
from w2s_bench.figures.data import RunData
from w2s_bench.figures.write import embed, scripts
from w2s_bench.registry.loading import load_registry

if TYPE_CHECKING:
    import polars as pl


def figures_section(rows: pl.DataFrame, bounds: pl.DataFrame) -> str:
    """HTML of the figures, each under its title, and the scripts that draw them, once."""
    parts = [_part(figure) for figure in figures_of_page(load_registry(), RunData(rows, bounds, on_page=True))]
    return "\n".join([scripts(), *parts]) if parts else ""


def _part(figure: PageFigure) -> str:
    drawing = figure.drawing
    if drawing is None:
        return f'<p class="note">The figure {escape(figure.name)} is not drawn: {escape(figure.problem)}.</p>'
    return (f"<h2>{escape(drawing.title)}</h2>\n<figure>\n{embed(drawing, f'figure-{figure.name}')}\n"
            f"<figcaption>{escape(drawing.caption)} Point at a mark to read it.</figcaption>\n</figure>")
