"""What a job may take: time, memory, and how long it may give no sign of life. Figures in, words out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from w2s_bench.contracts.deaths import Verdict
from w2s_bench.contracts.executors import Policy
from w2s_bench.contracts.progress import Step
from w2s_bench.contracts.usage import Usage

MANY_TIMES = 20
"""What `--timeout auto` gives a job: so many times what such jobs took at most, and no less than the policy's `idle`."""

WAITING = frozenset({"silent", "idle"})
"""Kinds of a verdict that rests on a processor not being used."""

_OF_THE_MACHINE = 0.9
_LEAST_SHARE = 0.002
"""Of a processor: a process that only waits, and says that it is alive, uses less."""

_LEAST_SECONDS = 0.05
_PROCESSES = 500
_LONGEST_STEP = 1.0


class AwakeClock:
    """Seconds in which this process was awake, so that whoever stops it ends no job. It is to be asked a few times a second."""

    def __init__(self) -> None:
        self._now, self._asked = 0.0, time.monotonic()

    def __call__(self) -> float:
        """How many by now."""
        asked = time.monotonic()
        self._now += min(asked - self._asked, _LONGEST_STEP)
        self._asked = asked
        return self._now


@dataclass
class Signs:
    """The last signs of life of a worker, in seconds of a clock of its owner's.

    begun: when it got the job that it is at. heard: when it said something. moved: when it told anew how far it is, step.
    busy, processor: when it was last seen to have used a processor since, and for how many seconds by then. apart: for how many
    seconds those had that it started in sessions of their own, when they were looked at last.
    """

    begun: float = 0.0
    heard: float = 0.0
    moved: float = 0.0
    step: Step | None = None
    busy: float | None = None
    processor: float = 0.0
    apart: float = 0.0
    usage: Usage | None = None

    def start(self, now: float) -> None:
        """The next job begins."""
        self.begun = self.heard = self.moved = now
        self.step = None

    def tell(self, step: Step, now: float) -> None:
        """A job says how far it is; saying the same again is no sign of life."""
        if step != self.step:
            self.step, self.moved = step, now

    def measure(self, usage: Usage, now: float) -> None:
        """Take note of what its processes use. A child that ended takes its share of the sum with it."""
        self.usage = usage
        used = usage.processor - self.processor
        if used < 0 or self.busy is None or used >= max(_LEAST_SECONDS, _LEAST_SHARE * (now - self.busy)):
            self.busy, self.processor = now, usage.processor

    def also(self, processor: float, now: float) -> bool:
        """Whether what it started in sessions of their own has used a processor since this was asked last."""
        moved, self.apart = processor - self.apart >= _LEAST_SECONDS, processor
        if moved:
            self.busy = now
        return moved


class Limits:
    """Those of a policy. share: MiB that a worker may hold; together: that all may, and then one goes over its share as long as
    they do not; None for no limit."""

    def __init__(self, policy: Policy, share: float | None, together: float | None = None) -> None:
        self.policy, self.share, self.together = policy, share, together

    @classmethod
    def on_a_machine(cls, policy: Policy, machine: Callable[[], float]) -> Limits:
        """Of workers that are all on one machine. machine: the MiB that it has."""
        together = _OF_THE_MACHINE * machine() if policy.memory == "auto" else None
        total = together if isinstance(policy.memory, str) else policy.memory
        return cls(policy, None if total is None else total / policy.at_a_time(), together)

    def verdict(self, signs: Signs, now: float, jobs: int, expected: float | None, ready: bool = True) -> Verdict | None:
        """Why a worker is to be ended that is at the first of so many jobs; None where it may go on.

        expected: the most seconds that such a job took before. ready: whether it has begun.
        """
        idle, silence = self.policy.idle, self.policy.silence
        unused = 0.0 if signs.busy is None else now - max(signs.busy, signs.begun)
        if now - signs.heard > silence and unused > silence:
            return Verdict("lost", "silent", f"its process was silent for {silence:g} s")
        if not jobs or not ready:
            return None
        if min(unused, now - signs.moved) > idle:
            return Verdict("timeout", "idle", f"hung: for {idle:g} s it used no processor and told nothing")
        if self.policy.timeout == "auto":
            limit = None if expected is None else max(idle, MANY_TIMES * expected * jobs)
            if limit is not None and now - signs.moved > limit and unused < idle / 2:  # else it will be found to hang
                return Verdict("timeout", "time", f"took more than {limit:.3g} s, where such jobs took {expected:.2g} s at most, "
                                                  "and told nothing meanwhile")
        elif not isinstance(self.policy.timeout, str):
            limit = self.policy.timeout
            if jobs > 1 and expected is not None:  # computed together, they may be answered together
                limit = max(limit, min(limit * jobs, 3 * expected * jobs))
            if now - signs.begun > limit:
                return Verdict("timeout", "time", f"took more than {self.policy.timeout:g} s")
        return None

    def greedy(self, all_signs: Sequence[Signs]) -> tuple[Signs, Verdict] | None:
        """The worker that holds too much, or has too many processes, and why it is to be ended; None where none does."""
        measured = [(signs, signs.usage) for signs in all_signs if signs.usage]
        for signs, usage in measured:
            if usage.processes > _PROCESSES:
                return signs, Verdict("lost", "processes", f"its process started {usage.processes - 1} others")
        if self.share is None or not measured:
            return None
        signs, usage = max(measured, key=lambda each: each[1].memory)
        if usage.memory <= self.share:
            return None
        if self.together is None:
            more = f"more than the {self.share:.0f} MiB of a worker (--memory)"
        elif sum(usage.memory for _, usage in measured) > self.together:
            more = f"and all workers more than the {self.together:.0f} MiB that there are for them"
        else:
            return None
        return signs, Verdict("oom", "memory", f"its process held {usage.memory:.0f} MiB, {more}")
