"""The local executor: jobs in worker processes that live on between jobs.

A worker that dies or overruns takes only the job in its hands, and is replaced.
"""

from __future__ import annotations

import json
import math
import os
import selectors
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from w2s_bench.compute.messages import Batch
from w2s_bench.contracts.devices import VARIABLE
from w2s_bench.contracts.errors import W2SError
from w2s_bench.planning.recipes import Job, Outcome, component_keys, described
from w2s_bench.registry.component import Component
from w2s_bench.running.schedule import Schedule


@dataclass(frozen=True)
class Policy:
    """How jobs are run, never what they give. timeout: seconds for one job.

    retries: how often a job whose worker died is tried again. threads: of each worker, whatever the machine and the
    number of workers, because sums of floating-point numbers depend on how they are shared out. device: for networks.
    """

    workers: int = 1
    timeout: float | None = None
    retries: int = 1
    threads: int = 2
    device: str = "auto"


def execute(jobs: Mapping[str, Job], todo: set[str], components: Mapping[str, Component], store: str,
            policy: Policy) -> Iterator[Outcome]:
    """Compute the jobs named in `todo`, upstream first; yields one outcome for each of them as it ends."""
    yield from _Crew(Schedule(jobs, todo), components, store, policy).run()


class _Worker:
    """A process and the jobs in its hands."""

    def __init__(self, store: str, threads: int, device: str) -> None:
        environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false", "OMP_WAIT_POLICY": "PASSIVE", VARIABLE: device}
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
            environment[name] = str(threads)
        self.process = subprocess.Popen([sys.executable, "-P", "-m", "w2s_bench.compute.worker", store], env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.known: set[str] = set()
        self.held: dict[str, Job] = {}
        self.since = math.inf
        self.ready = False
        self._unread = b""

    def give(self, batch: list[Job], components: Mapping[str, Component]) -> None:
        named = {key for job in batch for key in component_keys(job.recipe)} - self.known
        message = Batch(tuple(job.recipe for job in batch), {key: components[key] for key in named})
        self.known |= named
        self.held = {job.key: job for job in batch}
        self.since = time.monotonic() if self.ready else math.inf
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(msgspec.json.encode(message) + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.process.wait()  # the closed answer pipe reports the death

    def answers(self) -> list[Outcome] | None:
        """Outcomes that have arrived; None when the process is gone."""
        assert self.process.stdout is not None
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        if not data:
            return None
        *lines, self._unread = (self._unread + data).split(b"\n")
        found = [json.loads(line) for line in lines]
        if not self.ready and found:
            self.ready, self.since = True, time.monotonic()
        return [Outcome(**answer) for answer in found if "key" in answer]

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

    def __init__(self, schedule: Schedule, components: Mapping[str, Component], store: str, policy: Policy) -> None:
        self.schedule, self.components, self.store, self.policy = schedule, components, store, policy
        self.workers: list[_Worker] = []
        self.deaths: Counter[str] = Counter()

    def run(self) -> Iterator[Outcome]:
        try:
            while self.schedule.open:
                self._hand_out()
                for worker in self._wait():
                    answers = worker.answers()
                    if answers is None:
                        yield from self._bury(worker, "lost")
                    else:
                        yield from self._take(worker, answers)
                for worker in [w for w in self.workers if self._overrun(w)]:
                    yield from self._bury(worker, "timeout")
        finally:
            for worker in self.workers:
                worker.end()

    def _hand_out(self) -> None:
        for index in range(self.policy.workers):
            idle = next((w for w in self.workers if not w.held), None)
            if idle is None and len(self.workers) >= self.policy.workers:
                return
            batch = self.schedule.take(self.policy.workers - index)
            if not batch:
                return
            if idle is None:
                idle = _Worker(self.store, self.policy.threads, self.policy.device)
                self.workers.append(idle)
            idle.give(batch, self.components)

    def _wait(self) -> list[_Worker]:
        with selectors.DefaultSelector() as selector:
            for worker in self.workers:
                assert worker.process.stdout is not None
                selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
            return [key.data for key, _ in selector.select(timeout=0.25 if self.policy.timeout else 5.0)]

    def _take(self, worker: _Worker, answers: list[Outcome]) -> Iterator[Outcome]:
        for outcome in answers:
            if worker.held.pop(outcome.key, None) is None:  # the worker derives keys from the sources that it imports
                raise W2SError("the sources of w2s-bench changed since the run was planned",
                               hint="run the same command again; finished cells are kept")
            worker.since = time.monotonic()
            yield from self.schedule.finish(outcome)

    def _overrun(self, worker: _Worker) -> bool:
        return bool(self.policy.timeout and worker.held and time.monotonic() - worker.since > self.policy.timeout)

    def _bury(self, worker: _Worker, status: str) -> Iterator[Outcome]:
        code = worker.end()
        self.workers.remove(worker)
        held = list(worker.held.values())
        if len(held) > 1:
            self.schedule.put_back_alone(held)
            return
        for job in held:
            self.deaths[job.key] += 1
            if status == "lost" and self.deaths[job.key] <= self.policy.retries:
                self.schedule.put_back_alone([job])
                continue
            name = described(job.recipe, self.components)
            error = (f"{name} took more than {self.policy.timeout:g} s" if status == "timeout" else
                     f"{name}: its process ended with {_exit_words(code)}, {self.deaths[job.key]} times")
            yield from self.schedule.finish(Outcome(job.key, status, error))


def _exit_words(code: int) -> str:
    return f"signal {-code}" + (" (perhaps out of memory)" if code == -9 else "") if code < 0 else f"exit code {code}"
