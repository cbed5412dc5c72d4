"""Which jobs are ready, which go together, and what falls with a job that failed. No processes.

Depth first by what is loaded: a worker goes on with the task, seed and model that it has read until no job that reads them is
ready, so that each of them is read once. Within one place earlier stages go first, so that they are one batch. Jobs that gain by
a batch across places are gathered, and go when there is nothing else to do, or when they fill a batch.
"""

from __future__ import annotations

import dataclasses
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from w2s_bench.compute.faults import RUN
from w2s_bench.contracts import Demand, Fault, Outcome, Step, W2SError, declared
from w2s_bench.planning.gathering import NOTHING, Gathering
from w2s_bench.planning.groups import OWN, group_of
from w2s_bench.planning.recipes import (
    STAGES,
    Also,
    Compare,
    Embed,
    Fit,
    Job,
    Load,
    Predict,
    Prepare,
    Score,
    Stage,
    component_keys,
    described,
)
from w2s_bench.registry.component import Component
from w2s_bench.running.ready import Alike, At, Held, Ready, Waiting

_BATCH: Mapping[Stage, int] = {"load": 1, "prepare": 64, "embed": 64, "compare": 64, "fit": 512, "predict": 64, "score": 64}
_STAGE = {stage: number for number, stage in enumerate(STAGES)}


class Schedule:
    """The jobs that remain. `todo` are keys whose upstream jobs are either done already or in `todo` too.

    open: keys of the jobs that have not ended, and the number of each in the order of the plan. steps: how far the jobs are that
    tell, and since when, by time.monotonic(). longest: the most seconds that jobs like one took, where that is known. told: is
    called when a job has told how far it is.
    """

    def __init__(self, jobs: Mapping[str, Job], todo: Iterable[str], components: Mapping[str, Component],
                 gathering: Gathering = NOTHING, longest: Callable[[str], float | None] = lambda key: None,
                 told: Callable[[], object] = lambda: None) -> None:
        self.jobs, self.components, self.gathering, self.expected = jobs, components, gathering, longest
        self.steps: dict[str, tuple[Step, float]] = {}
        self._told = told
        wanted = set(todo)
        self._keys = [key for key in jobs if key in wanted]
        self.open = {key: number for number, key in enumerate(self._keys)}
        self._missing, self._first, self._dependents = _edges(jobs, self.open)
        self._ready: dict[tuple[Demand, str], Ready] = {}
        self._gathered: Waiting = {}
        self._alone: deque[str] = deque()
        self._held = Held()
        self._demands: dict[str, Demand] = {}
        self._shares: dict[str, float] = {}
        for number in range(len(self._keys)):
            if not self._missing[number]:
                self._enqueue(number)

    def take(self, workers: int = 1, worker: str = "", most: Demand | None = None, group: str | None = None) -> list[str]:
        """Keys of the next jobs to hand over together, of one stage, component and group, shared out among so many free workers.

        worker: a name of who computes them, who is given what rests on what it has read already. most: what a job may ask for at
        most. group: of which alone. [] when none is ready.
        """
        for key in self._alone:
            if _within(self.demand(key), most) and group in (None, self.group(key)):
                self._alone.remove(key)
                return [key]
        gathered = [alike for alike, waiting in self._gathered.items()
                    if group in (None, alike.group) and _within(self.demand(self._keys[waiting[0]]), most)]
        full = next((alike for alike in gathered if len(self._gathered[alike]) >= _most(alike)), None)
        found = None if full else self._chosen(worker, most, group)
        if found is not None:
            return self._taken_at(*found, workers, worker)
        alike = full or next(iter(gathered), None)
        return [] if alike is None else self._batch(self._gathered, alike, workers)

    def _chosen(self, worker: str, most: Demand | None, group: str | None) -> tuple[Ready, At] | None:
        """Where a worker goes on: with what it has read, else where no other worker is, else beside another; None where nothing
        is ready. One that offers GPUs begins with what asks for most."""
        within = [(demand, ready) for (demand, theirs), ready in self._ready.items()
                  if ready.places and group in (None, theirs) and _within(demand, most)]
        for _, ready in within:
            at = ready.going_on(worker, self._held)
            if at is not None:
                return ready, at
        begins = [(found[0], demand.gpus if most else 0.0, found[1], ready, found[2]) for demand, ready in within
                  if (found := ready.beginning(worker, self._held)) is not None]
        if not begins:
            return None
        *_, ready, at = min(begins, key=lambda each: (each[0], -each[1], each[2]))
        return ready, at

    def _taken_at(self, ready: Ready, at: At, workers: int, worker: str) -> list[str]:
        left = self._held.moves(worker, at)
        if left is not None:
            for each in self._ready.values():
                each.left(left)
        place = ready.waiting(at)
        many = sum(each.places for each in self._ready.values()) >= workers
        batch = self._batch(place, min(place), 1 if many else workers)
        if not place:
            ready.emptied(at)
        return batch

    def put_back_alone(self, keys: Iterable[str]) -> None:
        """Jobs of a batch that was lost: each is tried by itself, so that only the guilty one pays."""
        self._alone.extend(keys)

    def finish(self, outcome: Outcome) -> list[Outcome]:
        """Take note of an outcome; returns it with those of the jobs that can no longer be computed.

        Raises W2SError for the outcome of no job that is open: the sources changed, and the keys with them.
        """
        if outcome.key not in self.open:
            raise W2SError("the sources of w2s-bench changed since the run was planned",
                           hint="run the same command again; finished cells are kept")
        number = self.open.pop(outcome.key)
        self.steps.pop(outcome.key, None)
        if outcome.status == "ok":
            for dependent in self._resting_on(number):
                self._missing[dependent] -= 1
                if not self._missing[dependent] and self._keys[dependent] in self.open:
                    self._enqueue(dependent)
            return [outcome]
        if outcome.fault is None:
            outcome = dataclasses.replace(outcome, fault=self._fault(outcome.key))
        fallen, pending = [outcome], [number]
        while pending:
            for dependent in self._resting_on(pending.pop()):
                key = self._keys[dependent]
                if self.open.pop(key, None) is not None:
                    fallen.append(dataclasses.replace(outcome, key=key, seconds=0.0, note="", ran=False))
                    pending.append(dependent)
        return fallen

    def progressed(self, key: str, step: Step) -> None:
        """Take note of how far a job is."""
        if key in self.open:
            self.steps[key] = step, time.monotonic()
            self._told()

    def told_in_words(self) -> dict[str, Step]:
        """How far the jobs are that tell, by what each of them is."""
        return {self.words(key): step for key, (step, _) in list(self.steps.items())}

    def demand(self, key: str) -> Demand:
        """What the job asks of the machine."""
        match self.jobs[key].recipe:
            case Prepare(model=component) | Embed(model=component) | Fit(strategy=component) | Predict(strategy=component):
                if component not in self._demands:
                    self._demands[component] = declared(self.components[component].create(), "demand", Demand())
                return self._demands[component]
        return Demand()

    def group(self, key: str) -> str:
        """Whose code the job runs, and whether that may know the truth; "" where nothing is kept apart."""
        return group_of(self.jobs[key].recipe, self.components, self._truth_share) if self.gathering.apart else OWN

    def _truth_share(self, strategy: str) -> float:
        if strategy not in self._shares:
            self._shares[strategy] = float(declared(self.components[strategy].create(), "truth_share", 0.0))
        return self._shares[strategy]

    def words(self, key: str) -> str:
        """The job in words: its stage and the components that it names."""
        return described(self.jobs[key].recipe, self.components)

    def _fault(self, key: str) -> Fault:
        """Where a job failed of which nothing is known but what it was."""
        recipe = self.jobs[key].recipe
        named = [self.components[each] for each in component_keys(recipe) if self.components[each].kind in RUN]
        plugins = dict.fromkeys(component.plugin for component in named)
        return Fault(recipe.stage, ", ".join(plugins), " ".join(component.label for component in named))

    def _resting_on(self, number: int) -> array[int]:
        return self._dependents[self._first[number]:self._first[number + 1]]

    def _enqueue(self, number: int) -> None:
        recipe = self.jobs[self._keys[number]].recipe
        alike = self._alike(self._keys[number])
        if recipe.stage in ("fit", "prepare") and alike.components[-1] in self.gathering.across:
            self._gathered.setdefault(alike, deque()).append(number)
            return
        job = self.jobs[self._keys[number]]
        self._ready.setdefault((self.demand(job.key), alike.group), Ready()).add(place_of(job, self.gathering), alike, number)

    def _alike(self, key: str) -> Alike:
        recipe = self.jobs[key].recipe
        components = component_keys(recipe)
        if isinstance(recipe, Embed):
            components = tuple(self.gathering.passes.get(key, key) for key in components)
        return Alike(_STAGE[recipe.stage], components, self.group(key))

    def _batch(self, place: Waiting, alike: Alike, workers: int) -> list[str]:
        waiting = place[alike]
        size = min(_most(alike), len(waiting) if STAGES[alike.stage] == "embed" else -(-len(waiting) // max(workers, 1)))
        batch = [self._keys[waiting.popleft()] for _ in range(size)]
        if not waiting:
            del place[alike]
        return batch


def place_of(job: Job, gathering: Gathering = NOTHING) -> At:
    """What a job reads that is large, where models of one pass are one. What a load leaves is read by what comes next; a model
    that is made from no task is a place of its own for each seed."""
    recipe = job.recipe
    match recipe:
        case Load():
            return At(job.key, "")
        case Prepare():
            return At(recipe.load or f"{recipe.model}:{recipe.seed}", recipe.model)
        case Embed():
            return At(recipe.load, gathering.passes.get(recipe.model, recipe.model))
        case Fit() | Predict():
            return At(recipe.load, recipe.embeds[0] if recipe.embeds else recipe.model or "")
        case Score() | Also():
            return At(recipe.load, recipe.embed or recipe.student)
        case Compare():
            return At(recipe.load, recipe.embed)


def _most(alike: Alike) -> int:
    return _BATCH[STAGES[alike.stage]]


def _within(demand: Demand, most: Demand | None) -> bool:
    if most is None:
        return True
    return demand.gpus <= most.gpus and (demand.memory is None or most.memory is None or demand.memory <= most.memory)


def _edges(jobs: Mapping[str, Job], number_of: Mapping[str, int]) -> tuple[array[int], array[int], array[int]]:
    """Of the jobs that have numbers: how many others each waits for; and where in the last array those begin that wait for it.

    Arrays of numbers, because a plan has millions of jobs.
    """
    missing, first = array("i", bytes(4 * len(number_of))), array("q", bytes(8 * (len(number_of) + 1)))
    needs = [[number_of[need] for need in jobs[key].needs if need in number_of] for key in number_of]
    for number, needed in enumerate(needs):
        missing[number] = len(needed)
        for need in needed:
            first[need + 1] += 1
    for number in range(len(number_of)):
        first[number + 1] += first[number]
    dependents, at = array("i", bytes(4 * first[-1])), array("q", first)
    for number, needed in enumerate(needs):
        for need in needed:
            dependents[at[need]] = number
            at[need] += 1
    return missing, first, dependents
