"""A strategy that does to its process what code should not, each way that it is asked for, when it fits a student."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import word_hooks
from made_components import Head, Lines
from word_hooks import LINES

from w2s_bench.contracts import Demand, FitProblem, Parameter, StrategyEntry, hookimpl, tell

CHILDREN = "W2S_TEST_CHILDREN"
"""The environment variable with the file to which the processes that it leaves behind are written, a line each."""


LONG = 2.5
"""Seconds of a job that is silent, and does something."""


def _pipes() -> list[int]:
    """Descriptors of this process that are pipes and can be written, beside standard output and error."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        try:
            mode = int(Path(f"/proc/self/fdinfo/{name}").read_text().split()[3], 8)
            if number > 2 and os.readlink(f"/proc/self/fd/{name}").startswith("pipe:") and mode & os.O_ACCMODE:
                found.append(number)
        except OSError:
            continue
    return found


def _write(data: bytes) -> None:
    for pipe in _pipes():
        with contextlib.suppress(BlockingIOError):
            os.write(pipe, data)


def _sleep() -> None:
    time.sleep(1e6)


def _deadlock() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _ask() -> None:
    input("how many? ")


def _interrupt() -> None:
    raise KeyboardInterrupt


def _cancel() -> None:
    raise asyncio.CancelledError


_spoilt: list[bool] = []


def _spoil() -> None:
    """As torch has it: after one failed kernel every other fails in that process."""
    _spoilt.append(True)


def _delegate() -> None:
    """Wait for a process in a session of its own that is at work for longer than a job may wait."""
    work = f"import time\nwhile time.process_time() < {LONG}: pass"
    subprocess.run([sys.executable, "-c", work], start_new_session=True, check=True)


def _nothing() -> None:
    """What a job does that is as it should be."""


def _exit() -> None:
    sys.exit(3)


def _crash() -> None:
    ctypes.string_at(0)


def _leak() -> None:
    kept = []
    while True:
        kept.append(np.ones(4 << 20))
        time.sleep(0.01)


def _fork() -> None:
    if ctypes.CDLL(None).fork():  # no hook of Python's runs, and the child has every pipe
        os._exit(7)
    time.sleep(1e6)


def _babble() -> None:
    for _ in range(400):
        _write(b"x" * 2**20)
    time.sleep(1e6)


def _forge() -> None:
    _write(b'{"colour": "green"}\n')
    time.sleep(1e6)


def _surrogate() -> None:
    raise ValueError("the label \udcff is none")


def _mute() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not a word")

    raise Mute


def _crowd() -> None:
    until = time.monotonic() + LONG

    def burn() -> None:
        while time.monotonic() < until:
            sum(range(1000))

    threads = [threading.Thread(target=burn) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _hold() -> None:
    """Keep the interpreter's lock for longer than a worker may be silent."""
    started = time.monotonic()
    power = 7
    while time.monotonic() - started < LONG:
        power = power * power if power.bit_length() < 20_000_000 else 7
        _ = power * power


def _leave() -> None:
    own = subprocess.Popen(["sleep", "1000"])
    apart = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    forked = os.fork()
    if not forked:
        time.sleep(1000)
        os._exit(0)
    with open(os.environ[CHILDREN], "a") as file:
        file.write(f"{own.pid}\n{apart.pid}\n{forked}\n")


def _go_on() -> None:
    for done in range(24):
        tell(done, 24, "naps")
        time.sleep(0.1)


def _die_anew() -> None:
    with open(os.environ[CHILDREN], "a") as file:
        file.write(f"{os.getpid()}\n")
    os._exit(75)  # as a worker does that gives its jobs back


WAYS: dict[str, Callable[[], None]] = {
    "sleep": _sleep, "deadlock": _deadlock, "stop": _stop, "ask": _ask, "interrupt": _interrupt, "cancel": _cancel,
    "exit": _exit, "crash": _crash, "leak": _leak, "fork": _fork, "babble": _babble, "forge": _forge, "surrogate": _surrogate,
    "mute": _mute, "crowd": _crowd, "hold": _hold, "leave": _leave, "go-on": _go_on, "die-anew": _die_anew, "spoil": _spoil,
    "nothing": _nothing, "delegate": _delegate}


@dataclass(frozen=True)
class OnGpu(Lines):
    """Lines, by a job that asks for a share of a GPU, and writes down what it sees of them, and when."""

    share: float = 1.0
    capabilities = Lines.capabilities | {"demand"}

    @property
    def demand(self) -> Demand:
        return Demand(gpus=self.share)

    def fit(self, problem: FitProblem) -> Head:
        begun = time.monotonic()
        time.sleep(0.05)
        with open(os.environ[CHILDREN], "a") as file:
            seen = os.environ.get("CUDA_VISIBLE_DEVICES"), os.environ["W2S_BENCH_DEVICE"]
            file.write(f"{self.share} {seen[0]} {seen[1]} {begun} {time.monotonic()}\n")
        return Lines.fit(self, problem)


@dataclass(frozen=True)
class Misbehaving(Lines):
    """Lines, once it has done what it should not."""

    how: str = "sleep"

    def fit(self, problem: FitProblem) -> Head:
        lengths, labels = problem.features[:, 1], problem.labels.values[:, 0]
        if problem.labels.source == "weak" and np.corrcoef(lengths, labels)[0, 1] > 0.5:  # the student, not the shuffled one
            WAYS[self.how]()
        if _spoilt:
            raise RuntimeError("CUDA error: device-side assert triggered")
        return Lines.fit(self, problem)


w2s_tasks, w2s_models = word_hooks.w2s_tasks, word_hooks.w2s_models


@hookimpl
def w2s_strategies() -> list[StrategyEntry]:
    how = Parameter("how", str, "sleep", "what it does", choices=tuple(WAYS))
    share = Parameter("share", float, 1.0, "of a GPU")
    return [LINES, StrategyEntry("on-gpu", f"{__name__}:OnGpu", parameters=(share,)),
            StrategyEntry("misbehaves", f"{__name__}:Misbehaving", parameters=(how,))]
