"""Batches of a frozen pass side by side on the CPU: each on one thread, which wastes less than all threads on each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from w2s_bench.contracts import Array


def side_by_side(work: Callable[[Array], None], batches: Sequence[Array], device: str) -> None:
    """Call `work` on every batch: on the CPU on as many threads as torch has, one of its own for each call; elsewhere in turn.

    What a batch gives does not depend on the number of threads. The first exception of a call is raised.
    """
    threads = torch.get_num_threads()
    if device != "cpu" or threads == 1:
        for batch in batches:
            work(batch)
        return
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            list(pool.map(work, reversed(batches)))  # the largest first, so that no thread is left alone with it
    finally:
        torch.set_num_threads(threads)
