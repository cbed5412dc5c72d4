"""Jobs become outcomes: computed together where their component can, stored one by one; no scheduling."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from w2s_bench.compute.batches import Made, at_most, by_what_they_read, tried
from w2s_bench.compute.faults import outcome_of
from w2s_bench.compute.recorded import about
from w2s_bench.compute.splits import without_truth
from w2s_bench.compute.stages import Stages
from w2s_bench.contracts import Outcome, can, declared
from w2s_bench.contracts.devices import asked
from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.errors import StoreError
from w2s_bench.planning.recipes import Fit, Job, Prepare, component_keys, leaves
from w2s_bench.registry.component import Component
from w2s_bench.store.artifacts import Artifact, Store


class _Together(NamedTuple):
    """Jobs of one run, and what the batch method of a component answers to them in their order, None or nothing for a job that
    is to be computed by itself."""

    jobs: Sequence[Job]
    answers: Iterable[Made | None]
    component: str
    method: str


class Workshop:
    """Computes jobs against one store, and keeps `memory` bytes at most of what it read for later ones.

    together: whether the component of the jobs at hand computes several of them in one call.
    """

    def __init__(self, store: Store, components: Mapping[str, Component], memory: int | None = None) -> None:
        self.store, self.components = store, components
        self.stages = Stages(store, components, memory)
        self.together = False

    def run(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Compute jobs that may be handed over together (same stage, same component); one outcome per job, each as soon as what
        it leaves is stored: whoever stops asking loses only the job in hand. Among objects that is done for several at once."""
        waiting: list[Outcome] = []
        with self.store.together():
            for outcome in self._each(jobs):
                waiting.append(outcome)
                if not self.store.waits:
                    yield from waiting
                    waiting = []
            yield from self._stored(waiting, {job.key: job for job in jobs})

    def _stored(self, waiting: Sequence[Outcome], jobs: Mapping[str, Job]) -> Sequence[Outcome]:
        """The outcomes of jobs when what they leave has been stored, or how that failed."""
        try:
            self.store.flush()
        except StoreError as error:
            return [outcome_of(error, job, self.named(job), outcome.seconds)
                    for outcome in waiting if (job := jobs[outcome.key])]
        return waiting

    def _each(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        for together in self._together(jobs):
            given = iter(together.answers)
            note = ""
            for job in together.jobs:
                started = time.perf_counter()
                artifact: Made | None = None
                with asked() as devices:
                    try:
                        artifact = next(given, None)
                    except StoreError as error:
                        artifact, given = error, itertools.repeat(error)
                    except (Exception, SystemExit) as error:
                        note, given = self._taken_apart(together, error), iter(())
                spent = time.perf_counter() - started
                outcome = self._finish(job, artifact, 0.0 if artifact is None else spent, len(together.jobs), devices)
                yield dataclasses.replace(outcome, note=note) if note else outcome
                note = ""

    def _together(self, jobs: Sequence[Job]) -> Iterator[_Together]:
        """Jobs in the runs in which a component computes them together, and what its batch method answers; nothing where it has
        none, and each job is to be computed by itself."""
        recipe = jobs[0].recipe
        key, method = (recipe.strategy, "fit_many") if isinstance(recipe, Fit) else (getattr(recipe, "model", ""), "prepare_many")
        made = tried(lambda: self.stages.instance(key)) if len(jobs) > 1 and isinstance(recipe, Fit | Prepare) else None
        self.together = made is not None and not isinstance(made, Exception) and can(made, method)
        if made is None or isinstance(made, Exception) or not self.together:
            yield _Together(jobs, (), key, method)
        elif isinstance(recipe, Prepare):
            yield _Together(jobs, self.stages.prepare_many(jobs), key, method)
        elif declared(made, "across_features", False):
            for several in at_most(jobs, self.stages.feature_bytes, self.stages.kept.limit):
                yield _Together(several, self.stages.fit_many(several), key, method)
        else:
            for several in by_what_they_read(jobs):
                yield _Together(several, self.stages.fit_many(several) if len(several) > 1 else (), key, method)

    def _taken_apart(self, together: _Together, error: BaseException) -> str:
        """What is said of a batch that failed as a whole: it is taken apart, so that only the guilty job pays."""
        component = self.components[together.component]
        fault = outcome_of(error, together.jobs[0], self.named(together.jobs[0]), 0.0)
        return (f"{together.method} of {component.label} ({component.plugin}) failed, and its jobs are computed one by one: "
                f"{fault.error}")

    def _finish(self, job: Job, artifact: Made | None, seconds: float, batch: int, devices: set[str]) -> Outcome:
        started = time.perf_counter()
        try:
            if isinstance(artifact, Exception):
                raise artifact
            if artifact is None:
                with asked() as devices:
                    artifact, batch = self.stages.compute(job), 1
            seconds += time.perf_counter() - started
            told = about(job, self.components, seconds, batch, devices)
            self._save(job, artifact, told)
            self.stages.forget(job)
            return Outcome(job.key, "ok", seconds=seconds, peak_memory=told["peak_memory"])
        except (Exception, SystemExit) as error:
            return outcome_of(error, job, self.named(job), seconds + time.perf_counter() - started)

    def _save(self, job: Job, artifact: Artifact, told: Mapping[str, Json]) -> None:
        """Store what a job leaves: the truth by itself, and first, so that a load that is there has its truth."""
        *truths, key = leaves(job)
        for truth_key in truths:
            artifact, truth = without_truth(artifact)
            self.store.save(truth_key, truth, about={**told, "truth_of": key})
            told = {**told, "truth": truth_key}
        self.store.save(key, artifact, about=told)

    def named(self, job: Job) -> list[Component]:
        """The components that a job names."""
        return [self.components[key] for key in component_keys(job.recipe)]
