"""The executor `local`: jobs in worker processes that live on between jobs.

A worker that dies or overruns takes only the job in its hands, and is replaced.
"""

from __future__ import annotations

import itertools
import math
import os
import selectors
import subprocess
import time
from collections import Counter
from collections.abc import Generator

from w2s_bench.contracts import Components, Outcome, Policy, Schedule, Told


class Local:
    """As many workers as the policy says, fed from one schedule."""

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]:
        """Compute every job, upstream first; the workers end with the generator."""
        yield from _Crew(schedule, components, store, policy).run()


class _Worker:
    """A process and the jobs in its hands. name: of whoever takes its place, too. since: when it got the job that it is at."""

    def __init__(self, name: str, command: list[str], variables: dict[str, str]) -> None:
        self.name = name
        self.process = subprocess.Popen(command, env={**os.environ, **variables}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.held: dict[str, None] = {}
        self.since = math.inf
        self._ready = False
        self._unread = b""

    def give(self, batch: list[str], message: bytes) -> None:
        self.held = dict.fromkeys(batch)
        self.since = time.monotonic() if self._ready else math.inf
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(message)
            self.process.stdin.flush()
        except BrokenPipeError:
            self.process.wait()  # the closed answer pipe reports the death

    def lines(self) -> list[bytes] | None:
        """Lines that have arrived; None when the process is gone."""
        assert self.process.stdout is not None
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        if not data:
            return None
        *lines, self._unread = (self._unread + data).split(b"\n")
        if lines and not self._ready:
            self._ready, self.since = True, time.monotonic()
        return lines

    def end(self) -> int:
        self.process.kill()
        code = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                if pipe:
                    pipe.close()
            except BrokenPipeError:
                continue
        return code


class _Crew:
    """Workers fed from one schedule."""

    def __init__(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> None:
        self.schedule, self.components, self.store, self.policy = schedule, components, store, policy
        self.count = policy.at_a_time()
        self.limit = policy.timeout if isinstance(policy.timeout, float) else None
        self.workers: list[_Worker] = []
        self.deaths: Counter[str] = Counter()

    def run(self) -> Generator[Outcome, None, None]:
        try:
            while self.schedule.open:
                self._hand_out()
                for worker in self._wait():
                    lines = worker.lines()
                    if lines is None:
                        yield from self._bury(worker, "lost")
                    else:
                        yield from self._take(worker, lines)
                for worker in [w for w in self.workers if self._overrun(w)]:
                    yield from self._bury(worker, "timeout")
        finally:
            for worker in self.workers:
                worker.end()

    def _hand_out(self) -> None:
        for index in range(self.count):
            idle = next((w for w in self.workers if not w.held), None)
            if idle is None and len(self.workers) >= self.count:
                return
            name = idle.name if idle else self._free_name()
            batch = self.schedule.take(self.count - index, name)
            if not batch:
                return
            if idle is None:
                idle = _Worker(name, self.components.command(self.store), self.policy.environment())
                self.workers.append(idle)
            idle.give(batch, self.components.message(batch))

    def _free_name(self) -> str:
        taken = {worker.name for worker in self.workers}
        return next(name for number in itertools.count(1) if (name := f"local {number}") not in taken)

    def _wait(self) -> list[_Worker]:
        with selectors.DefaultSelector() as selector:
            for worker in self.workers:
                assert worker.process.stdout is not None
                selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
            return [key.data for key, _ in selector.select(timeout=0.25 if self.limit else 5.0)]

    def _take(self, worker: _Worker, lines: list[bytes]) -> Generator[Outcome, None, None]:
        for line in lines:
            outcome = self.components.answer(line)
            if isinstance(outcome, Told):
                self.schedule.progressed(outcome.key, outcome.step)
            elif outcome is not None:
                worker.held.pop(outcome.key, None)
                worker.since = time.monotonic()
                yield from self.schedule.finish(outcome)

    def _overrun(self, worker: _Worker) -> bool:
        return bool(self.limit and worker.held and time.monotonic() - worker.since > self.limit)

    def _bury(self, worker: _Worker, status: str) -> Generator[Outcome, None, None]:
        """End a worker, and its job with it, unless that is to be tried again or to be found among several."""
        code = worker.end()
        self.workers.remove(worker)
        held = list(worker.held)
        if len(held) > 1:
            self.schedule.put_back_alone(held)
            return
        for key in held:
            if status == "timeout":
                yield from self.schedule.finish(Outcome(key, "timeout", f"took more than {self.limit:g} s"))
                continue
            self.deaths[key] += 1
            if self.deaths[key] <= self.policy.retries:
                self.schedule.put_back_alone([key])
            else:
                error = f"its process ended with {_exit_words(code)}, {self.deaths[key]} times"
                yield from self.schedule.finish(Outcome(key, "lost", error))


def _exit_words(code: int) -> str:
    return f"signal {-code}" + (" (perhaps out of memory)" if code == -9 else "") if code < 0 else f"exit code {code}"
