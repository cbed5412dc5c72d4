"""A table of runs as a folder that others read: rows, bounds and a Markdown page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from w2s_bench.report.finding import said_of
from w2s_bench.report.rendering import filled
from w2s_bench.report.written import notes, task_tables
from w2s_bench.running.table_files import BOUND, ROW, write_table
from w2s_bench.tables.inference import NO_TERMS, Terms
from w2s_bench.tables.reading import CELL
from w2s_bench.tables.summary import summary

if TYPE_CHECKING:
    import polars as pl


def publish(rows: pl.DataFrame, bounds: pl.DataFrame, folder: Path, command: str, terms: Terms = NO_TERMS) -> None:
    """Write rows.parquet, bounds.parquet and README.md, a page that a code host shows. Same tables, same page."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows.sort(CELL, maintain_order=True, nulls_last=True)
    bounds = bounds.sort("run_id", "cell_key", "bound", "split", maintain_order=True)
    write_table(rows, folder / "rows.parquet", ROW)
    write_table(bounds, folder / "bounds.parquet", BOUND)
    (folder / "README.md").write_text(markdown(rows, bounds, command, terms), encoding="utf-8", errors="backslashreplace")


def markdown(rows: pl.DataFrame, bounds: pl.DataFrame, command: str, terms: Terms = NO_TERMS) -> str:
    """The page: the finding, a table a task set, and the command that makes them."""
    table = summary(rows, bounds, terms=terms)
    fence = "`" * (3 + max((len(run) for run in re.findall("`+", command)), default=0))
    return filled("published.md.j2", finding=said_of(table, rows), tables=task_tables(table), command=command,
                  fence=fence, notes=notes(table))
