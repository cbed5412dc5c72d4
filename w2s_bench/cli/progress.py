"""What a run shows while it goes on: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click
import msgspec

from w2s_bench.running.durations import lasting

if TYPE_CHECKING:
    from rich.console import RenderableType

    from w2s_bench.running.audience import Progress, Warn
    from w2s_bench.running.costs import Left

_PLAIN_SECONDS = 10.0
_STAGES = {"load": "loading data", "prepare": "making models", "embed": "reading inputs", "compare": "comparing features",
           "fit": "fitting", "predict": "predicting", "score": "scoring"}
_MOST_STEPS = 4
_AFTER = "then tables, predictions and the page"


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


def _counts(progress: Progress) -> str:
    finished = dict(progress.finished)  # a copy: another thread draws
    failed = sum(count for status, count in finished.items() if status != "ok")
    cached = f" ({progress.cached} more in the store)" if progress.cached else ""
    return (f"{progress.done} of {progress.jobs} jobs{cached}; cells: {finished.get('ok', 0)} of {progress.cells} ok"
            + (f", {failed} not ok" if failed else ""))


def _now(progress: Progress) -> Left | None:
    """What is left, less the time since a job ended last where all is measured; None when no job is left."""
    left = progress.left() if progress.left else None
    if left is None or not left.jobs:
        return None
    if left.seconds is None or left.unmeasured:
        return left
    since = max(0.0, time.monotonic() - progress.last) * max(1, min(progress.workers, left.jobs))
    return msgspec.structs.replace(left, seconds=max(0.0, left.seconds - since))


def _share(progress: Progress) -> float:
    """The share that is done: of the seconds, or of the jobs where not all of their kinds have been measured."""
    left = progress.left() if progress.left else None
    share = None if left is None else left.share
    return progress.done / max(1, progress.jobs) if share is None else share


def _doing(progress: Progress) -> str:
    """What is done now, and how long it will take, as far as that is known."""
    doing = _STAGES.get(progress.current, progress.current)
    left = _now(progress)
    if left is None:
        return doing
    time_left = left.words(progress.workers)
    said = f"left: {time_left}, {_AFTER}" if left.seconds is not None else f"left: {time_left}"
    return f"{doing}; {said}" if doing else said


def _plain() -> Callable[[Progress], None]:
    last, said = time.monotonic(), ""

    def show(progress: Progress) -> None:
        nonlocal last, said
        after = progress.left is None and progress.current != said
        if after or time.monotonic() - last >= _PLAIN_SECONDS:
            last, said = time.monotonic(), progress.current
            steps = "" if after else "".join(f"; {line}" for line in progress.steps_in_words()[:_MOST_STEPS])
            click.echo(progress.current if after else f"{_counts(progress)}; {_doing(progress)}{steps}", err=True)

    return show


class _Screen:
    """What is drawn anew while a run goes on: a bar, the counts, what is done now, and how far the jobs are that tell.

    The bar goes by what jobs cost as soon as all kinds of them are measured, by their number before; it never goes back.
    """

    def __init__(self) -> None:
        self.progress: Progress | None = None
        self.started = time.monotonic()
        self.share = 0.0

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.padding import Padding
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        if self.progress is None:
            return Text("planning")
        counts = Text(f"{_counts(self.progress)}; {lasting(time.monotonic() - self.started)} so far", overflow="ellipsis",
                      no_wrap=True)
        self.share = max(self.share, _share(self.progress))
        steps = [Text(line, overflow="ellipsis", no_wrap=True) for line in self.progress.steps_in_words()[:_MOST_STEPS]]
        bar = ProgressBar(total=1.0, completed=self.share, width=60)
        return Group(Padding(bar, 0), counts, Text(_doing(self.progress)), *steps)


@contextlib.contextmanager
def _live() -> Iterator[tuple[Callable[[Progress], None], Warn]]:
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    screen = _Screen()

    live = Live(screen, console=console, refresh_per_second=2, transient=True, redirect_stdout=sys.stdout.isatty())

    def show(progress: Progress) -> None:
        screen.progress = progress
        if progress.left is None:
            live.refresh()

    with live:
        yield show, lambda text: console.print(f"warning: {text}", markup=False)
