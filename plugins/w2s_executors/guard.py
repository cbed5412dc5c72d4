"""Ends workers, with all that they started: those of a living run, and those of a run that was killed.

For these it is a process of its own, which the run starts with `python -I -S guard.py`: it is told of each worker on its standard
input, and when that closes, whatever became of the run, it ends those that are left. It imports the standard library alone.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

MARK = "W2S_BENCH_WORKER"
"""Environment variable with the token of a worker, by which those are found that it started and that left its group."""

_ROUNDS = 100


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


def main() -> None:
    """Read "+ PROCESS TOKEN" and "- PROCESS TOKEN", a line each, until there is nobody to write them."""
    for name in ("SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    workers: dict[int, str] = {}
    for line in sys.stdin:
        sign, process, token = line.split()
        if sign == "+":
            workers[int(process)] = token
        else:
            workers.pop(int(process), None)
    if workers:
        end(workers)


if __name__ == "__main__":
    main()
