"""Whether a plugin of others may be let into this process: it was imported, asked and made in one of its own first.

One process that knows no plugin begins one for each that is looked at, and all end with this one. What a plugin does there, such
as to hang, to end the process or to take all memory, costs itself alone, and is said in a line.
"""

from __future__ import annotations

import atexit
import functools
import os
import sys
import threading
from collections import deque
from collections.abc import Hashable, Mapping
from typing import TypeVar

import msgspec

from w2s_bench.contracts.errors import PluginError, UsageError
from w2s_bench.registry.component import Component
from w2s_bench.registry.isolation import isolation
from w2s_bench.registry.looking import TAKES_ALL, Looking, Origin, arrives
from w2s_bench.registry.objects import source_of
from w2s_bench.registry.orders import Look, Make, Verdict

SECONDS = "W2S_BENCH_PLUGIN_SECONDS"
"""The environment variable with the seconds that an import, a hook, or the making of a component may take, each by itself."""

MEMORY = "W2S_BENCH_PLUGIN_MEMORY"
"""The environment variable with the MiB that a process may hold in which a plugin is looked at."""

_SECONDS = 20.0
_MEMORY, _SHARE = 8192.0, 0.5
"""What a process may hold where nothing is said: MiB, and no more than that part of the machine's memory."""

_TOGETHER = 8
"""Plugins that are looked at side by side."""

_GLANCE = 0.05
"""Seconds between two looks at the clock and at the memory."""

_DOCTOR = "`w2s-bench plugin doctor` looks at it again"

Named = TypeVar("Named", bound=Hashable)


class Taster:
    """Looks at plugins for one process: what it found of an order it knows from then on."""

    def __init__(self) -> None:
        self._origin: Origin | None = None
        self._making: dict[str, Looking] = {}
        self._turn = threading.RLock()
        self._process = os.getpid()

    def look(self, orders: Mapping[Named, Look]) -> dict[Named, Verdict]:
        """Look at plugins, several side by side, each in a process of its own."""
        with self._turn:
            found = self._side_by_side(orders)
            suspects = [name for name, verdict in found.items() if verdict.ended and verdict.problem.endswith(TAKES_ALL)]
            for name in suspects if len(suspects) > 1 else ():
                found |= self._side_by_side({name: orders[name]})
            again = {name: msgspec.structs.replace(orders[name], beforehand=verdict.loaded)
                     for name, verdict in found.items() if verdict.sound and verdict.loaded}
            return found | self._side_by_side(again)

    def _side_by_side(self, orders: Mapping[Named, Look]) -> dict[Named, Verdict]:
        found: dict[Named, Verdict] = {}
        waiting = deque(orders)
        under: dict[Named, Looking] = {}
        try:
            while waiting or under:
                while waiting and len(under) < _TOGETHER:
                    name = waiting.popleft()
                    under[name] = self._begun()
                    under[name].give(orders[name])
                for name, verdict in _known(under).items():
                    found[name] = verdict
                    under.pop(name).close()
        finally:
            for looking in under.values():  # somebody interrupted this process
                looking.close()
        return found

    def make(self, owner: str, component: Component) -> Verdict:
        """Make a component in the process of its plugin, which waits for the next one for a while."""
        with self._turn:
            waits = self._making.pop(owner, None)
            verdict = self._asked(owner, waits, component) if waits is not None else None
            return verdict or self._asked(owner, self._begun(), component) or Verdict(0, "it does not begin", ended=True)

    def _asked(self, owner: str, looking: Looking, component: Component) -> Verdict | None:
        """The verdict of one process; None where that had ended, because nothing was asked of it for a while."""
        verdict = None
        try:
            looking.give(Make(component))
            verdict = _only(looking)
        finally:
            if verdict is None or verdict.ended or verdict.changes:
                looking.close()
            else:
                self._making[owner] = looking
        return None if looking.idle else verdict

    def close(self) -> None:
        """End all processes."""
        if os.getpid() != self._process:  # one that was forked: they are its parent's
            return
        with self._turn:
            for looking in self._making.values():
                looking.close()
            self._making.clear()
            if self._origin is not None:
                self._origin.close()
            self._origin = None

    def _begun(self) -> Looking:
        for _ in range(2):
            if self._origin is None or self._origin.gone:
                self.close()
                self._origin = Origin()
            begun = self._origin.begin()
            if begun is not None:
                return begun
        raise PluginError("no process can be started in which plugins are looked at",
                          hint="W2S_BENCH_ISOLATE=never loads them without, and --no-plugins leaves them out")


def problems(orders: Mapping[Named, Look]) -> dict[Named, str]:
    """What is wrong with each of these plugins, a reason or a traceback; "" where nothing is, and where none is looked at because
    of `W2S_BENCH_ISOLATE=never`. A plugin is looked at once in the life of this process."""
    if isolation() == "never":
        return dict.fromkeys(orders, "")
    place = tuple(sys.path)
    unknown = {name: order for name, order in orders.items() if (order, place) not in _LOOKED_AT}
    if unknown:
        verdicts = _taster(os.getpid()).look(unknown)
        _LOOKED_AT.update({(orders[name], place): in_words(verdict) for name, verdict in verdicts.items()})
    return {name: _LOOKED_AT[order, place] for name, order in orders.items()}


def in_words(verdict: Verdict) -> str:
    """What is wrong with a plugin that was looked at, a reason or a traceback; "" where nothing is."""
    if verdict.problem or not verdict.changes:
        return verdict.problem
    return f"its import or a hook of it changes what all code of a process shares: {'; '.join(verdict.changes)}"


def try_making(component: Component, plugin: str) -> None:
    """Raise what is wrong with a component of others, as it is found in a process of its own: W2SError as it raises it,
    PluginError where it hangs, ends the process, takes all memory or changes what all code shares."""
    if isolation() == "never" or source_of(component.target):
        return
    verdict = made_apart(component, plugin)
    if verdict.raised:
        raise verdict.error()
    if verdict.problem:
        raise PluginError(verdict.problem, where=component.target, hint=_DOCTOR)
    if verdict.changes:
        raise PluginError(f"making {component.label} changes what all code of a process shares: {'; '.join(verdict.changes)}",
                          where=component.target, hint=_DOCTOR)


def made_apart(component: Component, plugin: str) -> Verdict:
    """What becomes of a component that is made in the process of its plugin, whoever's that is. What is sound is made once, and
    so is what ends the process."""
    verdict = _MADE.get(component) or _taster(os.getpid()).make(plugin, component)
    if verdict.sound or verdict.ended:
        _MADE[component] = verdict
    return verdict


_LOOKED_AT: dict[tuple[Look, tuple[str, ...]], str] = {}
_MADE: dict[Component, Verdict] = {}


@functools.cache
def _taster(process: int) -> Taster:
    """That of this process: one that was forked needs its own."""
    made = Taster()
    atexit.register(made.close)
    return made


def _only(looking: Looking) -> Verdict:
    while True:
        found = _known({0: looking})
        if found:
            return found[0]


def _known(under: Mapping[Named, Looking]) -> dict[Named, Verdict]:
    """The verdicts that have come, after a glance at most."""
    seconds, memory = _limit(SECONDS, _SECONDS), int(_limit(MEMORY, _usual_memory()) * 2**20)
    arrives(under.values(), _GLANCE)
    verdicts = {name: looking.verdict(seconds, memory) for name, looking in under.items()}
    return {name: verdict for name, verdict in verdicts.items() if verdict is not None}


def _usual_memory() -> float:
    return min(_MEMORY, _SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20)


def _limit(variable: str, usual: float) -> float:
    text = os.environ.get(variable, "")
    try:
        number = float(text) if text else usual
    except ValueError:
        number = 0.0
    if not 0.0 < number < float("inf"):
        raise UsageError(f"{text!r} is no number above 0", where=variable)
    return number
