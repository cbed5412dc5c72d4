"""The executor `ray`: jobs in worker processes on the nodes of a Ray cluster.

Only the words of jobs travel, and what they leave goes through the store. Ray tries nothing again by itself: what is lost is
handed out again here, as the policy says.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections import defaultdict, deque
from collections.abc import Generator, Iterable, Sequence

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
    Starts,
    Told,
    UsageError,
    Verdict,
    exit_words,
)
from w2s_ray.cluster import Cluster, Node, connected, gpus_in_words, last_line, refuse_private
from w2s_ray.places import Places, Worker

_BUNDLE = 0.1
"""Seconds of work that are handed over at least together, where such jobs have been measured and there are enough of them."""

_MOST_BATCHES = 32
_ANSWERED = 2.0
"""Seconds after which a holder answers though its worker says nothing."""

_TICK = 0.5
_OF_GPUS = "; --device cpu computes on the processors"


class Ray:
    """address: of the cluster. wait: seconds for the cluster to answer, a node to answer, and a worker to start."""

    def __init__(self, address: str, wait: float) -> None:
        self.address, self.wait = address, wait

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]:
        """Compute every job, upstream first; what was started on the nodes ends with the generator.

        Raises UsageError where there is no cluster, and where none of its nodes would compute the same, sees the store, or offers
        what a job asks for.
        """
        refuse_private(store)
        if policy.gpus:
            raise UsageError("Ray says which GPUs a worker has", where="--gpus", hint="leave it out")
        if "://" not in store:
            store = os.path.abspath(os.path.expanduser(store))
        with connected(self.address, self.wait, policy.debug):
            cluster = Cluster(f"ray[address={self.address}]", components, store, self.wait)
            try:
                yield from _Run(schedule, components, components.command(store), policy, cluster).outcomes()
            finally:
                cluster.close()


class _Lost(Exception):
    """A worker that is no more. killed, said: before it was ready, by a signal, and what it printed last."""

    def __init__(self, verdict: Verdict, *, killed: bool = False, said: str = "") -> None:
        self.verdict, self.killed, self.said = verdict, killed, said
        super().__init__(verdict.words)


class _Run:
    """Workers on nodes, fed from one schedule."""

    def __init__(self, schedule: Schedule, components: Components, command: list[str], policy: Policy, cluster: Cluster) -> None:
        self.schedule, self.components, self.command, self.policy, self.cluster = schedule, components, command, policy, cluster
        asked = {share for key in schedule.open if (share := schedule.demand(key).gpus) > 0}
        self.places = Places(cluster, policy, sorted(asked))
        self.limits, self.deaths = Limits(policy, _share(policy)), Deaths(policy.retries)
        self.starts: dict[str, Starts] = defaultdict(Starts)
        self.later: list[tuple[float, str]] = []
        self.suspected: set[str] = set()
        self.notes: list[str] = []
        self.took: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=20))
        self.memory = max((memory for key in schedule.open if (memory := schedule.demand(key).memory)), default=None)
        self.clock = AwakeClock()
        self.now = self.idle = 0.0
        self.said = False

    def outcomes(self) -> Generator[Outcome, None, None]:
        """What the schedule makes of every job's end."""
        try:
            while self.schedule.open:
                self.notes += self.cluster.look()
                self._try_again()
                self._hand_out()
                self._despair()
                answered = self._answered()
                self.now = self.clock()
                for worker in answered:
                    try:
                        yield from self._take(worker)
                    except _Lost as lost:
                        yield from self._bury(worker, lost)
                for worker, late in [(each, found) for each in self.places.workers if (found := self._overdue(each))]:
                    yield from self._bury(worker, _Lost(late))
        finally:
            self._end(self.places.workers)

    def _try_again(self) -> None:
        due = [key for when, key in self.later if when <= self.now]
        self.later = [(when, key) for when, key in self.later if when > self.now]
        self._put_back(due)

    def _hand_out(self) -> None:
        """Give what is ready to workers that have nothing, and start others as long as there is room and work for them."""
        in_vain = self.places.shares and self.policy.device == "auto" and self.cluster.usable() and not self.places.gpus_here()
        if in_vain and not self.said:
            self.notes.append("no node of the cluster offers a GPU: what asks for one is computed on the processors")
            self.said = True
        for worker in [each for each in self.places.workers if not each.held]:
            if worker.node.id in self.cluster.nodes:
                self._go_on(worker)
            else:
                self._end([worker])
                self.places.workers.remove(worker)
        for gpus in (0.0, *self.places.gpu_shares()):
            for node in self.places.with_room(gpus, self.now):
                if not self._start(node, gpus):
                    break
        self._make_room()

    def _go_on(self, worker: Worker) -> None:
        """Give a worker jobs of its group, or where none is ready those of another to a new one in its place."""
        batches = self._bundle(worker.name, worker.gpus, worker.group)
        fresh = bool(worker.group) and self.policy.isolate == "always"
        if not batches or fresh:
            batches = batches or self._bundle(worker.name, worker.gpus)
            if batches:
                self._end([worker])
                self.places.workers.remove(worker)
                worker = self._started(worker.name, worker.node, worker.gpus)
        self._give(worker, batches)

    def _start(self, node: Node, gpus: float, ended: Sequence[Worker] = ()) -> bool:
        """Start a worker on a node if there is work for it, in place of those that are ended for it."""
        name = self.places.free_name(node)
        batches = self._bundle(name, gpus)
        if batches:
            self._end(ended)
            self.places.workers = [worker for worker in self.places.workers if worker not in ended]
            self._give(self._started(name, node, gpus), batches)
        return bool(batches)

    def _make_room(self) -> None:
        """End workers that found nothing to do where jobs that ask for more GPUs than they have need their place."""
        idle = [worker for worker in self.places.workers if not worker.held]
        for gpus in self.places.gpu_shares() if idle else ():
            for node in self.cluster.usable():
                mine = [worker for worker in idle if worker.node is node and worker.gpus < gpus]
                able = mine and not any(worker.gpus >= gpus for worker in idle) and self.places.room(node, gpus, without=mine)
                if able and self._start(node, gpus, mine):
                    return

    def _bundle(self, name: str, gpus: float, group: str | None = None) -> list[list[str]]:
        """Batches for a worker, all of one group: of less than 100 ms of work some together, of what was not measured one."""
        batches: list[list[str]] = []
        seconds = 0.0
        most = None if not self.places.shares or not self.places.gpus_here() else Demand(gpus=gpus)
        while seconds < _BUNDLE and len(batches) < _MOST_BATCHES:
            batch = self.schedule.take(max(1, self._free()), name, most, group)
            if not batch:
                break
            group = self.schedule.group(batch[0])
            if batch[0] in self.suspected:  # goes by itself
                if batches:
                    self.schedule.put_back_alone(batch)
                return batches or [batch]
            batches.append(batch)
            took = [self.took[_stage(self.schedule.words(key))] for key in batch]
            seconds += sum(sum(times) / len(times) if times else _BUNDLE for times in took)
        return batches

    def _free(self) -> int:
        """Into how many parts what is ready is to be shared out: the workers that have nothing, and those that may be started."""
        return sum(not worker.held for worker in self.places.workers) + sum(1 for _ in self.places.with_room(0.0, self.now))

    def _give(self, worker: Worker, batches: Sequence[list[str]]) -> None:
        if not batches:
            return
        worker.group = self.schedule.group(batches[0][0])
        worker.held = dict.fromkeys(key for batch in batches for key in batch)
        worker.given = len(worker.held)
        worker.signs.start(self.now)
        worker.answer = worker.actor.exchange.remote([self.components.message(batch) for batch in batches], _ANSWERED)

    def _answered(self) -> list[Worker]:
        """The workers whose holders have answered."""
        import ray

        waiting = {worker.answer: worker for worker in self.places.workers if worker.held}
        if not waiting:
            time.sleep(_TICK / 10)
            return []
        done, _ = ray.wait(list(waiting), num_returns=1, timeout=_TICK)
        more, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        return [waiting[answer] for answer in {*done, *more}]

    def _take(self, worker: Worker) -> Generator[Outcome, None, None]:
        """Take note of what a worker says. Raises _Lost where it is no more, or says what is no answer."""
        import ray

        try:
            heard = ray.get(worker.answer, timeout=_ANSWERED)
        except ray.exceptions.OutOfMemoryError as error:
            raise _Lost(Verdict("oom", "memory", f"Ray ended it for its memory: {last_line(error)}")) from None
        except ray.exceptions.RayError as error:
            raise _Lost(_gone(f"the node {worker.node.name} or its worker is gone: {last_line(error)}")) from None
        worker.there = True
        if heard.usage:
            worker.signs.measure(heard.usage, self.now)
            worker.apart = heard.apart
        try:
            for line in heard.lines:
                yield from self._read(worker, line)
        except DataError as error:
            raise _Lost(Verdict("lost", "answer", f"its process wrote {error.what}")) from None
        if heard.code is not None:
            words = f"its process ended with {exit_words(heard.code)}"
            back = heard.code == GIVES_BACK and len(worker.held) < worker.given
            raise _Lost(Verdict("lost", words, words, blamed=not back), killed=heard.code < 0, said=heard.said)
        worker.answer = worker.actor.exchange.remote([], _ANSWERED) if worker.held else None

    def _read(self, worker: Worker, line: bytes) -> Generator[Outcome, None, None]:
        """Take note of a line. Raises DataError for what is no answer."""
        answer = self.components.answer(line)
        worker.signs.heard = self.idle = self.now
        if not worker.ready:
            worker.ready = True
            worker.signs.start(self.now)
            self.starts[worker.node.id].succeeded()
        if answer is None:
            return
        if answer.key not in worker.held:
            raise DataError("the answer to a job that it does not have")
        if isinstance(answer, Told):
            worker.signs.tell(answer.step, self.now)
            self.schedule.progressed(answer.key, answer.step)
        else:
            del worker.held[answer.key]
            worker.signs.start(self.now)
            self._measured(answer)
            yield from self._finished(answer)
            if answer.retires:
                raise _Lost(Verdict("lost", "retired", "its process is replaced", blamed=False))

    def _measured(self, outcome: Outcome) -> None:
        if outcome.status == "ok":
            self.took[_stage(self.schedule.words(outcome.key))].append(outcome.seconds)

    def _finished(self, outcome: Outcome) -> list[Outcome]:
        note = "; ".join(filter(None, (outcome.note, *self.notes)))
        self.notes.clear()
        return self.schedule.finish(dataclasses.replace(outcome, note=note) if note else outcome)

    def _overdue(self, worker: Worker) -> Verdict | None:
        """Why a worker is to be ended, where it is."""
        if not worker.held:
            return None
        if worker.node.id not in self.cluster.nodes:
            return _gone(f"the node {worker.node.name} is gone")
        if not worker.there:
            if self.now - worker.started <= self.cluster.wait:
                return None
            self.places.full[worker.node.id] = self.now
            return _gone(f"the node {worker.node.name} started no worker within {self.cluster.wait:g} s")
        if found := self.limits.greedy([worker.signs]):
            return found[1]
        verdict = self.limits.verdict(worker.signs, self.now, len(worker.held), self.schedule.expected(next(iter(worker.held))),
                                      worker.ready)
        at_work = verdict and verdict.kind in WAITING and worker.signs.also(worker.apart, self.now)
        return None if at_work else verdict

    def _bury(self, worker: Worker, lost: _Lost) -> Generator[Outcome, None, None]:
        """End a worker, and its job with it, unless that is to be tried again or to be found among several."""
        self._end([worker])
        self.places.workers.remove(worker)
        held, verdict = list(worker.held), lost.verdict
        if verdict.blamed and not worker.ready:
            self._failed_start(worker.node, lost)
            self.schedule.put_back_alone(held)
        elif len(held) > 1:
            if verdict.blamed:
                self.notes.append(f"{self.schedule.words(held[0])}, one of {len(held)} jobs together: {verdict.words}; "
                                  "they are computed one by one")
            self._put_back(held)
        elif held:
            yield from self._lost(held[0], verdict, lost.said)

    def _lost(self, key: str, verdict: Verdict, said: str) -> Generator[Outcome, None, None]:
        """A job was lost alone: it is tried again later, unless that is of no use."""
        wait = self.deaths.wait(key, verdict)
        if wait is None:
            yield from self._finished(Outcome(key, verdict.status, self.deaths.words(key), trace=said))
        else:
            self.later.append((self.now + wait, key))
            self.notes.append(f"{self.schedule.words(key)}: {verdict.words}; it is tried again")

    def _failed_start(self, node: Node, lost: _Lost) -> None:
        """A worker ended before it was ready: a node where that goes on is not used any more."""
        starts = self.starts[node.id]
        if starts.hopeless(killed=lost.killed):
            said = lost.said.splitlines()[-1:]
            node.why = ("; ".join([f"a worker cannot be started, {starts.failed} times: {lost.verdict.words}", *said]),)
            self.notes.append(f"the node {node.name} is not used any more: {node.why[0]}")

    def _put_back(self, keys: Sequence[str]) -> None:
        self.suspected.update(keys)
        self.schedule.put_back_alone(keys)

    def _end(self, workers: Iterable[Worker]) -> None:
        import ray

        for worker in workers:
            with contextlib.suppress(ray.exceptions.RayError, ValueError):
                ray.kill(worker.actor, no_restart=True)  # the process that it holds sees its pipe close, and ends

    def _started(self, name: str, node: Node, gpus: float) -> Worker:
        resources: dict[str, float] = {"num_cpus": self.places.cpus(node), "num_gpus": gpus}
        if (memory := self.memory if self.limits.share is None else self.limits.share) is not None:
            resources["memory"] = int(memory * 2**20)
        variables = {**{name: value for name, value in os.environ.items() if name.startswith("W2S_BENCH_")},
                     **self.policy.environment(memory=self.limits.share)}
        actor = self.cluster.worker(node, resources, self.command, variables, self.limits.share)
        worker = Worker(name, node, gpus, self.places.cpus(node), actor, self.now)
        self.places.workers.append(worker)
        return worker

    def _despair(self) -> None:
        """Raise UsageError where nothing goes on, and nothing will."""
        if self.later or any(worker.held for worker in self.places.workers) or self.cluster.undecided():
            self.idle = self.now
            return
        usable, late = self.cluster.usable(), self.now - self.idle > self.cluster.wait
        if not usable:
            why = [f"{node.name}: {'; '.join(node.why)}" for node in self.cluster.nodes.values() if node.why]
            if why or late:
                raise UsageError("no node of the cluster can compute this run" if why else "the cluster has no node left",
                                 where=self.cluster.address, hint="\n  ".join(why) or "finished cells are kept")
        most = max(self.places.gpu_shares(), default=0.0)
        if usable and (late or all(node.id in self.places.full or node.gpus < most for node in usable)):
            what = gpus_in_words(most) if any(node.gpus < most for node in usable) else f"{self.policy.threads} CPUs"
            raise UsageError(f"no node offers {what}", where=self.cluster.address, hint=(
                f"{'; '.join(node.words() for node in usable)}; other runs may have taken it{_OF_GPUS if most else ''}"))


def _stage(words: str) -> str:
    return words.partition(" ")[0]


def _share(policy: Policy) -> float | None:
    """MiB that a worker may hold, where the policy says how much and how many workers there are."""
    return None if isinstance(policy.memory, str) or isinstance(policy.workers, str) else policy.memory / policy.workers


def _gone(words: str) -> Verdict:
    return Verdict("lost", "node", words, blamed=False)
