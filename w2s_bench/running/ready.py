"""Jobs that are ready, by what they read that is large: where a worker goes on, where it begins, and what it takes there."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

Waiting = dict["Alike", deque[int]]
"""Numbers of ready jobs that go together, in the order in which they became ready."""


class At(NamedTuple):
    """What jobs read that is large: a task as a seed draws it, and a model on it."""

    load: str
    model: str


class Alike(NamedTuple):
    """What jobs that go together have in common: the number of their stage, the components that they name, and their group."""

    stage: int
    components: tuple[str, ...]
    group: str = ""


class Held:
    """Where workers are, by name: each is at the place from which it took its last jobs."""

    def __init__(self) -> None:
        self._at: dict[str, At] = {}
        self._loads: Counter[str] = Counter()
        self._places: Counter[At] = Counter()

    def of(self, worker: str) -> At | None:
        """Where a worker is."""
        return self._at.get(worker)

    def moves(self, worker: str, at: At) -> str | None:
        """Note that a worker is there now; the task that nobody is at any more, if there is one."""
        before = self._at.get(worker)
        self._at[worker] = at
        self._loads[at.load] += 1
        self._places[at] += 1
        if before is None:
            return None
        self._loads[before.load] -= 1
        self._places[before] -= 1
        if not self._places[before]:
            del self._places[before]
        if self._loads[before.load]:
            return None
        del self._loads[before.load]
        return before.load

    def by_others(self, load: str, worker: str) -> bool:
        """Whether another worker is at this task."""
        mine = self._at.get(worker)
        return self._loads[load] > (mine is not None and mine.load == load)

    def place_by_others(self, at: At, worker: str) -> bool:
        """Whether another worker is at this very place."""
        return self._places[at] > (self._at.get(worker) == at)


class Ready:
    """The ready jobs that ask the same of a machine. places: at how many places there are some."""

    def __init__(self) -> None:
        self.places = 0
        self._loads: dict[str, dict[str, Waiting]] = {}
        self._number: dict[str, int] = {}
        self._free: list[tuple[int, str]] = []
        self._shared: list[tuple[int, str]] = []

    def add(self, at: At, alike: Alike, number: int) -> None:
        """Take in a job that became ready."""
        if at.load not in self._loads:
            self._loads[at.load] = {}
            self._number[at.load] = number
            heapq.heappush(self._free, (number, at.load))
        models = self._loads[at.load]
        if at.model not in models:
            models[at.model] = {}
            self.places += 1
        models[at.model].setdefault(alike, deque()).append(number)

    def left(self, load: str) -> None:
        """Nobody is at this task any more."""
        if load in self._loads:
            heapq.heappush(self._free, (self._number[load], load))

    def going_on(self, worker: str, held: Held) -> At | None:
        """Where a worker goes on that is at a task with ready jobs: with the model that it has read, or with another one."""
        before = held.of(worker)
        if before is None or before.load not in self._loads:
            return None
        return before if before.model in self._loads[before.load] else self._model(before.load, worker, held)

    def beginning(self, worker: str, held: Held) -> tuple[bool, int, At] | None:
        """Where a worker begins: the first task in the plan at which no other is, or else the first; before that, whether another
        is there and the number of its first job."""
        free = self._first(self._free, lambda load: not held.by_others(load, worker), self._shared)
        found = free or self._first(self._shared, lambda load: True, [])
        return None if found is None else (free is None, found[0], self._model(found[1], worker, held))

    def waiting(self, at: At) -> Waiting:
        """What is ready at a place."""
        return self._loads[at.load][at.model]

    def emptied(self, at: At) -> None:
        """The last job of a place was taken."""
        self.places -= 1
        del self._loads[at.load][at.model]
        if not self._loads[at.load]:
            del self._loads[at.load], self._number[at.load]

    def _first(self, heap: list[tuple[int, str]], wanted: Callable[[str], bool], others: list[tuple[int, str]]
               ) -> tuple[int, str] | None:
        """The first of a heap that is ready and wanted; those before it that are ready go to the others."""
        while heap:
            number, load = heap[0]
            current = self._number.get(load) == number
            if current and wanted(load):
                return heap[0]
            heapq.heappop(heap)
            if current:
                heapq.heappush(others, (number, load))
        return None

    def _model(self, load: str, worker: str, held: Held) -> At:
        """The first model on a task at which no other worker is, or the first."""
        models = self._loads[load]
        free = (at for model in models if not held.place_by_others(at := At(load, model), worker))
        return next(free, At(load, next(iter(models))))
