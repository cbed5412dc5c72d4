"""The figures of a page: those for which the run holds the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING

from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.figures import (
    Figure,
    embed,
    gain_misfit,
    has_curves,
    heatmap,
    ledger,
    sample_size,
    scripts,
    selection,
    strategies,
    tightness,
)
from w2s_bench.tables.choices import GROUP, choices
from w2s_bench.tables.comparisons import PAIR, comparisons

if TYPE_CHECKING:
    import polars as pl

_FEWEST_SIZES = 3
_FEWEST_MODELS = 3
_PANELS = ("panel",)


def figures_section(rows: pl.DataFrame, bounds: pl.DataFrame) -> str:
    """HTML of the figures, each under its title, and the scripts that draw them, once."""
    parts = [_part(kind, draw) for kind, draw in _figures(rows, bounds)]
    return "\n".join([scripts(), *parts]) if parts else ""


def _part(kind: str, draw: Callable[[], Figure]) -> str:
    try:
        figure = draw()
    except (UsageError, DataError) as error:
        return f'<p class="note">The figure {kind} is not drawn: {escape(error.what)}.</p>'
    return (f"<h2>{escape(figure.title)}</h2>\n<figure>\n{embed(figure, f'figure-{kind}')}\n"
            f"<figcaption>{escape(figure.caption)} Point at a mark to read it.</figcaption>\n</figure>")


def _figures(rows: pl.DataFrame, bounds: pl.DataFrame) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Kind and how to draw it, in the order of the page."""
    import polars as pl

    ok = rows.filter((pl.col("status") == "ok") & pl.all_horizontal(pl.col("gain", "misfit").is_finite().fill_null(False)))
    if ok.is_empty():
        return
    by = _PANELS if ok["panels"].explode().n_unique() > 1 else ()
    yield "gain-misfit", lambda: gain_misfit(ok, bounds, by, cut=True)
    if ok.select(pl.col("strategy").n_unique().over(PAIR) > 1).to_series().any():
        yield "strategies", lambda: strategies(comparisons(rows), cut=True)
    if ok.select(pl.all_horizontal(pl.col("projection", "realizability").is_finite()).any()).item():
        yield "ledger", lambda: ledger(ok, cut=True)
    if not bounds.is_empty():
        yield "tightness", lambda: tightness(ok, bounds)
    if ok.select(pl.col("weak").n_unique().over(GROUP) > 1).to_series().any():
        yield "selection", lambda: selection(ok, choices(ok), cut=True)
    if has_curves(ok, _FEWEST_SIZES):
        yield "sample-size", lambda: sample_size(ok, bounds, least=_FEWEST_SIZES, cut=True)
    if min(ok["weak"].n_unique(), ok["strong"].n_unique()) >= _FEWEST_MODELS:
        yield "heatmap", lambda: heatmap(ok, cut=True)
