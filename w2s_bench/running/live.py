"""What a run that goes on says of itself to whoever asks from outside: `live.json` in its folder, gone when it has ended."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from w2s_bench.contracts import DataError, Step, read_bytes
from w2s_bench.running.audience import Progress
from w2s_bench.running.folder import write_text
from w2s_bench.running.standing import note_standing

NAME = "live.json"
_SECONDS = 1.0


class Live(msgspec.Struct, frozen=True):
    """How far a run is. done, jobs: of those that were to be computed in this sitting. left: in words, how long the rest takes.
    doing: in words, how far the jobs are that tell."""

    done: int
    jobs: int
    left: str
    doing: tuple[str, ...]


class LiveFile:
    """The file, written anew once a second at most."""

    def __init__(self, folder: Path) -> None:
        self._path, self._written = folder / NAME, 0.0

    def write(self, progress: Progress) -> None:
        """Say how far it is, if that was not said within the last second."""
        if time.monotonic() - self._written < _SECONDS:
            return
        self._written = time.monotonic()
        left = progress.left() if progress.left else None
        found = Live(progress.done, progress.jobs, left.words(progress.workers) if left else "", tuple(steps_in_words(progress)))
        with contextlib.suppress(OSError):  # of what is written here only this file is no result
            write_text(self._path, msgspec.json.encode(found).decode())
        note_standing(self._path.parent, progress.cells, progress.finished)

    @contextlib.contextmanager
    def while_it_goes_on(self) -> Iterator[None]:
        """The file goes when the run ends."""
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def read_live(folder: Path) -> Live | None:
    """What the run that goes on in a folder says; None where it says nothing."""
    try:
        return msgspec.json.decode(read_bytes(folder / NAME), type=Live)
    except (DataError, msgspec.DecodeError):
        return None


def steps_in_words(progress: Progress) -> list[str]:
    """How far the jobs are that tell, such as "embed gpt2: 1,200 of 20,000 texts"."""
    steps = dict(progress.steps()) if progress.steps else {}  # a copy: another thread asks
    return [f"{words}: {_words(step)}" for words, step in steps.items()]


def _words(step: Step) -> str:
    return f"{step.done:,} {step.unit}" if step.of is None else f"{step.done:,} of {step.of:,} {step.unit}"
