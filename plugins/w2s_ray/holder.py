"""What lives on a node: it holds one worker process, and passes on what it is asked and what it answers.

The process is a child and not this one, so that one that crashes, leaks or hangs is ended and told of, and Ray sees nothing.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

_PIECE = 1 << 20
_LONGEST = 1 << 26
"""Bytes of a line that a worker may answer: one that writes on without an end is ended."""

_LAST_WORDS = 2000


class Holder:
    """command: of the worker, whose Python is that of this node. variables: of its environment, beside those of this process."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        self._process = subprocess.Popen([sys.executable, *command[1:]], env={**os.environ, **variables}, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, start_new_session=True)
        self._unread = b""
        self._used, self._looked = (0.0, 0.0), 0.0
        self._orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._write, daemon=True).start()

    def exchange(self, orders: Sequence[bytes], wait: float) -> tuple[list[bytes], int | None, float, float]:
        """Pass on orders, and wait so many seconds at most for the first lines of an answer.

        With them the exit code of the worker if it ended, and of all processes of its session the seconds of a processor that
        they have used and the MiB that they hold.
        """
        for order in orders:
            self._orders.put(order)
        assert self._process.stdout is not None
        descriptor, until = self._process.stdout.fileno(), time.monotonic() + wait
        while select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
            data = os.read(descriptor, _PIECE)
            *lines, self._unread = (self._unread + data).split(b"\n")
            if not data or len(self._unread) > _LONGEST:
                return lines, self.end(), *self._used
            if lines:
                return lines, None, *self._measured()
        return [], None, *self._measured()

    def end(self) -> int:
        """End the process and all that it started; its exit code."""
        with contextlib.suppress(subprocess.TimeoutExpired):  # one that ended by itself says how
            self._process.wait(0.5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()

    def _measured(self) -> tuple[float, float]:
        """What the session uses: looked at once a second."""
        import psutil

        if time.monotonic() - self._looked < 1.0:
            return self._used
        self._looked = time.monotonic()
        processor, memory = 0.0, 0.0
        for number in psutil.pids():
            with contextlib.suppress(OSError, psutil.Error):  # it has ended meanwhile
                if os.getsid(number) == self._process.pid:
                    process = psutil.Process(number)
                    times, held = process.cpu_times(), process.memory_info()
                    processor += times.user + times.system + times.children_user + times.children_system
                    memory += held.rss - getattr(held, "shared", 0)
        self._used = processor, memory / 2**20
        return self._used

    def _write(self) -> None:
        """Writing waits until the worker reads, and it reads when its answers are read: so it has a thread of its own."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # the closed answer pipe reports the death
            while True:
                self._process.stdin.write(self._orders.get())
                self._process.stdin.flush()


def differences(command: Sequence[str], expected: bytes, seen: str, limit: float) -> list[str]:
    """In words, why this node cannot compute: what `Components.check` finds, and a file of the store that is not seen here."""
    folder = os.path.dirname(os.path.dirname(seen))
    found = [] if not seen or os.path.exists(seen) else [f"the folder of the store, {folder}, is not seen there"]
    try:
        done = subprocess.run([sys.executable, *command[1:]], input=expected, capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return [*found, f"it did not say within {limit:g} s what is installed there"]
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip()[-_LAST_WORDS:].splitlines()
        return [*found, f"w2s-bench cannot be asked there: {last[-1] if last else f'exit code {done.returncode}'}"]
    return [*found, *done.stdout.decode(errors="replace").splitlines()]
