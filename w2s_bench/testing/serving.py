"""`python -m w2s_bench.testing.serving`: the process in which a plugin is tried. Requests come as JSON lines on standard input.

What the plugin prints goes to standard error, and what it reads from standard input is at its end.
"""

from __future__ import annotations

import ctypes
import importlib
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import msgspec

from w2s_bench.compute.streams import print_whoever_reads
from w2s_bench.contracts.errors import UsageError, W2SError, nearest
from w2s_bench.contracts.kinds import KINDS
from w2s_bench.registry.conformance_file import conformance_file, package_folder
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.wire import Wire
from w2s_bench.testing.apart import Apart
from w2s_bench.testing.checks import Check, Subject
from w2s_bench.testing.messages import Answer, Call, Listing, Offered, Planned, Raised, Request, Said, Try
from w2s_bench.testing.observers import observed
from w2s_bench.testing.subjects import NotMade, Places, subjects_of
from w2s_bench.testing.trials import lost_names, of_not_made, planned_for, tried

_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
_SAYS_LOADS = "it loads, and its hooks offer sound entries"
_SAYS_NAMES = "all that its conformance.toml says is of an entry and a check that there are"


def main() -> None:
    """Serve until the pipe closes."""
    wire = Wire.taken(())
    print_whoever_reads()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, ctypes.c_ulong(signal.SIGKILL))
    served = _Served()
    for line in wire.lines():
        wire.say(msgspec.json.encode(_answer(served, msgspec.json.decode(line, type=Request))))
    served.close()


class _Served:
    """The checks that were listed, with their subjects."""

    def __init__(self) -> None:
        self.listed: dict[str, tuple[Check, Subject]] = {}
        self._apart: Apart | None = None

    def apart(self, folder: Path, network: bool) -> Apart:
        """The other process that checks ask in; it belongs to this one's group, and ends with it."""
        self.close()
        folder.mkdir(parents=True, exist_ok=True)
        self._apart = Apart(folder, leads=False, network=network)
        return self._apart

    def close(self) -> None:
        """End the other process."""
        if self._apart is not None:
            self._apart.close()


def _answer(served: _Served, request: Request) -> Answer:
    try:
        if isinstance(request, Offered):
            return Listing(tuple(_listed(served, request)))
        if isinstance(request, Try):
            return tried(*served.listed[request.id])
        return Said(_called(request))
    except W2SError as error:
        return Raised(error.message(), traceback.format_exc(), isinstance(error, UsageError))
    except (Exception, SystemExit) as error:
        return Raised(f"{type(error).__name__}: {error}", traceback.format_exc())


def _called(request: Call) -> object:
    module, _, function = request.function.partition(":")
    return getattr(importlib.import_module(module), function)(request.component, Path(request.folder))


def _listed(served: _Served, asked: Offered) -> Iterator[Planned]:
    registry = load_registry()
    plugins = {plugin.name: plugin for plugin in registry.plugins}
    if asked.plugin not in plugins:
        raise UsageError(f"no plugin is called {asked.plugin!r}", hint=nearest(asked.plugin, plugins))
    plugin = plugins[asked.plugin]
    loads = f"plugin/{asked.plugin}::loads"
    if plugin.problem:
        yield Planned(loads, _SAYS_LOADS, outcome="failed", reason=plugin.problem.strip())
        return
    yield Planned(loads, _SAYS_LOADS, outcome="passed")
    declared = conformance_file(plugin)
    apart = served.apart(Path(asked.folder) / "elsewhere", asked.network)
    entries = {f"{kind.name}/{offer.entry.name}": kind.plural for kind in KINDS for offer in registry.entries(kind.plural)
               if offer.plugin.name == plugin.name}
    places = Places(Path(asked.folder), package_folder(plugin), asked.data, apart)
    for found in subjects_of(plugin.name, registry, declared, places):
        if isinstance(found, NotMade):
            entries[found.id] = entries[found.id.partition("(")[0]]
            yield of_not_made(found)
            continue
        entries[found.id] = found.kind
        for planned, check in planned_for(found, declared, asked.network):
            if check is not None and not planned.outcome:
                served.listed[planned.id] = check, found
            yield planned
    told = list(observed(plugin.name, registry, Path(asked.folder), declared.exempt))
    yield from told
    lost = lost_names(declared, entries, [each.id for each in told])
    yield Planned(f"plugin/{asked.plugin}::conformance_file", _SAYS_NAMES, outcome="failed" if lost else "passed", reason=lost)


if __name__ == "__main__":
    main()
