"""On which device networks run: a word given to a run, handed to its workers, asked by plugins."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

from w2s_bench.contracts.errors import UsageError, nearest

T = TypeVar("T")

VARIABLE = "W2S_BENCH_DEVICE"
"""Environment variable by which the executor tells a worker."""

_WATCHERS: list[set[str]] = []
_WORD = re.compile(r"auto|cpu|mps|cuda:\d+")


def check(word: str) -> str:
    """The device that a word stands for on this machine: auto is the first accelerator, else cpu.

    Raises UsageError for a word that is none, and for a device that is not there.
    """
    if not _WORD.fullmatch(word):
        raise UsageError(f"{word!r} is no device", where="--device", hint="auto, cpu, mps or cuda:N")
    there = available()
    if word == "auto":
        return there[0] if len(there) == 1 else there[1]
    if word not in there:
        raise UsageError(f"there is no device {word} on this machine", where="--device", hint=nearest(word, there))
    return word


def check_gpus(names: Sequence[str]) -> None:
    """Raise UsageError for a number under which there is no GPU among those that this process sees. What is no number is a name
    of the driver's, and is taken as it is."""
    import torch

    there = torch.cuda.device_count()
    absent = [name for name in names if name.isdecimal() and int(name) >= there]
    if absent:
        raise UsageError(f"there is no GPU {absent[0]} on this machine", where="--gpus",
                         hint=f"known: {', '.join(map(str, range(there)))}" if there else "there is none")


def available() -> list[str]:
    """The devices of this machine: cpu, then its accelerators."""
    import torch

    found = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    return found + (["mps"] if torch.backends.mps.is_available() else [])


def device() -> str:
    """The device that this process was told to use; that of auto where it was told nothing.

    Whoever computes on it asks anew each time: what a job asked for is recorded with what it left.
    """
    found = check(os.environ.get(VARIABLE, "auto"))
    for watcher in _WATCHERS:
        watcher.add(found)
    return found


@contextlib.contextmanager
def asked() -> Iterator[set[str]]:
    """The devices that are asked for within the block, in any thread of this process."""
    found: set[str] = set()
    _WATCHERS.append(found)
    try:
        yield found
    finally:
        _WATCHERS[:] = [watcher for watcher in _WATCHERS if watcher is not found]


def described(devices: Collection[str]) -> str:
    """Devices in words, an NVIDIA one with its name; what asked for none computed on the cpu."""
    return ", ".join(_named(name) for name in sorted(devices)) or "cpu"


def threads() -> int:
    """The threads that a sum is shared out to in this process: those that its executor gave it, or a thread a core."""
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def _named(name: str) -> str:
    if not name.startswith("cuda"):
        return name
    import torch

    return f"{name} ({torch.cuda.get_device_name(name)})"


def in_memory(run: Callable[[int], T], size: int, *, halve: bool = True) -> T:
    """run(size), and once more with half of it where the device has no memory for as much at a time.

    size: rows or tokens in a pass, which change no result. Raises MemoryError where half is too much too, or halve is false.
    """
    try:
        return run(size)
    except RuntimeError as error:
        if not _out_of_memory(error):
            raise
        if not halve or size < 2:
            raise MemoryError(str(error)) from error
    _release()  # not among the handlers: a caught exception holds the tensors of its frames
    return in_memory(run, size // 2, halve=False)


def _out_of_memory(error: RuntimeError) -> bool:
    """torch raises OutOfMemoryError, a RuntimeError, on accelerators, and a plain one for the CPU's allocator."""
    return any(words in str(error) for words in ("out of memory", "can't allocate memory"))


def _release() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
