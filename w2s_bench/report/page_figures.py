"""The figures of a page: those that the plugins find its rows worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from w2s_bench.figures.choosing import PageFigure, figures_of_page
from w2s_bench.figures.data import RunData
from w2s_bench.figures.write import embed, scripts
from w2s_bench.registry.loading import load_registry
from w2s_bench.report.rendering import filled

if TYPE_CHECKING:
    import polars as pl
    from markupsafe import Markup


def figures_section(rows: pl.DataFrame, bounds: pl.DataFrame) -> str:
    """HTML of the figures, each under its title, and the scripts that draw them, once; empty where none applies."""
    from markupsafe import Markup

    figures = list(figures_of_page(load_registry(), RunData(rows, bounds, on_page=True)))
    if not figures:
        return ""
    return filled("figures.html.j2", figures=figures, scripts=Markup(scripts()), embedded=_embedded)


def _embedded(figure: PageFigure) -> Markup:
    from markupsafe import Markup

    return Markup(embed(figure.drawing, f"figure-{figure.name}") if figure.drawing else "")
