"""Signals that ask a run to end, each phase of a run by itself; whole runs under signals are in test_faults.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

_RUN = """
import os, signal, sys, time
from w2s_bench.cli.signals import SignalledEnding

if os.environ["STARTED"] == "at a terminal":  # the tests themselves may run under nohup, or behind an &
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)

def wait(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)

with SignalledEnding().taken() as ending:
    try:
        with ending.interruptible():
            print("computing", flush=True)
            wait(float(sys.argv[1]))
    except KeyboardInterrupt:
        print("broken off", flush=True)
    with ending.unbroken():
        print("writing", flush=True)
        wait(1.5)
    print("written", flush=True)
    code = ending.exit_code if ending.received else 0
    if len(sys.argv) > 2:
        print("page", flush=True)
        wait(9)
sys.exit(code)
"""


def _asked(at: str, signals: tuple[str, ...], *, apart: float = 0.0, words: tuple[str, ...] = ()) -> tuple[int, list[str], str]:
    """Exit code and words of a run that gets these signals when it says `at`."""
    import time

    computing = "9" if at == "computing" else "0"
    with subprocess.Popen([*words, sys.executable, "-c", _RUN, computing, *(["page"] if at == "page" else [])],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "STARTED": words[0] if words else "at a terminal"}) as process:
        assert process.stdout is not None and process.stderr is not None
        said: list[str] = []
        while not said or said[-1] != at:
            said.append(process.stdout.readline().strip())
        for number in signals:
            os.kill(process.pid, getattr(signal, number))
            time.sleep(apart)
        said += process.stdout.read().split("\n")[:-1]
        return process.wait(60), said, process.stderr.read()


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP", pytest.param("SIGTERM", marks=pytest.mark.slow),
                                  pytest.param("SIGQUIT", marks=pytest.mark.slow)])
def test_a_signal_breaks_the_computing_off_and_the_tables_are_written(name: str) -> None:
    code, said, error = _asked("computing", (name,))
    assert (code, said, error) == (128 + getattr(signal, name), ["computing", "broken off", "writing", "written"], "")


@pytest.mark.slow
@pytest.mark.parametrize("signals", [("SIGTERM",) * 10, ("SIGHUP", "SIGTERM", "SIGCONT")])
def test_signals_that_come_together_are_one_wish(signals: tuple[str, ...]) -> None:
    code, said, error = _asked("writing", signals)
    assert (code, said[-1], error) == (128 + getattr(signal, signals[0]), "written", "")


def test_who_insists_ends_a_run_at_once_whose_next_sitting_writes_the_tables() -> None:
    code, said, error = _asked("computing", ("SIGINT", "SIGINT"), apart=0.8)
    assert (code, said[-1]) == (130, "writing")
    assert error == "ended at once; finished work is kept, and the same command goes on\n"


def test_a_hang_up_that_shell_and_system_both_send_does_not_insist() -> None:
    assert _asked("computing", ("SIGHUP", "SIGHUP"), apart=0.8)[:2] == (129, ["computing", "broken off", "writing", "written"])


def test_where_there_is_nothing_to_lose_a_signal_ends_at_once() -> None:
    code, said, error = _asked("page", ("SIGINT",))
    assert (code, said[-1], error) == (130, "page", "ended; finished work is kept, and the same command goes on\n")


def test_a_run_under_nohup_outlives_its_terminal() -> None:
    code, said, error = _asked("writing", ("SIGHUP",), words=("nohup",))
    assert (code, said[-1]) == (0, "written"), error
