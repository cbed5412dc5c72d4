"""The executor `ray`: jobs in worker processes on the nodes of a Ray cluster.

Only the words of jobs travel, and what they leave goes through the store. Ray tries nothing again by itself: what is lost is
handed out again here, as the policy says.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import os
import time
from collections import Counter, defaultdict, deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from w2s_bench.contracts import Components, DataError, Demand, Outcome, Policy, Schedule, Told, UsageError
from w2s_ray.cluster import Cluster, Node, connected, gpus_in_words, last_line, refuse_private

_BUNDLE = 0.1
"""Seconds of work that are handed over at least together, where such jobs have been measured and there are enough of them."""

_MOST_BATCHES = 32
_ANSWERED = 2.0
"""Seconds after which a holder answers though its worker says nothing."""

_TICK = 0.5
_LOST_NODES = 3
"""How often a job is handed out again whose node was lost, which is hardly its fault."""

_OF_GPUS = "; --device cpu computes on the processors"

_GENEROUS = 20.0
"""A job may take so many times what such jobs took before, where the policy says auto."""

_LEAST_SHARE, _LEAST_SECONDS = 0.002, 0.05
"""Of a processor: a process that only waits, and says that it is alive, uses less."""


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


@dataclass(eq=False)
class _Worker:
    """A worker on a node. name: the same for whoever takes its place there. gpus: its share. held: the jobs in its hands.

    answer: what is to come from it. started, heard, since: when it was asked for, said something last, and got the job that it is
    at; ready: whether its process is there. busy: when it was seen last to have used a processor, for so many seconds by then;
    memory: MiB that it holds.
    """

    name: str
    node: Node
    gpus: float
    cpus: float
    actor: Any
    held: dict[str, None] = field(default_factory=dict)
    answer: Any = None
    ready: bool = False
    started: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    since: float = math.inf
    busy: float = field(default_factory=time.monotonic)
    processor: float = 0.0
    memory: float = 0.0


class _Lost(Exception):
    """A worker that is no more. status: of its job. blamed: whether the job may be to blame."""

    def __init__(self, words: str, status: str = "lost", *, blamed: bool = True) -> None:
        self.words, self.status, self.blamed = words, status, blamed
        super().__init__(words)


class _Run:
    """Workers on nodes, fed from one schedule."""

    def __init__(self, schedule: Schedule, components: Components, command: list[str], policy: Policy, cluster: Cluster) -> None:
        self.schedule, self.components, self.command, self.policy, self.cluster = schedule, components, command, policy, cluster
        self.workers: list[_Worker] = []
        self.deaths: Counter[str] = Counter()
        self.losses: Counter[str] = Counter()
        self.suspected: set[str] = set()
        self.full: dict[str, float] = {}
        self.notes: list[str] = []
        self.took: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=20))
        self.shares = sorted({share for key in schedule.open if (share := schedule.demand(key).gpus) > 0})
        self.memory = max((memory for key in schedule.open if (memory := schedule.demand(key).memory)), default=None)
        self.idle = time.monotonic()
        self.said = False

    def outcomes(self) -> Generator[Outcome, None, None]:
        """What the schedule makes of every job's end."""
        try:
            while self.schedule.open:
                self.notes += self.cluster.look()
                self._hand_out()
                self._despair()
                for worker in self._answered():
                    try:
                        yield from self._take(worker)
                    except _Lost as lost:
                        yield from self._bury(worker, lost)
                for worker, late in [(each, found) for each in self.workers if (found := self._overdue(each))]:
                    yield from self._bury(worker, late)
        finally:
            self._end(self.workers)

    def _hand_out(self) -> None:
        """Give what is ready to workers that have nothing, and start others as long as there is room and work for them."""
        if self.shares and self.policy.device == "auto" and self.cluster.usable() and not self._gpus_here() and not self.said:
            self.notes.append("no node of the cluster offers a GPU: what asks for one is computed on the processors")
            self.said = True
        for worker in [each for each in self.workers if not each.held]:
            if worker.node.id in self.cluster.nodes:
                self._give(worker, self._bundle(worker.name, worker.gpus))
            else:
                self._end([worker])
                self.workers.remove(worker)
        for gpus in (0.0, *self._gpu_shares()):
            for node in self._with_room(gpus):
                if not self._start(node, gpus):
                    break
        self._make_room()

    def _start(self, node: Node, gpus: float, ended: Sequence[_Worker] = ()) -> bool:
        """Start a worker on a node if there is work for it, in place of those that are ended for it."""
        name = self._free_name(node)
        batches = self._bundle(name, gpus)
        if batches:
            self._end(ended)
            self.workers = [worker for worker in self.workers if worker not in ended]
            self._give(self._started(name, node, gpus), batches)
        return bool(batches)

    def _make_room(self) -> None:
        """End workers that found nothing to do where jobs that ask for more GPUs than they have need their place."""
        idle = [worker for worker in self.workers if not worker.held]
        for gpus in self._gpu_shares() if idle else ():
            for node in self.cluster.usable():
                mine = [worker for worker in idle if worker.node is node and worker.gpus < gpus]
                able = mine and not any(worker.gpus >= gpus for worker in idle) and self._room(node, gpus, without=mine)
                if able and self._start(node, gpus, mine):
                    return

    def _bundle(self, name: str, gpus: float) -> list[list[str]]:
        """Batches for a worker: of less than 100 ms of work some together, of what was not measured one."""
        batches: list[list[str]] = []
        seconds = 0.0
        most = None if not self.shares or not self._gpus_here() else Demand(gpus=gpus)
        while seconds < _BUNDLE and len(batches) < _MOST_BATCHES:
            batch = self.schedule.take(max(1, self._free()), name, most)
            if not batch:
                break
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
        return sum(not worker.held for worker in self.workers) + sum(1 for _ in self._with_room(0.0))

    def _give(self, worker: _Worker, batches: Sequence[list[str]]) -> None:
        if not batches:
            return
        worker.held = dict.fromkeys(key for batch in batches for key in batch)
        worker.heard = time.monotonic()
        worker.since = worker.heard if worker.ready else math.inf
        worker.answer = worker.actor.exchange.remote([self.components.message(batch) for batch in batches], _ANSWERED)

    def _answered(self) -> list[_Worker]:
        """The workers whose holders have answered."""
        import ray

        waiting = {worker.answer: worker for worker in self.workers if worker.held}
        if not waiting:
            time.sleep(_TICK / 10)
            return []
        done, _ = ray.wait(list(waiting), num_returns=1, timeout=_TICK)
        more, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        return [waiting[answer] for answer in {*done, *more}]

    def _take(self, worker: _Worker) -> Generator[Outcome, None, None]:
        """Take note of what a worker says. Raises _Lost where it is no more, or says what is no answer."""
        import ray

        try:
            lines, code, processor, worker.memory = ray.get(worker.answer, timeout=_ANSWERED)
        except ray.exceptions.OutOfMemoryError as error:
            raise _Lost(f"Ray ended it for its memory: {last_line(error)}", "oom") from None
        except ray.exceptions.RayError as error:
            raise _Lost(f"the node {worker.node.name} or its worker is gone: {last_line(error)}", blamed=False) from None
        if not worker.ready:
            worker.ready, worker.since = True, time.monotonic()
        if lines:
            worker.heard = self.idle = time.monotonic()
        if abs(processor - worker.processor) >= max(_LEAST_SECONDS, _LEAST_SHARE * (time.monotonic() - worker.busy)):
            worker.busy, worker.processor = time.monotonic(), processor
        for line in lines:
            try:
                answer = self.components.answer(line)
            except DataError as error:
                raise _Lost(error.what) from None
            if isinstance(answer, Told):
                worker.since = time.monotonic()
                self.schedule.progressed(answer.key, answer.step)
            elif answer is not None:
                worker.held.pop(answer.key, None)
                worker.since = time.monotonic()
                self._measured(answer)
                yield from self._finished(answer)
        if code is not None:
            raise _Lost(f"its process ended with {_exit_words(code)}")
        worker.answer = worker.actor.exchange.remote([], _ANSWERED) if worker.held else None

    def _measured(self, outcome: Outcome) -> None:
        if outcome.status == "ok":
            self.took[_stage(self.schedule.words(outcome.key))].append(outcome.seconds)

    def _finished(self, outcome: Outcome) -> list[Outcome]:
        note = "; ".join(filter(None, (outcome.note, *self.notes)))
        self.notes.clear()
        return self.schedule.finish(dataclasses.replace(outcome, note=note) if note else outcome)

    def _overdue(self, worker: _Worker) -> _Lost | None:
        """Whether what a worker holds is past its time, and how."""
        now = time.monotonic()
        if not worker.held:
            return None
        if worker.node.id not in self.cluster.nodes:
            return _Lost(f"the node {worker.node.name} is gone", blamed=False)
        if not worker.ready and now - worker.started > self.cluster.wait:
            self.full[worker.node.id] = now
            return _Lost(f"the node {worker.node.name} started no worker within {self.cluster.wait:g} s", blamed=False)
        if now - worker.heard > max(self.policy.silence, self.cluster.wait if not worker.ready else 0.0):
            return _Lost(f"it gave no sign of life for {self.policy.silence:g} s")
        share = self._share()
        if share is not None and worker.memory > share:
            return _Lost(f"its process held {worker.memory:.0f} MiB, more than the {share:.0f} MiB of a worker (--memory)", "oom")
        if worker.ready and now - max(worker.since, worker.busy) > self.policy.idle:
            return _Lost(f"hung: for {self.policy.idle:g} s it used no processor and told nothing", "timeout")
        limit = self._limit(next(iter(worker.held)))
        waits = self.policy.timeout == "auto" and now - worker.busy > self.policy.idle / 2  # it will be found to hang
        if limit is not None and now - worker.since > limit and not waits:
            return _Lost(f"took more than {limit:g} s", "timeout")
        return None

    def _limit(self, key: str) -> float | None:
        """Seconds that a job may take."""
        if self.policy.timeout == "none":
            return None
        if self.policy.timeout != "auto":
            return self.policy.timeout
        expected = self.schedule.expected(key)
        return None if expected is None else max(self.policy.idle, _GENEROUS * expected)

    def _bury(self, worker: _Worker, lost: _Lost) -> Generator[Outcome, None, None]:
        """End a worker, and its job with it, unless that is to be tried again or to be found among several."""
        self._end([worker])
        self.workers.remove(worker)
        held = list(worker.held)
        if len(held) != 1:
            self._put_back(held)
            return
        key = held[0]
        counted, most = (self.deaths, self.policy.retries) if lost.blamed else (self.losses, _LOST_NODES)
        counted[key] += 1
        if lost.status == "timeout":
            yield from self._finished(Outcome(key, "timeout", lost.words))
        elif counted[key] <= most:
            self._put_back([key])
        else:
            words = f"{lost.words}, {counted[key]} times"
            yield from self._finished(Outcome(key, "oom" if lost.status == "oom" else "lost", words))

    def _put_back(self, keys: Sequence[str]) -> None:
        self.suspected.update(keys)
        self.schedule.put_back_alone(keys)

    def _end(self, workers: Iterable[_Worker]) -> None:
        import ray

        for worker in workers:
            with contextlib.suppress(ray.exceptions.RayError, ValueError):
                ray.kill(worker.actor, no_restart=True)  # the process that it holds sees its pipe close, and ends

    def _started(self, name: str, node: Node, gpus: float) -> _Worker:
        resources: dict[str, float] = {"num_cpus": self._cpus(node), "num_gpus": gpus}
        if (memory := self._memory()) is not None:
            resources["memory"] = int(memory * 2**20)
        variables = {**{name: value for name, value in os.environ.items() if name.startswith("W2S_BENCH_")},
                     **self.policy.environment()}
        actor = self.cluster.worker(node, self.command, variables, resources)
        worker = _Worker(name, node, gpus, self._cpus(node), actor)
        self.workers.append(worker)
        return worker

    def _memory(self) -> float | None:
        """MiB that a worker asks for: its share of what the policy gives, or what its jobs say that they take."""
        return self.memory if self._share() is None else self._share()

    def _share(self) -> float | None:
        """MiB that a worker may hold, where the policy says how much and how many workers there are."""
        memory, workers = self.policy.memory, self.policy.workers
        return None if isinstance(memory, str) or isinstance(workers, str) else memory / workers

    def _cpus(self, node: Node) -> float:
        return min(float(self.policy.threads), node.cpus)

    def _with_room(self, gpus: float) -> list[Node]:
        """Nodes on which a worker of so many GPUs may be started, those with the fewest first; an entry for each worker."""
        if self.policy.workers != "auto" and len(self.workers) >= self.policy.workers:
            return []
        left = math.inf if self.policy.workers == "auto" else self.policy.workers - len(self.workers)
        places: list[tuple[int, int, Node]] = []
        for number, node in enumerate(self.cluster.usable()):
            if node.id in self.full and time.monotonic() - self.full[node.id] < self.cluster.wait:
                continue
            there = sum(worker.node is node for worker in self.workers)
            places += [(there + more, number, node) for more in range(self._room(node, gpus))]
        places.sort(key=lambda place: place[:2])
        return [node for *_, node in (places if left == math.inf else places[:int(left)])]

    def _room(self, node: Node, gpus: float, without: Sequence[_Worker] = ()) -> int:
        """How many more workers of so many GPUs a node has room for; processors that its GPUs will need are not given away."""
        mine = [worker for worker in self.workers if worker.node is node and worker not in without]
        each = self._cpus(node)
        cpus, share = node.cpus - sum(worker.cpus for worker in mine), node.gpus - sum(worker.gpus for worker in mine)
        if not each:
            return 0
        if gpus:
            return max(0, min(math.floor(cpus / each), math.floor(share / gpus + 1e-9)))
        kept = math.floor(share / self.shares[0] + 1e-9) * each if self._gpu_shares() else 0.0
        return max(0, math.floor((cpus - kept) / each))

    def _gpus_here(self) -> bool:
        """Whether GPUs are asked for at all: the device is not the processor, and a node has one."""
        return self.policy.device != "cpu" and (self.policy.device.startswith("cuda")
                                                or any(node.gpus for node in self.cluster.nodes.values()))

    def _gpu_shares(self) -> list[float]:
        return self.shares if self._gpus_here() else []

    def _free_name(self, node: Node) -> str:
        taken = {worker.name for worker in self.workers}
        return next(name for number in itertools.count(1) if (name := f"{node.name} {number}") not in taken)

    def _despair(self) -> None:
        """Raise UsageError where nothing goes on, and nothing will."""
        if any(worker.held for worker in self.workers) or self.cluster.undecided():
            self.idle = time.monotonic()
            return
        usable, late = self.cluster.usable(), time.monotonic() - self.idle > self.cluster.wait
        if not usable:
            why = [f"{node.name}: {'; '.join(node.why)}" for node in self.cluster.nodes.values() if node.why]
            if why or late:
                raise UsageError("no node of the cluster can compute this run" if why else "the cluster has no node left",
                                 where=self.cluster.address, hint="\n  ".join(why) or "finished cells are kept")
        most = max(self._gpu_shares(), default=0.0)
        if usable and (late or all(node.id in self.full or node.gpus < most for node in usable)):
            what = gpus_in_words(most) if any(node.gpus < most for node in usable) else f"{self.policy.threads} CPUs"
            raise UsageError(f"no node offers {what}", where=self.cluster.address, hint=(
                f"{'; '.join(node.words() for node in usable)}; other runs may have taken it{_OF_GPUS if most else ''}"))


def _stage(words: str) -> str:
    return words.partition(" ")[0]


def _exit_words(code: int) -> str:
    return f"signal {-code}" + (" (perhaps out of memory)" if code == -9 else "") if code < 0 else f"exit code {code}"
