"""A table of runs as a folder that others read: rows, bounds and a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s_bench.report.finding import sentence
from w2s_bench.report.terminal_table import figure, flag_letters, verdict_text
from w2s_bench.running.table_files import BOUND, ROW, write_table
from w2s_bench.scoring.columns import ROWS
from w2s_bench.tables.reading import CELL
from w2s_bench.tables.summary import EXPLICIT, summary, unit_of

if TYPE_CHECKING:
    import polars as pl


def publish(rows: pl.DataFrame, bounds: pl.DataFrame, folder: Path, command: str) -> None:
    """Write rows.parquet, bounds.parquet and README.md, a page that a code host shows. Same tables, same page."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = _rebuilt_lists(rows.sort(CELL, maintain_order=True, nulls_last=True))
    bounds = bounds.sort("run_id", "cell_key", "bound", "split", maintain_order=True)
    write_table(rows, folder / "rows.parquet", ROW)
    write_table(bounds, folder / "bounds.parquet", BOUND)
    (folder / "README.md").write_text(markdown(rows, bounds, command), encoding="utf-8")


def _rebuilt_lists(rows: pl.DataFrame) -> pl.DataFrame:
    """Lists made anew: a column of lists that was turned about and is null throughout is written in other bytes."""
    import polars as pl

    lists = [column.name for column in ROWS if column.type == "list"]
    return rows.with_columns(pl.Series(name, rows[name].to_list(), dtype=pl.List(pl.String)) for name in lists)


def markdown(rows: pl.DataFrame, bounds: pl.DataFrame, command: str) -> str:
    """The page: the finding, a table a task set, and the command that makes them."""
    import polars as pl

    table = summary(rows, bounds)
    parts = ["# Weak-to-strong results", _escaped(sentence(rows, bounds))]
    for task in table["task_set"].unique(maintain_order=True).to_list():
        parts.append(_task_section(task, table.filter(pl.col("task_set") == task).to_dicts()))
    fence = "`" * (3 + max((len(run) for run in re.findall("`+", command)), default=0))
    parts.append(f"Made by\n\n{fence}\n{command}\n{fence}")
    parts.append("Means over seeds. ± is half a 95 % interval: Student-t over seeds, or over test examples where there is one "
                 f"seed. Gain / misfit and tightness are ratios of means. {_about_bounds(table)} on the test split; "
                 "tightness is its left side over its right side." + _about_classes(table))
    return "\n\n".join(parts) + "\n"


_HEADS = ("weak", "strong", "strategy", "supervisor", "direction", "seeds", "err weak", "err student", "err ceiling",
          "gain ± 95 %", "misfit", "gain / misfit", "tightness", "bound", "flags")
_ACCURACY = ("accuracy weak", "accuracy student", "accuracy ceiling", "gain accuracy ± 95 %")
_BEFORE_ACCURACY = 13
"""Columns that stand left of those of classes."""


def _task_section(task: str, lines: Sequence[dict[str, Any]]) -> str:
    unit = unit_of(lines[0]["divergence"], lines[0]["output_unit"])
    more = _ACCURACY if lines[0]["classes"] is not None else ()
    classes = f" {lines[0]['classes']} classes, accuracy in %." if more else ""
    about = f"Divergence: {lines[0]['divergence']}" + (f", in {unit}" if unit else "") + "." + classes
    heads = (*_HEADS[:_BEFORE_ACCURACY], *more, *_HEADS[_BEFORE_ACCURACY:])
    head = f"| {' | '.join(heads)} |\n|{'---|' * 5}{'---:|' * (8 + len(more))}---|---|"
    return "\n\n".join([f"## {_escaped(task)}", _escaped(about), "\n".join([head, *(_markdown_line(line) for line in lines)])])


def _markdown_line(line: dict[str, Any]) -> str:
    half = f" ± {figure(line['gain_half'])}" if line["gain_half"] is not None else ""
    cells = [*(str(line[name]) for name in _HEADS[:5]), str(line["n_seeds"]),
             *(figure(line[name]) for name in ("err_weak", "err_student", "err_ceiling")), figure(line["gain"]) + half,
             figure(line["misfit"]), figure(line["gain_over_misfit"], 0, 2), figure(line["tightness"], 0, 2), *_accuracies(line),
             verdict_text(line), ", ".join(line["flags"]) if flag_letters(line["flags"]) else ""]
    return "| " + " | ".join(_escaped(cell) for cell in cells) + " |"


def _accuracies(line: dict[str, Any]) -> list[str]:
    if line["classes"] is None:
        return []
    half = f" ± {figure(line['gain_accuracy_half'], -2, 2)}" if line["gain_accuracy_half"] is not None else ""
    return [*(figure(line[f"accuracy_{role}"], -2, 2) for role in ("weak", "student", "ceiling")),
            figure(line["gain_accuracy"], -2, 2) + half]


def _about_bounds(table: pl.DataFrame) -> str:
    found = sorted({EXPLICIT.get(name, EXPLICIT["squared"]) for name in table["divergence"].unique().to_list()}, reverse=True)
    return f"The bound is {' or, in nats, '.join(found or [EXPLICIT['squared']])}"


def _about_classes(table: pl.DataFrame) -> str:
    said = ["kl-explicit promises a gain; where it promises none, there is no tightness."] if (
        table["divergence"].eq("kl").any()) else []
    said += ["The gain in accuracy is in percentage points."] if table["classes"].is_not_null().any() else []
    return "".join(f" {text}" for text in said)


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", escape(" ".join(text.split()), quote=False))
