"""What an observer is asked: it is told of a run that comes with the kit, of a row that failed too, and changes nothing.

An observer is no entry, so these are checks of a plugin as a whole: `observer/my_plugin::hears_a_run`.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from w2s_bench.contracts.digests import Json
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.offers import OBSERVERS
from w2s_bench.registry.process_state import changed_for_good, state
from w2s_bench.testing.checks import Broken
from w2s_bench.testing.messages import Planned
from w2s_bench.testing.subjects import kit_inputs
from w2s_bench.testing.trials import outcome_of


class Listener(NamedTuple):
    """One hook of an observer: its name, the function, and the names of what that wants to be told."""

    hook: str
    function: Callable[..., object]
    wants: Sequence[str]


def listeners_of(plugin: str, registry: Registry) -> list[Listener]:
    """The hooks by which a plugin observes runs; none for one that only offers entries."""
    return [Listener(hook, each.function, tuple(each.argnames)) for hook in OBSERVERS
            for each in getattr(registry.observers, hook).get_hookimpls() if each.plugin_name == plugin]


def hears_a_run(listeners: Sequence[Listener], folder: Path) -> None:
    """It hears a run from its start to its end, a row that failed among others, and raises nothing."""
    _told(listeners, folder)


def hears_two_runs(listeners: Sequence[Listener], folder: Path) -> None:
    """A second run in one process is told as the first: what it writes of it has the same number of lines."""
    counts = []
    for name in ("first", "second"):
        (folder / name).mkdir()
        _told(listeners, folder / name)
        files = [file for file in (folder / name).rglob("*") if file.is_file()]
        counts.append(sorted((file.name, file.read_bytes().count(b"\n")) for file in files))
    if counts[0] != counts[1]:
        raise Broken(f"of the first run it leaves {counts[0]}, and of the same run again {counts[1]} (files and lines)")


def writes_with_the_run(listeners: Sequence[Listener], folder: Path) -> None:
    """It writes into the folder of the run, and not where the command was given."""
    (folder / "run").mkdir()
    (folder / "here").mkdir()
    with contextlib.chdir(folder / "here"):
        _told(listeners, folder / "run")
    if left := sorted(str(file.relative_to(folder)) for file in (folder / "here").rglob("*")):
        raise Broken(f"it writes {left[0]}, beside the folder of the run")


def changes_nothing(listeners: Sequence[Listener], folder: Path) -> None:
    """It leaves the process as it found it."""
    _told(listeners, folder)  # what is imported at the first call is no change
    before = state()
    _told(listeners, folder)
    if found := changed_for_good(before)[1]:
        raise Broken(f"it leaves the process in another state: {', '.join(found)}")


CHECKS = (hears_a_run, hears_two_runs, writes_with_the_run, changes_nothing)


def says(check: Callable[[Sequence[Listener], Path], None]) -> str:
    """What holds where a check passes."""
    return (check.__doc__ or "").strip().rstrip(".")


def observed(plugin: str, registry: Registry, folder: Path, exempt: Mapping[str, str]) -> Iterator[Planned]:
    """How the checks go with a plugin that observes; nothing for another. They are made while they are listed."""
    listeners = listeners_of(plugin, registry)
    for check in CHECKS if listeners else ():
        name = f"observer/{plugin}::{check.__name__}"
        if name in exempt:
            yield Planned(name, says(check), outcome="exempt", reason=exempt[name])
            continue
        place = folder / "observer" / check.__name__
        place.mkdir(parents=True)
        outcome, reason, _ = outcome_of(functools.partial(check, listeners, place))
        yield Planned(name, says(check), outcome=outcome, reason=reason)


def _told(listeners: Sequence[Listener], folder: Path) -> None:
    rows = _rows()
    facts: Mapping[str, object] = {"run": "kit", "cells": len(rows), "ok": len(rows) - 1, "folder": folder}
    for hook in OBSERVERS:
        for listener in (each for each in listeners if each.hook == hook):
            for row in (rows if hook == "w2s_cell_finished" else [{}]):
                given = {**facts, "row": dict(row)}
                listener.function(**{name: given[name] for name in listener.wants})


def _rows() -> list[dict[str, Json]]:
    """Three rows of a run, and one of a cell that failed: it has names and words, and no number."""
    import w2s_bench as w2s

    rows = w2s.read(kit_inputs() / "run").rows.head(4).to_dicts()
    lost = {name: value if isinstance(value, str) or name == "seed" else None for name, value in rows[-1].items()}
    return [*rows[:-1], {**lost, "status": "failed", "error": "ValueError: \x1b[31ma word\nand another"}]
