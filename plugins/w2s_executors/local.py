"""The executor `local`: jobs in worker processes that live on between jobs.

A worker that dies, hangs or takes too much takes only the job in its hands, and is replaced.
"""

from __future__ import annotations

import dataclasses
import math
import os
import selectors
import time
from collections.abc import Generator

from w2s_bench.contracts import (
    GIVES_BACK,
    WAITING,
    AwakeClock,
    Components,
    DataError,
    Deaths,
    Demand,
    Limits,
    Outcome,
    Policy,
    Schedule,
    Signs,
    Starts,
    Told,
    Verdict,
    WorkerError,
    check_gpus,
    exit_words,
    processor_of_descendants,
    usage_of,
)
from w2s_executors.machine import gpu_of, memory_of_the_machine
from w2s_executors.processes import End, Guard, Worker
from w2s_executors.stacks import place_in

_TICK = 0.25
_RESTING = 3
"""How many workers of other groups may wait for each that computes."""

_WATCHING, _LONGEST_PAUSE = 0.02, 2.0
"""The share of the time that may be spent on looking what workers use, and the seconds between two looks at most."""


class Local:
    """As many workers as the policy says, fed from one schedule."""

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]:
        """Compute every job, upstream first; the workers end with the generator.

        Raises UsageError for a GPU that is not there, WorkerError where workers cannot be started, and W2SError where the sources
        changed since the run was planned.
        """
        if policy.gpus:
            check_gpus(policy.gpus)
        crew = _Crew(schedule, components, store, policy)
        try:
            yield from crew.run()
        finally:
            crew.end()


@dataclasses.dataclass
class _Member:
    """A worker and the jobs in its hands. name: of whoever takes its place, too. gpu: the one that it sees, None for all.

    group: of the jobs that it computes. batch: what it was given last; held: what of it has not ended. gpus: what this asks for.
    rested: since when it has waited for jobs of its group.
    """

    name: str
    gpu: str | None
    group: str
    worker: Worker
    signs: Signs
    batch: list[str]
    held: dict[str, None]
    gpus: float = 0.0
    rested: float = 0.0


class _Crew:
    """Workers fed from one schedule.

    members: those that compute, or wait for whatever comes, by name. resting: those whose place another group's took, which wait
    for jobs of their own. returned: batches that no worker has begun. later: jobs that are tried again, and when.
    """

    def __init__(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> None:
        self.schedule, self.components, self.store, self.policy = schedule, components, store, policy
        self.limits, self.workers = Limits.on_a_machine(policy, memory_of_the_machine), policy.at_a_time()
        limits = [policy.silence, policy.idle, *([] if isinstance(policy.timeout, str) else [policy.timeout])]
        self.tick = min(_TICK, *(limit / 4 for limit in limits))
        self.members: dict[str, _Member] = {}
        self.resting: list[_Member] = []
        self.returned: list[list[str]] = []
        self.later: list[tuple[float, str]] = []
        self.deaths = Deaths(policy.retries)
        self.notes: list[str] = []
        self.starts = Starts()
        self.selector = selectors.DefaultSelector()
        self.guard: Guard | None = None
        self.clock, self.now, self._next_look = AwakeClock(), 0.0, 0.0

    def run(self) -> Generator[Outcome, None, None]:
        while self.schedule.open:
            self._try_again()
            self._hand_out()
            if not self.later and not self.returned and not any(member.held for member in self.members.values()):
                return
            for worker, end in self._events():
                member = next((member for member in self._all() if member.worker is worker), None)
                if member is None:
                    continue
                match end:
                    case "orders":
                        worker.send()
                    case "errors":
                        worker.listen()
                    case "answers" | "death":
                        yield from self._hear(member)
            yield from self._look()

    def end(self) -> None:
        """End the workers, whatever they are at."""
        if self.guard:
            self.guard.end(member.worker for member in self._all())
            self.guard.close()
        self.selector.close()

    def _all(self) -> list[_Member]:
        return [*self.members.values(), *self.resting]

    def _events(self) -> list[tuple[Worker, End]]:
        found = [key.data for key, _ in self.selector.select(self.tick)]
        self.now = self.clock()
        return found

    def _try_again(self) -> None:
        due = [key for when, key in self.later if when <= self.now]
        self.later = [(when, key) for when, key in self.later if when > self.now]
        self.schedule.put_back_alone(due)

    def _hand_out(self) -> None:
        names = [f"local {number}" for number in range(1, self.workers + 1)]
        free = [name for name in names if name not in self.members or not self.members[name].held]
        for number, name in enumerate(free):
            gpu = self._gpu(names.index(name))
            room = self._room(gpu)
            batch = self._returned(room) or self.schedule.take(len(free) - number, name, room)
            if batch:
                self._give(name, gpu, batch)
            elif gpu is None:
                return

    def _returned(self, room: Demand | None) -> list[str]:
        """A batch that another worker had and did not begin."""
        for batch in self.returned:
            if room is None or self.schedule.demand(batch[0]).gpus <= room.gpus:
                self.returned.remove(batch)
                return batch
        return []

    def _gpu(self, number: int) -> str | None:
        """The GPU of a worker, as CUDA knows it."""
        if not self.policy.gpus:
            return None
        return gpu_of(self.policy.gpus[number % len(self.policy.gpus)], os.environ.get("CUDA_VISIBLE_DEVICES"))

    def _room(self, gpu: str | None) -> Demand | None:
        """What the jobs of a worker may ask of its GPU, of which the others have their part."""
        if gpu is None:
            return None
        used = sum(member.gpus for member in self.members.values() if member.gpu == gpu and member.held)
        return Demand(gpus=1.0 - used if used else math.inf)

    def _give(self, name: str, gpu: str | None, batch: list[str]) -> None:
        group = self.schedule.group(batch[0])
        member = self._of_the_group(name, gpu, group)
        if member is None:
            try:
                member = self.members[name] = self._started(name, gpu, group)
            except OSError as error:
                self.returned.append(batch)
                self._failed_start(error.strerror or str(error), "")
                return
        member.batch, member.held = batch, dict.fromkeys(batch)
        member.gpus = self.schedule.demand(batch[0]).gpus if gpu else 0.0
        member.signs.start(self.now)
        member.worker.give(self.components.message(batch))

    def _of_the_group(self, name: str, gpu: str | None, group: str) -> _Member | None:
        """The worker of a place, if it computes this group, else one that rested; who was there rests then. None for neither."""
        before = self.members.pop(name, None)
        if before is not None and before.group == group:
            self.members[name] = before
            return before
        able = [member for member in self.resting if member.group == group and member.gpu == gpu]
        found = max(able, key=lambda member: (member.name == name, member.rested), default=None)
        if found is not None:
            self.resting.remove(found)
            found.name, self.members[name] = name, found
        if before is not None:
            before.rested = self.now
            self.resting.append(before)
        self._end_the_longest_resting(_RESTING * self.workers)
        return found

    def _end_the_longest_resting(self, most: int) -> None:
        ended = sorted(self.resting, key=lambda member: member.rested)[:max(0, len(self.resting) - most)]
        if ended and self.guard:
            self.guard.end(member.worker for member in ended)
            self.resting = [member for member in self.resting if member not in ended]

    def _started(self, name: str, gpu: str | None, group: str) -> _Member:
        self.guard = self.guard or Guard()
        variables = self.policy.environment(gpu, self.limits.share)
        worker = Worker(self.components.command(self.store), variables, self.selector)
        self.guard.watch(worker)
        return _Member(name, gpu, group, worker, Signs(), [], {})

    def _hear(self, member: _Member) -> Generator[Outcome, None, None]:
        """Take the answers that have arrived, of a process that is gone all of them."""
        worker = member.worker
        try:
            while lines := worker.answers():
                for line in lines:
                    yield from self._take(member, line)
                    if member not in self._all():  # it was ended with that answer
                        return
                if not worker.gone:
                    return
        except DataError as error:
            yield from self._bury(member, Verdict("lost", "answer", f"its process wrote {error.what}"))
            return
        if lines is None or worker.gone:
            code = worker.ended()
            words = "closed the pipe of its answers" if code is None else f"ended with {exit_words(code)}"
            yield from self._bury(member, Verdict("lost", words, f"its process {words}"))

    def _take(self, member: _Member, line: bytes) -> Generator[Outcome, None, None]:
        answer = self.components.answer(line)
        member.signs.heard = self.now
        if not member.worker.ready:
            member.worker.became_ready()
            member.signs.start(self.now)
            self.starts.succeeded()
        if answer is None:
            return
        if answer.key not in member.held:
            raise DataError("the answer to a job that it does not have")
        if isinstance(answer, Told):
            member.signs.tell(answer.step, self.now)
            self.schedule.progressed(answer.key, answer.step)
        else:
            del member.held[answer.key]
            member.signs.start(self.now)
            if answer.retires or (self.policy.isolate == "always" and member.group and not member.held):
                self._retire(member)
            yield from self._finish(answer)

    def _retire(self, member: _Member) -> None:
        """End a worker that is to compute nothing more; what else it holds is given out again."""
        assert self.guard
        self.guard.end([member.worker])
        self._forget(member)
        self.schedule.put_back_alone(list(member.held))

    def _forget(self, member: _Member) -> None:
        if member in self.resting:
            self.resting.remove(member)
        else:
            del self.members[member.name]

    def _finish(self, outcome: Outcome) -> Generator[Outcome, None, None]:
        if self.notes:
            said = dict.fromkeys([*self.notes, *([outcome.note] if outcome.note else [])])
            outcome, self.notes = dataclasses.replace(outcome, note="; ".join(said)), []
        yield from self.schedule.finish(outcome)

    def _look(self) -> Generator[Outcome, None, None]:
        """End the workers that take too much of anything."""
        if self.now < self._next_look:
            return
        started = time.monotonic()
        by_process = {member.worker.process.pid: member for member in self._all()}
        for process, usage in usage_of(by_process, self.limits.share).items():
            by_process[process].signs.measure(usage, self.now)
        self._next_look = self.now + min(max(self.tick, (time.monotonic() - started) / _WATCHING), _LONGEST_PAUSE)
        for member in by_process.values():
            held = list(member.held)
            expected = self.schedule.expected(held[0]) if held else None
            verdict = self.limits.verdict(member.signs, self.now, len(held), expected, member.worker.ready)
            if member.worker.gone:
                yield from self._hear(member)
            elif verdict and not (verdict.kind in WAITING and member.signs.also(
                    processor_of_descendants(member.worker.process.pid), self.now)):
                yield from self._bury(member, verdict)
        found = self.limits.greedy([member.signs for member in self._all()])
        if found and self.resting:
            self._end_the_longest_resting(0)
        elif found:
            guilty, verdict = found
            yield from self._bury(next(member for member in self.members.values() if member.signs is guilty), verdict)

    def _bury(self, member: _Member, verdict: Verdict) -> Generator[Outcome, None, None]:
        """End a worker, and its job with it, unless that is to be tried again or to be found among several."""
        assert self.guard
        stacks, said = member.worker.stacks(), member.worker.last_words()
        if place := place_in(stacks):
            verdict = dataclasses.replace(verdict, words=f"{verdict.words} ({place})")
        self.guard.end([member.worker])
        self._forget(member)
        held = list(member.held)
        if not member.worker.ready:
            self.returned += [member.batch] if held else []
            self._failed_start(verdict.words, said, killed=(member.worker.process.returncode or 0) < 0)
        elif member.worker.process.returncode == GIVES_BACK and len(held) < len(member.batch):
            self.schedule.put_back_alone(held)
        elif len(held) > 1:
            self.notes.append(f"{self.schedule.words(held[0])}, one of {len(held)} jobs together: {verdict.words}; "
                              "they are computed one by one")
            self.schedule.put_back_alone(held)
        elif held:
            yield from self._lost(held[0], verdict, "\n".join(filter(None, (stacks, said))))

    def _lost(self, key: str, verdict: Verdict, trace: str) -> Generator[Outcome, None, None]:
        """A job was lost alone: it is tried again later, unless that is of no use."""
        wait = self.deaths.wait(key, verdict)
        if wait is None:
            yield from self._finish(Outcome(key, verdict.status, self.deaths.words(key), trace=trace))
        else:
            self.later.append((self.now + wait, key))
            self.notes.append(f"{self.schedule.words(key)}: {verdict.words}; it is tried again")

    def _failed_start(self, words: str, said: str, killed: bool = False) -> None:
        if self.starts.hopeless(killed=killed):
            raise WorkerError(f"a worker cannot be started, {self.starts.failed} times: {words}",
                              hint=said.splitlines()[-1] if said else "finished cells are kept")
