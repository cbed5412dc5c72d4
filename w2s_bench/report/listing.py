"""A table for a person at a terminal, or for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from w2s_bench.registry.short_names import short_names
from w2s_bench.report.plain_text import ENCODING, plain
from w2s_bench.report.table import Table
from w2s_bench.report.wording import harmless

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

_FILE_WIDTH = 180
_ASCII_HEAD = "    \n    \n -- \n    \n    \n    \n    \n    \n"
"""The lines of a table that has one under its head."""

_STYLES = {"": "", "strong": "bold", "faint": "dim"}
_Label = TypeVar("_Label", bound=Hashable)


def table_console(elsewhere: int = _FILE_WIDTH) -> Console:
    """Where tables are printed: as wide as the terminal, and where there is none as `elsewhere`, wide enough for every column."""
    from rich.console import Console

    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else elsewhere)


def printable(table: Table, console: Console) -> Table:
    """The columns that a terminal shows, in texts that steer none, and in ASCII where this one shows nothing else: as wide as
    they will be printed."""
    ascii_only = console.options.ascii_only
    return table.at("terminal").said(lambda text: plain(_tame(text)) if ascii_only else _tame(text))


def print_table(table: Table, console: Console | None = None) -> None:
    """Print the columns that a terminal shows, under the table's title."""
    from rich.box import SIMPLE_HEAD, Box
    from rich.table import Table as Grid
    from rich.text import Text

    console = console or table_console()
    shown = printable(table, console)
    if shown.title or shown.about:
        heading = Text(shown.title, style="bold")
        heading.append(f"  {shown.about}" if shown.about else "", style="dim")
        console.print(heading)
    box = Box(_ASCII_HEAD, ascii=True) if console.options.ascii_only else SIMPLE_HEAD
    grid = Grid(box=box, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, collapse_padding=True)
    for column in shown.columns:
        grid.add_column("\n".join(column.heads), justify="left" if column.wordy else "right", no_wrap=column.least is None,
                        overflow="fold", min_width=column.least)
    previous = None
    for number, line in enumerate(shown.lines):
        if number and shown.parted_by and line[shown.parted_by] != previous:
            grid.add_section()
        previous = line[shown.parted_by] if shown.parted_by else None
        grid.add_row(*(Text(column.cell(line), style=_STYLES[column.tone(line)]) for column in shown.columns))
    console.print(grid)
    console.print()


def print_csv(table: pl.DataFrame) -> None:
    """Print a table as CSV, the texts of a list joined with spaces."""
    import polars as pl

    lists = [name for name, kind in table.schema.items() if kind == pl.List(pl.String)]
    print_data(table.with_columns(pl.col(name).list.join(" ") for name in lists).write_csv().removesuffix("\n"))


def print_json(found: Mapping[str, object]) -> None:
    """Print JSON; NaN, which JSON lacks, must be None already."""
    print_data(json.dumps(found, ensure_ascii=False, allow_nan=False))


def print_data(text: str) -> None:
    """Print what a program reads: in UTF-8 where a person would be shown ASCII."""
    click.echo(text.encode() if getattr(sys.stdout, "encoding", None) == ENCODING else text)


def say(sentences: Iterable[str]) -> None:
    """Print one sentence a line."""
    for sentence in sentences:
        click.echo(_tame(sentence))


def _tame(text: str) -> str:
    """The text, of which no data can steer a terminal, with its line breaks."""
    return "\n".join(harmless(line) for line in text.split("\n"))


def short(labels: Sequence[_Label]) -> dict[_Label, str]:
    """Each label without the parameters that all share, and - for None."""
    texts = short_names(label for label in labels if isinstance(label, str))
    return {label: "-" if label is None else texts.get(str(label), str(label)) for label in labels}
