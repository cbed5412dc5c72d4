"""Signals that ask a run to end: Ctrl-C, SIGTERM, SIGHUP and SIGQUIT."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType
from typing import Literal

from w2s_bench.running.ending import Ending

_ASKING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
_ONE_WISH = 0.5
"""Seconds in which several signals are one wish: `timeout`, shells and batch systems send theirs more than once."""

_SHOW_CURSOR = b"\x1b[?25h"


class SignalledEnding(Ending):
    """The first signal ends the computing, and the tables are written; before and after that there is nothing to lose, and the
    process ends at once. So it does where the person insists: at a second signal, though not at a second hang-up, which nobody
    sends by hand. A signal that was ignored when the process started, as by nohup, stays so.

    received: the first signal, None where none came.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._phase: Literal["", "computing", "writing"] = ""
        self._first = 0.0

    @contextlib.contextmanager
    def taken(self) -> Iterator[SignalledEnding]:
        """Take the signals, in the main thread of a process."""
        numbers = [getattr(signal, name) for name in _ASKING if hasattr(signal, name)]
        before = {number: signal.getsignal(number) for number in numbers}
        for number in numbers:
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, self._asked)
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        self._phase = "computing"
        try:
            yield
        finally:
            self._phase = "writing"  # until `unbroken` ends: a run goes from the one into the other

    @contextlib.contextmanager
    def unbroken(self) -> Iterator[None]:
        self._phase = "writing"
        try:
            yield
        finally:
            self._phase = ""

    @property
    def exit_code(self) -> int:
        """As shells have it of a process that a signal ended."""
        return 128 + (self.received or signal.SIGINT)

    def words(self) -> str:
        """What happened."""
        return "interrupted" if self.received in (None, signal.SIGINT) else f"ended by {self.received.name}"

    def _asked(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.received is None:
            self.received, self._first = signal.Signals(number), now
            if self._phase == "computing":
                raise KeyboardInterrupt
            if not self._phase:
                self._at_once("ended")
        elif now - self._first > _ONE_WISH and number != getattr(signal, "SIGHUP", None):
            self._at_once("ended at once")

    def _at_once(self, words: str) -> None:
        with contextlib.suppress(OSError):
            os.write(2, (_SHOW_CURSOR if sys.stderr.isatty() else b"") +
                     f"{words}; finished work is kept, and the same command goes on\n".encode())
        os._exit(self.exit_code)
