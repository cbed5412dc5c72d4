"""Processes that look at plugins, so that no other process has to find out what a plugin does to it.

`python -m w2s_bench.registry.tasting SOCKET` imports what every plugin imports, and nothing of a plugin. It is asked for a
process on that socket, together with that process's own end of another: `begin NUMBER`, answered by `began NUMBER PROCESS`;
`end NUMBER` kills it with its group; and `ended NUMBER STATUS` is said of each that is gone. It ends with who asks.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import importlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import cast

import msgspec
import pluggy

from w2s_bench.contracts import STACKS, Step, can, hooks, listening
from w2s_bench.contracts.errors import PluginError, W2SError
from w2s_bench.contracts.kinds import KINDS
from w2s_bench.contracts.models import ReadsHub
from w2s_bench.registry.offers import loaded
from w2s_bench.registry.orders import Doing, Look, Make, Order, Surroundings, Verdict
from w2s_bench.registry.outside import GROUP
from w2s_bench.registry.process_state import changed, state
from w2s_bench.registry.vetted import vetted
from w2s_bench.registry.wire import Wire

_PATIENCE = 5.0
"""Seconds for which a process that looked at a plugin waits for a further order: what it imported stays with it."""

_TOLD_EVERY = 0.5
_STATEFUL = ("numpy", "torch", "sklearn")
_DIES_WITH_PARENT, _ADOPTS = 1, 36  # PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER of <linux/prctl.h>
_ROUNDS = 100


def main() -> None:
    """Begin processes until nobody asks any more."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for ends in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):  # it ends with who asks, not before
        signal.signal(ends, signal.SIG_IGN)
    deaths, told = os.pipe()
    for descriptor in (deaths, told):
        os.set_blocking(descriptor, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(told)
    if sys.platform == "linux":  # what a plugin started, and left alone, is a child of this process then
        ctypes.CDLL(None).prctl(_ADOPTS, ctypes.c_ulong(1))
    numbers: dict[int, int] = {}
    while True:
        readable = select.select([control.fileno(), deaths], [], [])[0]
        if deaths in readable:
            os.read(deaths, 1 << 12)
            _tell_the_dead(control, numbers)
        if control.fileno() in readable:
            order, descriptors, _, _ = socket.recv_fds(control, 1 << 8, 2)
            word, _, number = order.decode().partition(" ")
            if not word:
                break
            if word == "begin":
                parent, process = os.getpid(), os.fork()
                if process == 0:
                    _be_looking(parent, (control.detach(), deaths, told), descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)
                numbers[process] = int(number)
                control.sendall(f"began {number} {process}\n".encode())
            for process in [known for known, of in numbers.items() if word == "end" and of == int(number)]:
                _kill(process)
    for _ in range(_ROUNDS):  # a child that dies leaves its own to this process
        for process in (*numbers, *_orphans(numbers)):
            _kill(process)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _kill(process: int) -> None:
    _kill_group(process)
    with contextlib.suppress(OSError):  # it may only just be there, and lead no group yet
        os.kill(process, signal.SIGKILL)


def _orphans(numbers: Mapping[int, int]) -> set[int]:
    """Processes that plugins started in a session of their own, and that outlived who started them, where the system says it."""
    with contextlib.suppress(OSError):
        return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())) - numbers.keys()
    return set()


def _tell_the_dead(control: socket.socket, numbers: dict[int, int]) -> None:
    with contextlib.suppress(ChildProcessError):  # none is left
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            process, status = found
            _kill_group(process)
            if process in numbers:
                control.sendall(f"ended {numbers.pop(process)} {os.waitstatus_to_exitcode(status)}\n".encode())
    for process in _orphans(numbers):
        _kill(process)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(leader, signal.SIGKILL)


def _be_looking(parent: int, others: tuple[int, ...], descriptors: list[int]) -> None:
    """The way of a process that was begun: it does not return."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for descriptor in others:
            os.close(descriptor)
        for usual in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
            signal.signal(usual, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, ctypes.c_ulong(signal.SIGKILL))
        if os.getppid() != parent:  # before that could be asked for
            return
        answers, stacks = descriptors
        faulthandler.enable(stacks)
        faulthandler.register(STACKS, stacks)
        _serve(Wire(answers, answers, stacks))
    finally:
        os._exit(0)


def _serve(wire: Wire) -> None:
    for line in wire.lines(_PATIENCE):
        order = msgspec.json.decode(line, type=Order)
        doing = _Doing(wire)
        _be_in(order.around)
        with listening(doing.told):
            verdict = _looked(order.what, order.number, doing) if isinstance(order.what, Look) else _made(
                order.what, order.number, doing)
        wire.say(msgspec.json.encode(verdict))


class _Doing:
    """Says what is done from now on, and now and then that it goes on."""

    def __init__(self, wire: Wire) -> None:
        self._wire, self._last = wire, 0.0

    def __call__(self, what: str) -> None:
        self._wire.say(msgspec.json.encode(Doing(what)))

    def told(self, _: Step) -> None:
        if time.monotonic() - self._last > _TOLD_EVERY:
            self._last = time.monotonic()
            self("")


def _be_in(around: Surroundings) -> None:
    sys.path[:] = around.path
    os.environ.clear()
    os.environ.update(around.variables)
    with contextlib.suppress(OSError):  # somebody removed it
        os.chdir(around.folder)
    importlib.invalidate_caches()


def _looked(order: Look, number: int, doing: Callable[[str], None]) -> Verdict:
    for library in order.beforehand:
        importlib.import_module(library)
    there, before = set(sys.modules), state()
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    problem, _ = loaded(EntryPoint(order.name, order.value, GROUP), manager, KINDS, doing)
    came = tuple(library for library in _STATEFUL if library in sys.modules and library not in there)
    return Verdict(number, problem, changes=changed(before, state()), loaded=came)


def _made(order: Make, number: int, doing: Callable[[str], None]) -> Verdict:
    importlib.import_module("numpy")  # whose state is known only where it was there before; who plans has it
    before = state()
    doing(f"making {order.component.name}")
    try:
        _, instance = vetted(order.component)
        if can(instance, "absent"):
            cast(ReadsHub, instance).absent()
    except W2SError as error:
        return Verdict.of(error, number, changed(before, state()))
    except BaseException as error:
        odd = PluginError(f"cannot make {order.component.label}: {type(error).__name__}: {error}", where=order.component.target)
        odd.__cause__ = error
        return Verdict.of(odd, number, changed(before, state()))
    return Verdict(number, changes=changed(before, state()))


if __name__ == "__main__":
    main()
