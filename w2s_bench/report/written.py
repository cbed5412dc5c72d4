"""The summary of runs as text to paste: Markdown for a code host or an issue, LaTeX for a paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.registry.short_names import short_names
from w2s_bench.report.rendering import filled
from w2s_bench.report.results import of_classes, result_figures, result_names, stars_of_gains
from w2s_bench.report.table import Shown, Table, unit_in_head, words
from w2s_bench.report.wording import Line, intervals_in_words, measured_in
from w2s_bench.tables.inference import NO_TERMS, Terms
from w2s_bench.tables.laws import law_words, unit_of
from w2s_bench.tables.summary import group_keys, summary
from w2s_bench.tables.uninformed import left_out_words

if TYPE_CHECKING:
    import polars as pl

def task_tables(found: pl.DataFrame, by: Sequence[str] | None = None) -> list[Table]:
    """A table a task set of a summary, in the columns that Markdown shows. by: what its groups are made by."""
    import polars as pl

    return [_task_table(task, found.filter(pl.col("task_set") == task).to_dicts(), by)
            for task in found["task_set"].unique(maintain_order=True).to_list()]


def notes(found: pl.DataFrame) -> list[str]:
    """What the marks and columns of these tables mean, sentence by sentence."""
    said = [f"Means over seeds. {intervals_in_words(found['gain_over'].to_list())}. {stars_of_gains(found)} "
            "Gain / misfit and tightness are ratios of means."]
    if bound := law_words(found["divergence"].to_list()):
        said.append(f"The bound is {bound} on the test split. No statement: an assumption, which is named, is not certified. "
                    "Says nothing: certified, and promises nothing. "
                    "Tightness: left side over right side, of a bound that says something.")
    said += ["The gain in accuracy is in percentage points."] if found["classes"].is_not_null().any() else []
    return said


def markdown_tables(rows: pl.DataFrame, bounds: pl.DataFrame, by: Sequence[str] | None, terms: Terms = NO_TERMS) -> str:
    """A Markdown table a task set, as a published folder has them, and what they mean."""
    found = summary(rows, bounds, list(by) if by else None, terms)
    said = [*notes(found), left_out_words(rows, group_keys(by))]
    return filled("tables.md.j2", tables=task_tables(found, by)) + f"{' '.join(filter(None, said))}\n"


def latex_tables(rows: pl.DataFrame, bounds: pl.DataFrame, by: Sequence[str] | None, terms: Terms = NO_TERMS) -> str:
    """A LaTeX table a task set (booktabs), with units in the heads and names as short as they tell the lines apart."""
    found = summary(rows, bounds, list(by) if by else None, terms)
    return filled("tables.tex.j2", tables=[_for_paper(table) for table in task_tables(found, by)], notes=notes(found))


def _task_table(task: str, lines: Sequence[Line], by: Sequence[str] | None) -> Table:
    names = tuple(words(key) for key in group_keys(by) if key != "task_set") if by else result_names()
    classes = f" {lines[0]['classes']} classes, accuracy in %." if of_classes(lines) else ""
    return Table(title=task, about=f"Divergence: {measured_in(lines[0])}.{classes}", columns=(*names, *result_figures()),
                 lines=tuple(lines)).at("markdown")


def _for_paper(table: Table) -> Table:
    """The table with units in its heads, short names, and without the columns of names that say one thing."""
    first = table.lines[0]
    unit = unit_of(first["divergence"], first["output_unit"])
    names = [column for column in table.columns if column.wordy and column.name in first and isinstance(first[column.name], str)
             and column.name not in ("verdict",)]
    same = [column.name for column in names if len({line[column.name] for line in table.lines}) == 1 and len(table.lines) > 1]
    said = "".join(f" {name}: {first[name]}." for name in same)
    short = {column.name: short_names(line[column.name] for line in table.lines) for column in names}
    columns = tuple(_headed(words(column.name, column.head, texts=short[column.name]) if column.name in short else column, unit)
                    for column in table.columns if column.name not in same)
    return msgspec.structs.replace(table, columns=columns, about=table.about + said)


def _headed(column: Shown, unit: str) -> Shown:
    beside = unit_in_head(column.name, unit)
    return msgspec.structs.replace(column, head=f"{column.head}, {beside}" if beside else column.head)
