"""Ends workers, with all that they started: those of a living run, and those of a run that was killed.

For these it is a process of its own, which the run starts with `python -I -S guard.py`: it is told of each worker on its standard
input, and when that closes or the run is gone it ends those that are left. It imports the standard library alone.
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

MARK = "W2S_BENCH_WORKER"
"""Environment variable with the token of a worker, by which those are found that it started and that left its group."""

_ROUNDS = 100
_LOOK = 0.5
"""Seconds between two looks for the run."""


def end(workers: Mapping[int, str]) -> None:
    """Kill workers by their process ids, each with its group, and whatever else carries its token. Returns when none is left
    that can be seen; some systems show no tokens."""
    for number in range(_ROUNDS):  # some may be forking while they are looked for
        for group in workers:
            with contextlib.suppress(OSError):
                os.killpg(group, signal.SIGKILL)
        others = _marked({f"{MARK}={token}".encode() for token in workers.values()})
        if not others:
            return
        for process in others:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.001 * number)


def _marked(marks: set[bytes]) -> list[int]:
    """Processes with one of these in the environment with which they were started."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if marks & set((folder / "environ").read_bytes().split(b"\0")):
                found.append(int(folder.name))
    return found


def main(run: int) -> None:
    """Read "+ PROCESS TOKEN" and "- PROCESS TOKEN", a line each, until the run says that it is at its end, or is gone."""
    for name in ("SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    workers: dict[int, str] = {}
    unread = b""
    while True:
        gone = os.getppid() != run  # whose other children may keep the pipe open
        arrived = select.select([0], [], [], 0.0 if gone else _LOOK)[0]
        data = os.read(0, 1 << 16) if arrived else b""
        if not data and (gone or arrived):
            break
        *lines, unread = (unread + data).split(b"\n")
        for line in lines:
            sign, process, token = line.decode().split()
            if sign == "+":
                workers[int(process)] = token
            elif sign == "-":
                workers.pop(int(process), None)
            else:
                return
    if workers:
        end(workers)


if __name__ == "__main__":
    main(int(sys.argv[1]))
