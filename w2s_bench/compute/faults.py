"""An exception becomes the outcome of a job: its status, its words, and where it arose."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import PurePath

from w2s_bench.contracts import Fault, Outcome
from w2s_bench.contracts.errors import Diverged, StoreError, W2SError
from w2s_bench.contracts.executors import Status
from w2s_bench.contracts.printable import printable
from w2s_bench.planning.recipes import Job
from w2s_bench.registry.component import Component
from w2s_bench.store.artifacts import DamagedArtifact

RUN = ("tasks", "models", "strategies")
"""Kinds of what is run; the last of them that a job names is the one whose stage it is."""


_MOST_WORDS, _MOST_TRACE = 10_000, 100_000
"""Characters that are kept of an error and of a traceback."""


def outcome_of(error: BaseException, job: Job, components: Sequence[Component], seconds: float) -> Outcome:
    """The outcome of a job that raised. components: those that the job names."""
    status, text = _status(error)
    owner, place = _place(error, [part for component in components for part in _within(component)])
    owner = owner or next((part for part in reversed(components) if part.kind in RUN), None)
    text = readable(text, _MOST_WORDS)
    if place and not isinstance(error, W2SError):
        text = f"{text} ({place})"
    fault = Fault(job.stage, owner.plugin if owner else "", owner.label if owner else "", readable(type(error).__name__, 200),
                  place)
    return Outcome(job.key, status, text, seconds, fault, readable("".join(traceback.format_exception(error)), _MOST_TRACE))


def readable(text: str, most: int) -> str:
    """A text that can be written anywhere: its control characters written out, its lone surrogates by their numbers, and no more
    of its middle than fits."""
    if len(text) > most:
        text = f"{text[:most // 2]} … {text[-(most // 2):]}"
    return printable(text).encode("utf-8", "backslashreplace").decode()


def _status(error: BaseException) -> tuple[Status, str]:
    if isinstance(error, W2SError):
        known: tuple[tuple[type[W2SError], Status], ...] = (
            (DamagedArtifact, "damaged"), (StoreError, "store"), (Diverged, "diverged"), (W2SError, "failed"))
        return next(status for kind, status in known if isinstance(error, kind)), _said(error.message)
    said = _said(lambda: str(error))
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's; nothing here imports it
        return "oom", f"out of memory: {said}" if said else "out of memory"
    if not isinstance(error, Exception):
        return "failed", f"raised {_said(lambda: repr(error))}"
    return "failed", f"{type(error).__name__}: {said}"


def _said(words: Callable[[], str]) -> str:
    """What an exception says of itself, or that it raises another when it is asked."""
    try:
        return words()
    except Exception as another:
        return f"its words cannot be had ({type(another).__name__})"


def _place(error: BaseException, components: Sequence[Component]) -> tuple[Component | None, str]:
    """The innermost frame in the code of a component, and whose it is; else the innermost frame of all."""
    frames = [(str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename, line)
              for frame, line in traceback.walk_tb(error.__traceback__)]
    for module, file, line in reversed(frames):
        for component in components:
            if module.partition(".")[0] == component.target.partition(":")[0].partition(".")[0]:
                return component, _worded(module, file, line)
    return None, _worded(*frames[-1]) if frames else ""


def _worded(module: str, file: str, line: int) -> str:
    """The file as its package names it: no folder of this machine."""
    name = PurePath(file).name
    folders = module.split(".") if name == "__init__.py" else module.split(".")[:-1]
    return f"{'/'.join([*folders, name])}:{line}"


def _within(component: Component) -> list[Component]:
    return [component, *(inner for _, part in component.parts for inner in _within(part))]
