"""A table for a person, or for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from w2s_bench.registry.short_names import short_names
from w2s_bench.report.terminal_table import figure

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console


_FILE_WIDTH = 180


def table_console() -> Console:
    """Where tables are printed: as wide as the terminal, and wide enough for every column where there is none."""
    from rich.console import Console

    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else _FILE_WIDTH)


def print_table(title: str, about: str, heads: Sequence[str], lines: Sequence[Sequence[str]], names: int) -> None:
    """Print lines under a title. The first `names` columns hold words and may be folded, the others figures."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    heading = Text(title, style="bold")
    heading.append(f"  {about}" if about else "", style="dim")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, collapse_padding=True)
    for number, head in enumerate(heads):
        wordy = number < names
        table.add_column(head, justify="left" if wordy else "right", no_wrap=not wordy, overflow="fold")
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    console = table_console()
    console.print(heading)
    console.print(table)
    console.print()


def print_csv(table: pl.DataFrame) -> None:
    """Print a table without lists as CSV."""
    click.echo(table.write_csv(), nl=False)


def print_json(found: Mapping[str, Any]) -> None:
    """Print JSON; NaN, which JSON lacks, must be None already."""
    click.echo(json.dumps(found, ensure_ascii=False, allow_nan=False))


def say(sentences: Sequence[str]) -> None:
    """Print one sentence a line."""
    for sentence in sentences:
        click.echo(sentence)


def short(labels: Sequence[Any]) -> dict[Any, str]:
    """Each label without the parameters that all share, and - for None."""
    texts = short_names(label for label in labels if isinstance(label, str))
    return {label: "-" if label is None else texts.get(label, str(label)) for label in labels}


def with_half(line: Mapping[str, Any], name: str, digits: int = 3, mark: str = "") -> str:
    """ "mean ± half the interval", where it has one around it; the mark follows the interval."""
    middle, high = line[name], line[f"{name}_high"]
    half = f" ± {figure(high - middle, 0, digits)}{mark}" if middle is not None and high is not None and high > middle else ""
    return figure(middle, 0, digits) + half


def between(line: Mapping[str, Any], name: str, digits: int = 3, mark: str = "") -> str:
    """ "mean (low to high)" for an interval that is not even about its middle."""
    low, high = line[f"{name}_low"], line[f"{name}_high"]
    ends = f" ({figure(low, 0, digits)} to {figure(high, 0, digits)}){mark}" if low is not None and high is not None else ""
    return figure(line[name], 0, digits) + ends
