"""The pipes of a process that works for another: orders come in, answers go out, and nobody else there has either end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Iterator, Sequence
from typing import NoReturn

_PIECE = 1 << 16

CUT_OFF = 74
"""The exit code of a process whose code closed what it answers on."""


class Wire:
    """orders, answers: descriptors, which this object takes for itself; and others that no child is to have.

    No child of the process has them: one that is forked finds nothing on the one and nobody behind the other, so that a death of
    the worker is seen though its children live on, and they neither read an order nor answer it.
    """

    def __init__(self, orders: int, answers: int, *others: int) -> None:
        self._orders, self._answers = orders, answers
        self._all = (orders, answers, *others)
        self._sending = threading.Lock()
        for descriptor in self._all:
            os.set_inheritable(descriptor, False)
        os.register_at_fork(after_in_child=self._let_go)

    @classmethod
    def taken(cls, descriptors: Sequence[str]) -> Wire:
        """Of these numbers, or of standard input and output; these then stand on nothing and on standard error."""
        orders, answers, *others = map(int, descriptors) if descriptors else (os.dup(0), os.dup(1))
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        return cls(orders, answers, *others)

    def lines(self, patience: float | None = None) -> Iterator[bytes]:
        """The orders, until the pipe closes. patience: seconds after which no further order is waited for."""
        unread = bytearray()
        watched = select.poll()
        watched.register(self._orders, select.POLLIN)
        while watched.poll(None if patience is None else 1000 * patience) and (piece := os.read(self._orders, _PIECE)):
            unread += piece
            *whole, rest = unread.split(b"\n") if b"\n" in piece else (unread,)
            yield from map(bytes, whole)
            unread = bytearray(rest)

    def say(self, line: bytes) -> None:
        """Answer a line. Where nobody is there any more this process ends."""
        with self._sending:
            left = memoryview(line + b"\n")
            try:
                while left:
                    left = left[os.write(self._answers, left):]
            except BrokenPipeError:
                end_with_children("the run of this worker is gone")
            except OSError as error:  # a job closed the pipe: its parent sees to the children
                with contextlib.suppress(OSError):
                    os.write(2, f"a worker cannot answer: {error.strerror}\n".encode())
                os._exit(CUT_OFF)

    def deserted(self) -> bool:
        """Whether who gives the orders is gone."""
        watched = select.poll()
        watched.register(self._orders, 0)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in watched.poll(0))

    def _let_go(self) -> None:
        self._sending = threading.Lock()  # the thread that may have held it is not in the child
        nothing = os.open(os.devnull, os.O_RDWR)
        with contextlib.suppress(OSError):  # a job may have closed them
            for descriptor in self._all:
                os.dup2(nothing, descriptor, inheritable=False)
        os.close(nothing)


def end_with_children(words: str) -> NoReturn:
    """End this process now, and where it leads a group all that it started."""
    with contextlib.suppress(OSError):
        os.write(2, words.encode() + b"\n")
    if os.getsid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
