"""What a run shows while it goes on: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from w2s_bench.running.audience import Progress, Warn

_PLAIN_SECONDS = 10.0


@contextlib.contextmanager
def progress_screen(quiet: bool) -> Iterator[tuple[Callable[[Progress], None], Warn]]:
    """Two functions: one shows progress, the other prints a warning without breaking the screen."""
    if quiet:
        yield (lambda progress: None), _warn
    elif sys.stderr.isatty():
        with _live() as functions:
            yield functions
    else:
        yield _plain(), _warn


def _warn(text: str) -> None:
    click.echo(f"warning: {text}", err=True)


def _words(progress: Progress) -> str:
    failed = sum(count for status, count in progress.finished.items() if status != "ok")
    return (f"{progress.done} of {progress.jobs} jobs, {progress.cached} cached; "
            f"cells: {progress.finished.get('ok', 0)} of {progress.cells} ok, {failed} not ok; {progress.current}")


def _plain() -> Callable[[Progress], None]:
    last = time.monotonic()

    def show(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= _PLAIN_SECONDS or progress.done == progress.jobs:
            last = time.monotonic()
            click.echo(_words(progress), err=True)

    return show


@contextlib.contextmanager
def _live() -> Iterator[tuple[Callable[[Progress], None], Warn]]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
             console=console, transient=True) as bar:
        line = bar.add_task("planning", total=None)

        def show(progress: Progress) -> None:
            bar.update(line, total=progress.jobs, completed=progress.done, description=_words(progress))

        yield show, lambda text: console.print(f"warning: {text}", markup=False)
