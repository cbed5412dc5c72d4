"""The other end of a pipe: reads batches of jobs as JSON lines, computes them, answers one JSON line per job.

Started by an executor with the store as its one argument. Whatever a plugin prints goes to standard error.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import msgspec

from w2s_bench.compute.messages import READY, Batch
from w2s_bench.compute.workshop import Workshop
from w2s_bench.planning.recipes import job
from w2s_bench.registry.component import Component
from w2s_bench.store.artifacts import Store


def main() -> None:
    """Serve until the pipe closes."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    answers.write(READY + b"\n")
    answers.flush()
    components: dict[str, Component] = {}
    workshop = Workshop(Store(sys.argv[1]), components)
    for line in sys.stdin.buffer:
        batch = msgspec.json.decode(line, type=Batch)
        components.update(batch.components)
        for outcome in workshop.run([job(recipe) for recipe in batch.recipes]):
            answers.write(msgspec.json.encode(outcome) + b"\n")
            answers.flush()


def _end_with_parent(parent: int) -> None:
    """A run that was killed must not leave a worker computing behind it."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    main()
