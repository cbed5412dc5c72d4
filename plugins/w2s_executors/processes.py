"""A worker as a process: its pipes, its death, and all that it started."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import subprocess
import sys
import time
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Literal

from w2s_bench.contracts import STACKS
from w2s_executors import guard

_LONGEST_LINE = 2 << 20
"""Bytes of an answer, at most: an outcome holds no more than a traceback."""

_PIECE, _AT_ONCE = 1 << 16, 1 << 20
_LAST_WORDS = 4096
_ASKED, _WRITTEN = 0.3, 0.05
"""Seconds in which a process begins to write where its threads are, and ends."""

_TAKEN = 100
"""Milliseconds that a reader of standard error may need to take a piece; what it does not take is dropped."""

_GRACE, _KILLED = 2.0, 5.0
"""Seconds that a process has to end by itself once it has closed its answers, and that the system has to end a killed one."""

End = Literal["orders", "answers", "errors", "death"]


class Worker:
    """A process that is given orders and answers them, in a session of its own, on pipes that nothing else has.

    None of these pipes can make its owner wait. What it prints is passed on to standard error once it is ready.
    """

    def __init__(self, command: list[str], variables: Mapping[str, str], selector: selectors.BaseSelector) -> None:
        self.token = uuid.uuid4().hex
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        self._errors, errors = os.pipe()
        self._stacks, stacks = os.pipe()
        self._mine, theirs = (self._orders, self._answers, self._errors, self._stacks), (orders, answers, stacks, errors)
        for descriptor in (*self._mine, stacks):
            os.set_blocking(descriptor, False)
        try:
            self.process = subprocess.Popen(
                [*command, *map(str, theirs[:3])], env={**os.environ, **variables, guard.MARK: self.token},
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, pass_fds=theirs[:3], start_new_session=True)
        except OSError:
            for descriptor in self._mine:
                os.close(descriptor)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        self.ready = False
        self._selector = selector
        self._unsent, self._unread, self._kept = bytearray(), bytearray(), deque[bytes]()
        self._watched: dict[End, int] = {}
        self._watch("answers", self._answers)
        self._watch("errors", self._errors)
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                self._watch("death", os.pidfd_open(self.process.pid))

    def _watch(self, end: End, descriptor: int, events: int = selectors.EVENT_READ) -> None:
        self._selector.register(descriptor, events, (self, end))
        self._watched[end] = descriptor

    def _unwatch(self, end: End) -> None:
        descriptor = self._watched.pop(end, None)
        if descriptor is not None:
            self._selector.unregister(descriptor)
            if end == "death":
                os.close(descriptor)

    @property
    def gone(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def give(self, message: bytes) -> None:
        """Send an order, as fast as it is read."""
        self._unsent += message
        self.send()

    def send(self) -> None:
        """Send what the pipe takes of what is left to send."""
        try:
            while self._unsent:
                del self._unsent[:os.write(self._orders, self._unsent[:_PIECE])]
        except BlockingIOError:
            if "orders" not in self._watched:
                self._watch("orders", self._orders, selectors.EVENT_WRITE)
            return
        except OSError:  # its death is seen, and told, by itself
            self._unsent.clear()
        self._unwatch("orders")

    def answers(self) -> list[bytes] | None:
        """Lines that have arrived; None once there will be no more. One that goes on for too long is taken as it is by then, so
        that it is told as what it is whether or not a sign of life ends it."""
        data, ended = _arrived(self._answers)
        self._unread += data
        if ended and not data:
            self._unwatch("answers")
            return None
        *lines, rest = self._unread.split(b"\n") if b"\n" in data else (self._unread,)
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], bytearray()
        self._unread = bytearray(rest)
        return [bytes(line) for line in lines]

    def listen(self) -> None:
        """Take what the process printed, and pass it on."""
        data, ended = _arrived(self._errors)
        if ended and not data:
            self._unwatch("errors")
        self._kept.append(data)
        if self.ready:
            _print(data)
        while len(self._kept) > 1 and sum(map(len, self._kept)) - len(self._kept[0]) > _LAST_WORDS:
            self._kept.popleft()

    def became_ready(self) -> None:
        """What it printed meanwhile is passed on now."""
        self.ready = True
        _print(b"".join(self._kept))

    def last_words(self) -> str:
        """What it printed last."""
        self.listen()
        return b"".join(self._kept)[-_LAST_WORDS:].decode(errors="backslashreplace").strip()

    def stacks(self) -> str:
        """Where its threads are, as it writes when it is asked; or wrote when it crashed."""
        if not self.gone and self.ready:
            with contextlib.suppress(OSError):
                self.process.send_signal(STACKS)
            select.select([self._stacks], [], [], _ASKED)
            time.sleep(_WRITTEN)
        return _arrived(self._stacks)[0].decode(errors="backslashreplace")

    def ended(self) -> int | None:
        """The code with which the process ended by itself, None where it has not."""
        try:
            return self.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """Let go of a process that was ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):  # the system has not let it die: nothing else waits for it
            self.process.wait(_KILLED)
        for end in list(self._watched):
            self._unwatch(end)
        for descriptor in self._mine:
            os.close(descriptor)


class Guard:
    """The process that ends the workers where this one cannot."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-I", "-S", guard.__file__, str(os.getpid())], stdin=subprocess.PIPE,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def watch(self, worker: Worker) -> None:
        """From now on this worker ends with the run."""
        self._tell(f"+ {worker.process.pid} {worker.token}")

    def end(self, workers: Iterable[Worker]) -> None:
        """End workers now, with all that they started."""
        several = list(workers)
        guard.end({worker.process.pid: worker.token for worker in several})
        for worker in several:
            worker.close()
            self._tell(f"- {worker.process.pid} {worker.token}")

    def close(self) -> None:
        """No worker is left."""
        self._tell(". . .")
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # somebody killed it: a worker that finds its parent gone ends by itself, too
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()


def _arrived(descriptor: int) -> tuple[bytes, bool]:
    """What can be read now, though not all of what never ends; and whether that was the end."""
    data = bytearray()
    while len(data) < _AT_ONCE:
        try:
            piece = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return bytes(data), False
        if not piece:
            return bytes(data), True
        data += piece
    return bytes(data), False


def _print(data: bytes) -> None:
    """Pass on what a worker printed, as long as somebody takes it."""
    if sys.__stderr__ is None:  # another file may have its number
        return
    try:
        number = sys.__stderr__.fileno()
        takes = select.poll()
        takes.register(number, select.POLLOUT)
        for start in range(0, len(data), select.PIPE_BUF):
            if not takes.poll(_TAKEN):
                return
            os.write(number, data[start:start + select.PIPE_BUF])
    except (OSError, ValueError):  # nobody reads
        return
