"""What the processes of a worker use of their machine, in figures."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from dataclasses import dataclass

MIB = 2**20

_EXACTLY = 32
"""Of how many processes the memory that each has to itself is counted: it takes the system longer than all else."""


@dataclass(frozen=True)
class Usage:
    """Of all processes of a session. processor: seconds so far. memory: MiB that they hold, what is mapped from files left out.

    processes: how many they are.
    """

    processor: float
    memory: float
    processes: int


def usage_of(leaders: Collection[int], most: float | None) -> dict[int, Usage]:
    """What the sessions use, by the process that leads each; those that cannot be measured are left out.

    most: MiB past which memory is counted exactly: what several processes share, once.
    """
    import psutil

    members: dict[int, list[int]] = {leader: [] for leader in leaders}
    for process in psutil.pids():
        try:
            session = os.getsid(process)
        except OSError:
            continue
        if session in members:
            members[session].append(process)
    return {leader: _of(found, most) for leader, found in members.items() if found}


def processor_of_descendants(leader: int) -> float:
    """Seconds that the descendants of a process used of a processor so far, those in sessions of their own among them."""
    import psutil

    seconds = 0.0
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(leader).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                seconds += times.user + times.system
    return seconds


def _of(processes: list[int], most: float | None) -> Usage:
    import psutil

    processor, held = 0.0, 0.0
    for number in processes:
        try:
            process = psutil.Process(number)
            with process.oneshot():
                times, memory = process.cpu_times(), process.memory_info()
        except (psutil.Error, OSError):  # it has ended meanwhile
            continue
        processor += times.user + times.system + times.children_user + times.children_system
        held += memory.rss - getattr(memory, "shared", 0)
    if most is not None and held > most * MIB and len(processes) > 1:
        some = processes[:_EXACTLY]
        held = min(held, sum(map(_share, some)) * len(processes) / len(some))
    return Usage(processor, held / MIB, len(processes))


def _share(number: int) -> float:
    """Bytes that a process holds, of those that it shares with others its part."""
    import psutil

    try:
        memory = psutil.Process(number).memory_full_info()
    except (psutil.Error, OSError):
        return 0.0
    return float(getattr(memory, "pss", memory.uss))
