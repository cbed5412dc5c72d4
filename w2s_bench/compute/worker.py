"""A process that computes: reads batches of jobs as JSON lines, answers one JSON line per job, and says that it is alive.

Started by an executor with the store, and with the numbers of descriptors where orders do not come on standard input. Whatever a
plugin prints goes to standard error, and whatever it reads from standard input is at its end.
"""

from __future__ import annotations

import ctypes
import dataclasses
import faulthandler
import os
import signal
import sys
import threading
import time

import msgspec

from w2s_bench.compute.answered import answered
from w2s_bench.compute.messages import ALIVE, Answer, Batch
from w2s_bench.compute.streams import print_whoever_reads
from w2s_bench.compute.watched import Watch
from w2s_bench.compute.workshop import Workshop
from w2s_bench.contracts import STACKS, Step, Told, listening
from w2s_bench.contracts.executors import BEAT, GIVES_BACK, MEMORY
from w2s_bench.planning.recipes import job
from w2s_bench.registry.component import Component
from w2s_bench.registry.one_file import put_in_place
from w2s_bench.registry.wire import Wire, end_with_children
from w2s_bench.store.artifacts import Store

_LOOK = 0.5
"""Seconds between two looks for the parent, and between two steps that are told."""

_TO_KEEP = 0.25
"""The part of a worker's memory that may hold what it read before."""

_LARGEST = 2**53
_SPOILT = "CUDA error"
"""What torch says where a kernel failed: whatever the process asks of the device from then on fails too."""

_NO_DEVICE = "a process whose device fails for good is replaced"

_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


def main() -> None:
    """Serve until the pipe closes."""
    parent = os.getppid()
    store, *descriptors = sys.argv[1:]
    wire = Wire.taken(descriptors)
    print_whoever_reads()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for stacks in map(int, descriptors[2:]):
        faulthandler.enable(stacks)
        faulthandler.register(STACKS, stacks)
    if descriptors and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, ctypes.c_ulong(signal.SIGKILL))
    if descriptors and wire.deserted():  # before that could be asked for
        return
    threading.Thread(target=_alive, args=(wire, parent), daemon=True).start()
    _serve(wire, Store(store))


def _serve(wire: Wire, store: Store) -> None:
    components: dict[str, Component] = {}
    share = os.environ.get(MEMORY)
    workshop = Workshop(store, components, int(float(share) * _TO_KEEP * 2**20) if share else None)
    watch = Watch(components)
    wire.say(ALIVE)
    for line in wire.lines():
        batch = msgspec.json.decode(line, type=Batch)
        put_in_place(batch.plugins)
        jobs = [job(recipe) for recipe in batch.recipes]
        if tuple(each.key for each in jobs) != batch.keys:
            wire.say(msgspec.json.encode(Answer(changed=True)))
            continue
        components.update(batch.components)
        waiting = dict.fromkeys(batch.keys)
        with listening(_Telling(wire, waiting)):
            for outcome in watch.over(jobs, answered(workshop, jobs), lambda: workshop.together):
                waiting.pop(outcome.key)
                if _SPOILT in outcome.error:
                    outcome = dataclasses.replace(outcome, retires=outcome.retires or _NO_DEVICE)
                wire.say(msgspec.json.encode(Answer(outcome=outcome)))
                if outcome.retires:
                    sys.stderr.flush()
                    os._exit(GIVES_BACK)  # whatever threads it has


class _Telling:
    """Tells how far the first job is that has not ended, now and then."""

    def __init__(self, wire: Wire, waiting: dict[str, None]) -> None:
        self._wire, self._waiting, self._last = wire, waiting, 0.0

    def __call__(self, step: Step) -> None:
        now = time.monotonic()
        key = next(iter(self._waiting), None)
        if now - self._last < _LOOK or key is None:
            return
        self._last = now
        of = None if step.of is None else _bounded(step.of)
        self._wire.say(msgspec.json.encode(Answer(told=Told(key, Step(_bounded(step.done), of, step.unit)))))


def _bounded(number: int) -> int:
    return max(-_LARGEST, min(number, _LARGEST))


def _alive(wire: Wire, parent: int) -> None:
    """Say so every few seconds, and end with the parent: a run that was killed must not leave a worker computing behind it."""
    beat = float(os.environ.get(BEAT, "5"))
    last = time.monotonic()
    while os.getppid() == parent:
        time.sleep(min(_LOOK, beat))
        if time.monotonic() - last >= beat:
            last = time.monotonic()
            wire.say(ALIVE)
    end_with_children("the run of this worker is gone")


if __name__ == "__main__":
    main()
