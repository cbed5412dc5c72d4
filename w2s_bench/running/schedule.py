"""Which jobs are ready, which go together, and what falls with a job that failed. No processes."""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping

from w2s_bench.compute.faults import RUN
from w2s_bench.contracts import Demand, Fault, Outcome, Step, W2SError
from w2s_bench.planning.recipes import STAGES, Job, Stage, component_keys, described
from w2s_bench.registry.component import Component

_BATCH: Mapping[Stage, int] = {"load": 1, "prepare": 64, "embed": 1, "compare": 64, "fit": 512, "predict": 64, "score": 16}


class Schedule:
    """The jobs that remain. `todo` are keys whose upstream jobs are either done already or in `todo` too.

    steps: how far the jobs are that tell, and since when, by time.monotonic(). longest: the most seconds that jobs like one
    took, where that is known.
    """

    def __init__(self, jobs: Mapping[str, Job], todo: Iterable[str], components: Mapping[str, Component],
                 longest: Callable[[str], float | None] = lambda key: None) -> None:
        self.jobs, self.components, self.expected = jobs, components, longest
        self.steps: dict[str, tuple[Step, float]] = {}
        self.open = set(todo)
        self._missing = {key: {need for need in job.needs if need in self.open} for key, job in jobs.items() if key in self.open}
        self._dependents: dict[str, list[str]] = defaultdict(list)
        for key, needs in self._missing.items():
            for need in needs:
                self._dependents[need].append(key)
        self._ready: dict[Stage, dict[tuple[str, ...], deque[str]]] = {stage: defaultdict(deque) for stage in STAGES}
        self._alone: deque[str] = deque()
        for key in jobs:
            if key in self.open and not self._missing[key]:
                self._enqueue(key)

    def take(self, workers: int = 1, worker: str = "") -> list[str]:
        """Keys of the next jobs to hand over together: of one stage and one component, earlier stages first.

        [] when none is ready.
        """
        if self._alone:
            return [self._alone.popleft()]
        for stage in STAGES:
            groups = self._ready[stage]
            for group in list(groups):
                waiting = groups[group]
                size = min(_BATCH[stage], -(-len(waiting) // max(workers, 1)))
                batch = [waiting.popleft() for _ in range(size)]
                if not waiting:
                    del groups[group]
                if batch:
                    return batch
        return []

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
        self.open.discard(outcome.key)
        self.steps.pop(outcome.key, None)
        if outcome.status == "ok":
            for dependent in self._dependents.pop(outcome.key, []):
                if dependent in self.open:
                    self._missing[dependent].discard(outcome.key)
                    if not self._missing[dependent]:
                        self._enqueue(dependent)
            return [outcome]
        if outcome.fault is None:
            outcome = dataclasses.replace(outcome, fault=self._fault(outcome.key))
        fallen, pending = [outcome], [outcome.key]
        while pending:
            for dependent in self._dependents.pop(pending.pop(), []):
                if dependent in self.open:
                    self.open.discard(dependent)
                    fallen.append(dataclasses.replace(outcome, key=dependent, seconds=0.0, note="", ran=False))
                    pending.append(dependent)
        return fallen

    def progressed(self, key: str, step: Step) -> None:
        """Take note of how far a job is."""
        if key in self.open:
            self.steps[key] = step, time.monotonic()

    def demand(self, key: str) -> Demand:
        """What the job asks of the machine."""
        return Demand()

    def words(self, key: str) -> str:
        """The job in words: its stage and the components that it names."""
        return described(self.jobs[key].recipe, self.components)

    def _fault(self, key: str) -> Fault:
        """Where a job failed of which nothing is known but what it was."""
        recipe = self.jobs[key].recipe
        named = [self.components[each] for each in component_keys(recipe) if self.components[each].kind in RUN]
        plugins = dict.fromkeys(component.plugin for component in named)
        return Fault(recipe.stage, ", ".join(plugins), " ".join(component.label for component in named))

    def _enqueue(self, key: str) -> None:
        recipe = self.jobs[key].recipe
        self._ready[recipe.stage][component_keys(recipe)].append(key)
