"""On which device networks run: a word given to a run, handed to its workers, asked by plugins."""

from __future__ import annotations

import os
import re

from w2s_bench.errors import UsageError, nearest

VARIABLE = "W2S_BENCH_DEVICE"
"""Environment variable by which the executor tells a worker."""

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


def available() -> list[str]:
    """The devices of this machine: cpu, then its accelerators."""
    import torch

    found = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    return found + (["mps"] if torch.backends.mps.is_available() else [])


def device() -> str:
    """The device that this process was told to use; that of auto where it was told nothing."""
    return check(os.environ.get(VARIABLE, "auto"))
