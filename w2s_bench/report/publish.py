"""A table of runs as a folder that others read: rows, bounds and a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from w2s_bench.report.finding import sentence
from w2s_bench.report.rendering import filled
from w2s_bench.report.results import of_classes, result_figures, result_names
from w2s_bench.report.table import Table
from w2s_bench.report.wording import Line, measured_in
from w2s_bench.running.table_files import BOUND, ROW, write_table
from w2s_bench.tables.laws import explicit_words
from w2s_bench.tables.reading import CELL
from w2s_bench.tables.summary import summary

if TYPE_CHECKING:
    import polars as pl


def publish(rows: pl.DataFrame, bounds: pl.DataFrame, folder: Path, command: str) -> None:
    """Write rows.parquet, bounds.parquet and README.md, a page that a code host shows. Same tables, same page."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows.sort(CELL, maintain_order=True, nulls_last=True)
    bounds = bounds.sort("run_id", "cell_key", "bound", "split", maintain_order=True)
    write_table(rows, folder / "rows.parquet", ROW)
    write_table(bounds, folder / "bounds.parquet", BOUND)
    (folder / "README.md").write_text(markdown(rows, bounds, command), encoding="utf-8")


def markdown(rows: pl.DataFrame, bounds: pl.DataFrame, command: str) -> str:
    """The page: the finding, a table a task set, and the command that makes them."""
    import polars as pl

    table = summary(rows, bounds)
    tables = [_task_table(task, table.filter(pl.col("task_set") == task).to_dicts())
              for task in table["task_set"].unique(maintain_order=True).to_list()]
    fence = "`" * (3 + max((len(run) for run in re.findall("`+", command)), default=0))
    return filled("published.md.j2", finding=sentence(rows, bounds), tables=tables, command=command, fence=fence,
                  notes=_notes(table))


def _task_table(task: str, lines: Sequence[Line]) -> Table:
    classes = f" {lines[0]['classes']} classes, accuracy in %." if of_classes(lines) else ""
    return Table(title=task, about=f"Divergence: {measured_in(lines[0])}.{classes}",
                 columns=(*result_names(), *result_figures()), lines=tuple(lines)).at("markdown")


def _notes(table: pl.DataFrame) -> list[str]:
    said = ["Means over seeds. ± is half a 95 % interval: Student-t over seeds, ' over test examples where there is one seed. "
            "Gain / misfit and tightness are ratios of means."]
    if bound := explicit_words(table["divergence"].to_list()):
        said.append(f"The bound is {bound} on the test split; tightness is its left side over its right side, and there is none "
                    "where either is not above 0.")
    said += ["The gain in accuracy is in percentage points."] if table["classes"].is_not_null().any() else []
    return said
