"""Finished runs become one page: the table of pairs, the figures, the cells and how it was made. It asks for nothing, and runs
nothing that stands in the data: what comes from there is text, or a picture that `figures.picture` has checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts.errors import DataError, StoreError, UsageError
from w2s_bench.contracts.files import write_whole
from w2s_bench.figures.dark import dark_style
from w2s_bench.figures.sealed import part as figure_part
from w2s_bench.figures.sealed import policy
from w2s_bench.report.finding import sentence
from w2s_bench.report.origin import Origin, origin_of, several
from w2s_bench.report.page_figures import page_figures
from w2s_bench.report.page_tables import MOST_CELLS, cells_table, compared_table, pair_tables
from w2s_bench.report.rendering import filled, part
from w2s_bench.report.told_examples import HEADS, Told, may_hold_texts, on_page
from w2s_bench.running.table_files import ROW, unknown_columns
from w2s_bench.store.artifacts import default_store
from w2s_bench.tables.inference import NO_TERMS, Terms
from w2s_bench.tables.reading import read_runs, terms_of

if TYPE_CHECKING:
    import polars as pl

_REASONS = ("pgr_reason", "pgr_accuracy_reason", "metrics_missing")
_MOST_LOST = 200
"""What a list of the page holds at most."""
_LOST = ("status", "task", "weak", "strong", "strategy", "supervisor", "seed", "error")


class Lost(msgspec.Struct, frozen=True):
    """Cells without a score: how many in words, and a list."""

    about: str
    heads: tuple[str, ...]
    lines: tuple[tuple[str | int | None, ...], ...]


def write_report(folders: Sequence[Path], out: Path | None = None, *, latest: bool = False, store: str | None = None) -> Path:
    """Write the page of one run or of several as one, and return its path: `out`, else report.html in the folder.

    store: where the texts of examples may lie, by default the user's; a page has them in the folder of its own run alone.

    Raises DataError where a folder is not finished, UsageError where several runs are given and no file, or it has no folder;
    StoreError where it cannot be written.
    """
    rows, bounds = read_runs(folders, latest=latest)
    if rows.is_empty():
        raise DataError("there is no cell in it, and so nothing for a page", where=str(folders[0]),
                        hint="a shard may have none: `w2s-bench merge` joins it to the others")
    if out is None and (len(folders) > 1 or folders[0].is_file()):
        what = "a rows file has no folder for its page" if len(folders) == 1 else "the page of several runs lies in none of them"
        raise UsageError(what, hint="say where with -o, as in -o page.html")
    page = out or folders[0] / "report.html"
    if not page.parent.is_dir():
        raise UsageError("no such folder", where=str(page.parent), hint="make it, or choose another file with -o")
    texts = (store or default_store()) if may_hold_texts(page, folders[0]) else None
    text = page_of(rows, bounds, [origin_of(folder) for folder in folders], on_page(folders, rows, texts),
                   terms_of(folders))
    try:
        write_whole(page, text.encode(errors="backslashreplace"))
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror}", where=str(page), hint="choose another file with -o") from None
    return page


def page_of(rows: pl.DataFrame, bounds: pl.DataFrame, origins: Sequence[Origin], told: Told | None = None,
            terms: Terms = NO_TERMS) -> str:
    """The whole page as text. origins: of its runs, whose names are its title. told: examples, None where none are known."""
    from markupsafe import Markup

    style = f"{part('page.css')}{figure_part('figures.css')}{dark_style()}"
    script = f"{part('page.js')}{figure_part('tips.js')}"
    ok = rows["status"].eq("ok").sum()
    figures = page_figures(rows, bounds, terms)
    return filled(
        "page.html.j2", title=f"{several([origin.name for origin in origins]) or 'run'}: gain and misfit",
        finding=sentence(rows, bounds, terms), policy=policy(style, script), style=Markup(style), script=Markup(script),
        pairs=pair_tables(rows, bounds, terms), figures=figures,
        drawn=[figure for figure in figures if not figure.problem], compared=compared_table(rows, terms),
        told=told, told_heads=HEADS, cells=cells_table(rows, bounds), too_many=ok if ok > MOST_CELLS else 0,
        reasons=_reasons(rows), lost=_lost(rows), origins=origins, meanings=_meanings(rows))


def _reasons(rows: pl.DataFrame) -> list[tuple[str, str, int]]:
    """Why numbers are missing in cells that have a score, counted: (column, reason, cells)."""
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok").with_columns(pl.col("metrics_missing").list.join("; "))
    found = [ok.filter(pl.col(name).is_not_null() & (pl.col(name) != "")).group_by(pl.col(name).alias("reason")).len().select(
        pl.lit(name.removesuffix("_reason")).alias("column"), "reason", pl.col("len").alias("cells")) for name in _REASONS]
    return pl.concat(found).sort("column", "cells", "reason", descending=[False, True, False]).head(_MOST_LOST).rows()


def _lost(rows: pl.DataFrame) -> Lost:
    import polars as pl

    lost = rows.filter(pl.col("status") != "ok")
    first = f" The first {_MOST_LOST} are listed; rows.parquet holds all." if lost.height > _MOST_LOST else ""
    shown = lost.select(_LOST).sort(_LOST, nulls_last=True).head(_MOST_LOST)
    return Lost(f"{lost.height} of {rows.height} cells ended otherwise.{first}", _LOST, tuple(shown.rows()))


def _meanings(rows: pl.DataFrame) -> list[tuple[str, str, str, str, str]]:
    """What each column means: name, meaning, unit, whether it needs ground truth, source."""
    known = [(column.name, column.meaning, column.unit, "yes" if column.uses_truth else "", column.source)
             for column in ROW.columns]
    return known + [(name, "not declared by this version of w2s-bench or its plugins", "", "", "")
                    for name in unknown_columns(rows, ROW)]
