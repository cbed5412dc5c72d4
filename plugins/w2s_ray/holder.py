"""What lives on a node: it holds one worker process, and passes on what it is asked and what it answers.

The process is a child and not this one, so that one that crashes, leaks or hangs is ended and told of, and Ray sees nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from w2s_bench.contracts import Usage, processor_of_descendants, usage_of

_PIECE = 1 << 20
_LONGEST = 2 << 20
"""Bytes of an answer, at most: a line that goes on for longer is passed on as it is by then, and is no answer."""

_LAST_WORDS = 2000
_MEASURED = 1.0
"""Seconds between two looks at what the processes use."""


@dataclass(frozen=True)
class Heard:
    """Of a worker: whole lines that it answered, the exit code if it ended, and what it printed last then.

    usage: of all processes of its session; apart: seconds of a processor that those used which it started in others.
    """

    lines: list[bytes]
    code: int | None = None
    said: str = ""
    usage: Usage | None = None
    apart: float = 0.0


class Holder:
    """command: of the worker, whose Python is that of this node. variables: of its environment, beside those of this process.

    most: MiB past which its memory is counted exactly.
    """

    def __init__(self, command: Sequence[str], variables: Mapping[str, str], most: float | None) -> None:
        self._process = subprocess.Popen([sys.executable, *command[1:]], env={**os.environ, **variables}, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self._most = most
        self._unread = b""
        self._measured, self._looked = Heard([]), 0.0
        self._orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._printed: deque[bytes] = deque(maxlen=16)
        threading.Thread(target=self._write, daemon=True).start()
        threading.Thread(target=self._listen, daemon=True).start()

    def exchange(self, orders: Sequence[bytes], wait: float) -> Heard:
        """Pass on orders, and wait so many seconds at most for the first lines of an answer."""
        for order in orders:
            self._orders.put(order)
        assert self._process.stdout is not None
        descriptor, until = self._process.stdout.fileno(), time.monotonic() + wait
        while select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
            data = os.read(descriptor, _PIECE)
            *lines, self._unread = (self._unread + data).split(b"\n")
            if len(self._unread) > _LONGEST:
                lines, self._unread = [*lines, self._unread], b""
            if not data:
                code = self.end()
                return Heard(lines, code, b"".join(self._printed)[-_LAST_WORDS:].decode(errors="backslashreplace").strip())
            if lines:
                return dataclasses.replace(self._use(), lines=lines)
        return self._use()

    def end(self) -> int:
        """End the process and all that it started; its exit code."""
        with contextlib.suppress(subprocess.TimeoutExpired):  # one that ended by itself says how
            self._process.wait(0.5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()

    def _use(self) -> Heard:
        """What the processes use: looked at now and then."""
        if time.monotonic() - self._looked >= _MEASURED:
            self._looked = time.monotonic()
            usage = usage_of([self._process.pid], self._most).get(self._process.pid)
            self._measured = Heard([], usage=usage, apart=processor_of_descendants(self._process.pid))
        return self._measured

    def _listen(self) -> None:
        """Pass on what the process prints, and keep its end."""
        assert self._process.stderr is not None
        while data := os.read(self._process.stderr.fileno(), _PIECE):
            self._printed.append(data[-_LAST_WORDS:])
            with contextlib.suppress(OSError, ValueError):  # nobody reads
                sys.stderr.write(data.decode(errors="backslashreplace"))

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
