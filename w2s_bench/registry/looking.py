"""Processes that look at plugins, seen from who asks: how they begin, what they answer, and what became of one that does not."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

import w2s_bench
from w2s_bench.contracts import STACKS
from w2s_bench.registry.orders import Doing, Look, Make, Order, Surroundings, Verdict
from w2s_bench.registry.wire import CUT_OFF

_SOON = 10.0
"""Seconds in which the process that begins others answers: it has nothing else to do."""

_STARTED = 30.0
"""The same of its own start, on a machine that is busy."""

_TELLING = 30
"""Times as long as each thing it does may take, that all together may take: one that tells how far it is, too, has an end."""

_ASKED, _WRITTEN = 1.0, 0.05
"""Seconds in which a process begins to write where it is, and ends."""

_PIECE = 1 << 16
_LONGEST_LINE = 1 << 20
TAKES_ALL = "ends the process that looks at plugins"
"""What becomes of all that are looked at when one of them does so."""

_FRAME = re.compile(rb'File "([^"<]+)", line (\d+) in')
_LIBRARY = Path(os.__file__).parent
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Origin:
    """The process that begins others, and says which have ended. `gone`: whether it has itself, and they with it."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        home = Path(w2s_bench.__file__).parent.parent  # the same code as here, whatever the working folder holds
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "w2s_bench.registry.tasting", str(theirs.fileno())], pass_fds=[theirs.fileno()], cwd=home,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self._control.setblocking(False)
        self._unread = b""
        self._processes: dict[int, int] = {}
        self._numbers = itertools.count(1)
        self._wait = _STARTED
        self.ended: dict[int, int] = {}
        self.gone = False

    def fileno(self) -> int:
        """What is readable when it has said something."""
        return self._control.fileno()

    def begin(self) -> Looking | None:
        """A process that looks at one plugin; None where this one is gone."""
        number = next(self._numbers)
        mine, theirs = socket.socketpair()
        stacks, written = os.pipe()
        try:
            self._say(f"begin {number}", [theirs.fileno(), written])
        finally:
            theirs.close()
            os.close(written)
        self._listen_until(lambda: number in self._processes, self._wait)
        if self.gone:
            mine.close()
            os.close(stacks)
            return None
        self._wait = _SOON
        return Looking(self, number, self._processes[number], mine, stacks)

    def end(self, number: int) -> int | None:
        """Kill a process with its group; its exit code, below 0 for a signal, where it is known."""
        if number not in self.ended:
            self._say(f"end {number}")
        return self.ending(number)

    def ending(self, number: int) -> int | None:
        """The exit code of a process that is about to end; None where it is not."""
        self._listen_until(lambda: number in self.ended, _SOON)
        return self.ended.get(number)

    def listen(self) -> None:
        """Take what it has said."""
        while not self.gone:
            try:
                piece = self._control.recv(_PIECE)
            except BlockingIOError:
                break
            except OSError:
                piece = b""
            self.gone = not piece
            self._unread += piece
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            word, number, value = line.decode().split()
            (self._processes if word == "began" else self.ended)[int(number)] = int(value)

    def close(self) -> None:
        """End it and all that it began."""
        with contextlib.suppress(OSError):  # it is gone
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        self.gone = True
        try:
            self._process.wait(_SOON)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _say(self, order: str, descriptors: list[int] | None = None) -> None:
        try:
            socket.send_fds(self._control, [order.encode()], descriptors or [])
        except OSError:
            self.gone = True

    def _listen_until(self, heard: Callable[[], bool], seconds: float) -> None:
        """Listen until something was said. Where it is not, somebody has stopped the process that should."""
        end = time.monotonic() + seconds
        self.listen()
        while not self.gone and not heard():
            if not arrives([self], max(0.0, end - time.monotonic())):
                self.close()
            else:
                self.listen()


class Looking:
    """One process that looks at a plugin, with what it is asked."""

    def __init__(self, origin: Origin, number: int, process: int, answers: socket.socket, stacks: int) -> None:
        self._origin, self._number, self._process = origin, number, process
        self._answers, self._stacks = answers, stacks
        self._answers.setblocking(False)
        self._unread = bytearray()
        self._order, self._doing, self._closed = 0, "", False
        self._since = self._given = 0.0

    def fileno(self) -> int:
        """What is readable when it has answered."""
        return self._answers.fileno()

    def give(self, what: Look | Make) -> None:
        """Ask it for one thing."""
        self._order, self._doing, self._since = self._order + 1, "", time.monotonic()
        self._given = self._since
        order = msgspec.json.encode(Order(self._order, what, Surroundings.here())) + b"\n"
        self._answers.settimeout(_SOON)
        with contextlib.suppress(OSError):  # its end is seen when it should answer
            self._answers.sendall(order)
        self._answers.setblocking(False)

    def verdict(self, seconds: float, memory: int) -> Verdict | None:
        """What is known of the order by now: its verdict, or what became of the process instead; None while it is at it.

        seconds: that each thing it does may take. memory: bytes that it may hold.
        """
        self._origin.listen()
        for line in self._lines():
            try:
                answer: Doing | Verdict = msgspec.json.decode(line, type=Doing | Verdict)
            except msgspec.DecodeError:
                return self._over("writes where its answers go")
            self._since = time.monotonic()
            if isinstance(answer, Doing):
                self._doing = answer.what or self._doing
            elif answer.number == self._order:
                return answer
        if self._origin.gone:
            return self._over(TAKES_ALL)
        if self._closed or self._number in self._origin.ended:
            return self._gone()
        now = time.monotonic()
        if now - self._since > seconds or now - self._given > _TELLING * seconds:
            return self._over(f"does not end within {seconds:g} s{self._where()}")
        if _resident(self._process) > memory:
            return self._over(f"takes more than {memory / 2**20:.0f} MiB of memory{self._where()}")
        return None

    @property
    def idle(self) -> bool:
        """Whether it had ended, as it does when nothing is asked of it, before it began with what it was asked."""
        return self._doing == "" and not self._origin.gone and self._origin.ended.get(self._number) == 0

    def close(self) -> None:
        """End it, with all that it started."""
        if not self._origin.gone:
            self._origin.end(self._number)
        elif self._number not in self._origin.ended:
            with contextlib.suppress(OSError):
                os.killpg(self._process, signal.SIGKILL)
        self._answers.close()
        os.close(self._stacks)

    def _lines(self) -> list[bytes]:
        while not self._closed and len(self._unread) < _LONGEST_LINE:
            try:
                piece = self._answers.recv(_PIECE)
            except BlockingIOError:
                break
            except OSError:
                piece = b""
            self._closed = not piece
            self._unread += piece
        *lines, rest = self._unread.split(b"\n")
        if len(rest) >= _LONGEST_LINE:
            lines, rest = [*lines, rest], bytearray()
        self._unread = bytearray(rest)
        return [bytes(line) for line in lines]

    def _gone(self) -> Verdict:
        code = self._origin.ending(self._number)
        if self._origin.gone:
            return self._over(TAKES_ALL)
        if code in (None, CUT_OFF):
            return self._over("closes what the process answers on")
        how = f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
        return self._over(f"ends the process {how}{self._place() if code < 0 else ''}")

    def _over(self, what: str) -> Verdict:
        return Verdict(self._order, f"{self._doing or 'it'} {what}", ended=True)

    def _where(self) -> str:
        """The line that it is at, as it says when it is asked."""
        with contextlib.suppress(OSError):
            os.kill(self._process, STACKS)
        if arrives([self._stacks], _ASKED):
            time.sleep(_WRITTEN)
        return self._place()

    def _place(self) -> str:
        """The line at the top of the stack that it wrote, in words."""
        written = os.read(self._stacks, _PIECE) if arrives([self._stacks], 0.0) else b""
        frames = [(Path(os.fsdecode(file)), int(line)) for file, line in _FRAME.findall(written)]
        own = [(file, line) for file, line in frames if file.parent != _LIBRARY and file.parent.parent != _LIBRARY]
        return "".join(f", at {file.name}:{line}" for file, line in (own or frames)[:1])


def arrives(on: Iterable[int | Origin | Looking], seconds: float) -> bool:
    """Whether one of these can be read within so many seconds."""
    watched = select.poll()
    for each in on:
        watched.register(each, select.POLLIN)
    return bool(watched.poll(1000 * seconds))


def _resident(process: int) -> int:
    """Bytes that a process holds, as Linux tells; 0 elsewhere."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0
