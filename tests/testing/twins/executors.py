"""Executors, the first of which is sound: this process, one job after another."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator

import numpy as np

from w2s_bench.contracts import Components, Outcome, Policy, Schedule
from w2s_bench.store.artifacts import Artifact, Store

LEFT: list[subprocess.Popen[bytes]] = []
"""What was started, so that nobody warns of a process without an owner."""


class Sound:
    BREAKS = ""

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]:
        bench = components.workbench(store)
        while batch := schedule.take():
            for outcome in bench.run(batch):
                yield from self.ended(schedule, outcome, store)

    def ended(self, schedule: Schedule, outcome: Outcome, store: str) -> list[Outcome]:
        return schedule.finish(outcome)


class Rounding(Sound):
    """It keeps what jobs leave in float32."""

    BREAKS = "same_bytes"

    def ended(self, schedule: Schedule, outcome: Outcome, store: str) -> list[Outcome]:
        kept = Store(store)
        if outcome.status == "ok":
            artifact, about = kept.load(outcome.key), kept.about(outcome.key)
            arrays = {name: array.astype(np.float32).astype(array.dtype) if array.dtype.kind == "f" else array
                      for name, array in artifact.arrays.items()}
            kept.drop(outcome.key)
            kept.save(outcome.key, Artifact(arrays, artifact.payload), about=about or {})
        return super().ended(schedule, outcome, store)


class GivingUp(Sound):
    """It ends with the first job that fails with these words."""

    BREAKS = "a_failure_costs_itself"
    after = "raise"

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]:
        for outcome in super().run(schedule, components, store, policy):
            yield outcome
            if outcome.status == "failed" and self.after in schedule.words(outcome.key):
                return


class DyingToo(GivingUp):
    BREAKS = "a_death_costs_itself"
    after = "die"


class Leaving(Sound):
    """It starts a process and forgets it where it is closed early."""

    BREAKS = "ends_early"

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]:
        started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3)"])
        LEFT.append(started)
        yield from super().run(schedule, components, store, policy)
        started.kill()
        started.wait()
