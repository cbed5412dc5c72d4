"""A process of its own for a plugin's code: one question at a time, with a time limit; it may crash, and nobody else does."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from w2s_bench.contracts import exit_words
from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.errors import PluginError
from w2s_bench.registry.component import Component
from w2s_bench.registry.isolation import ISOLATE
from w2s_bench.testing.messages import Answer, Call, Raised, Request, Said

_PIECE: Final = 1 << 16
_START: Final = 60.0
"""Seconds that a call may take, and the interpreter to start."""


class Ended(PluginError):
    """The process ended, or was ended at its time limit, before it answered."""


class Apart:
    """Started by the first question if not before, and again after it ended. `folder`: where what the process prints is kept.

    leads: whether it leads a process group, which ends with it; one within another does not.
    """

    def __init__(self, folder: Path, leads: bool = True, network: bool = False) -> None:
        self._folder, self._leads, self._network = folder, leads, network
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether the process that answered last is still there to be asked."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process, if it is not running."""
        if not self.running:
            self.close()
            self._process = self._started()

    def ask(self, request: Request, seconds: float) -> Answer:
        """The answer to a request. Raises Ended where the process ends or takes longer, and is ended for it."""
        if not self.running:
            self.start()
            seconds += _START
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(request) + b"\n")
            self._process.stdin.flush()
            line = self._line(time.monotonic() + seconds)
        except BrokenPipeError:
            line = b""
        if line:
            answer: Answer = msgspec.json.decode(line, type=Answer)
            return answer
        raise self._ended(seconds, timed_out=line is None)

    def call(self, function: Callable[[Component, Path], Json], component: Component, folder: Path) -> Json:
        """What a function at the top of a module gives there. Raises PluginError for what it raises."""
        answer = self.ask(Call(f"{function.__module__}:{function.__qualname__}", component, str(folder)), _START)
        if isinstance(answer, Raised):
            raise PluginError(f"in another process: {answer.words}", where=component.label)
        assert isinstance(answer, Said)
        value: Json = answer.value
        return value

    def close(self) -> None:
        """End the process, and all that it started."""
        process, self._process = self._process, None
        self._unread.clear()
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL) if self._leads else process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _started(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(dict.fromkeys(where or os.getcwd() for where in sys.path))
        hashes = "1" if self._leads else "2"  # what rests on the order of a set differs between the two, every time
        offline = {} if self._network else {"HF_HUB_OFFLINE": "1"}
        with (self._folder / "printed").open("wb") as printed:
            words = [sys.executable, "-P", "-m", "w2s_bench.testing.serving"]
            return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=printed,
                                    start_new_session=self._leads,
                                    env={**os.environ, **offline, "PYTHONPATH": path, "PYTHONHASHSEED": hashes, ISOLATE: "never"})

    def _line(self, until: float) -> bytes | None:
        """The next line; b"" where the process ended before, None where the time did."""
        assert self._process is not None and self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._unread:
            if not select.select([pipe], [], [], max(until - time.monotonic(), 0.0))[0]:
                return None
            piece = os.read(pipe, _PIECE)
            if not piece:
                return b""
            self._unread += piece
        line, _, rest = bytes(self._unread).partition(b"\n")
        self._unread = bytearray(rest)
        return line

    def _ended(self, seconds: float, timed_out: bool) -> Ended:
        assert self._process is not None
        if timed_out:
            self.close()
            return Ended(f"took longer than {seconds:g} s, and was ended")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        code = self._process.returncode
        self.close()
        printed = (self._folder / "printed").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        said = f"; it last printed: {printed[-1]}" if printed else ""
        words = "closed its answers" if code is None else exit_words(code)
        return Ended(f"its process ended without an answer: {words}{said}")
