"""The process around what is computed in it: whatever a job changes that is not its own is seen at its end."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from w2s_bench.compute.faults import outcome_of
from w2s_bench.contracts import Outcome, PluginError
from w2s_bench.planning.groups import owners_of
from w2s_bench.planning.recipes import Job, component_keys
from w2s_bench.registry.component import Component
from w2s_bench.registry.process_state import changed_for_good, state
from w2s_bench.registry.put_back import putting_back

_SHOWN = 4


class Watch:
    """Of one process. components: by key, as the jobs name them; more may be added."""

    def __init__(self, components: Mapping[str, Component]) -> None:
        self._components = components
        self._before = state()

    def over(self, jobs: Sequence[Job], outcomes: Iterable[Outcome], together: Callable[[], bool] = lambda: False,
             ) -> Iterator[Outcome]:
        """The outcomes of a batch. One that comes with what was changed is the last that is asked for.

        together: whether a component computes the batch in one call, which has not ended before the last outcome.
        """
        left = {job.key: job for job in jobs}
        still = iter(outcomes)
        for outcome in still:
            job = left.pop(outcome.key)
            if not left:
                deque(still, maxlen=0)  # whoever computes several together has ended then
            found = self.after(job, last=not left) if not left or not together() else ""
            if found:
                yield dataclasses.replace(outcome, retires=f"{found}; no other job is computed in it")
                return
            yield outcome

    def after(self, job: Job, *, last: bool) -> str:
        """What was changed since nothing was, in words, "" for nothing: after a job of code of others; after one of the project's
        own where it is the last of its batch. What is left running counts after the last one alone.
        """
        foreign = bool(owners_of(job.recipe, self._components))
        if not (foreign or last):
            return ""
        now, found = changed_for_good(self._before, left=last)
        if found:
            return self._words(job, foreign, found)
        before, self._before = self._before, now
        if not last:
            self._before = dataclasses.replace(now, threads=before.threads, children=before.children)
        return ""

    def accept(self) -> None:
        """From now on what is other than now is a change."""
        self._before = state()

    def _words(self, job: Job, foreign: bool, found: tuple[str, ...]) -> str:
        named = [self._components[key] for key in component_keys(job.recipe)]
        guilty = [each for each in named if each.owners] if foreign else named[:1]
        who = " or ".join(f"{each.label} ({each.plugin})" for each in guilty)
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return f"{job.stage} of {who} changed its process: {', '.join(found[:_SHOWN])}{more}"


class Guarded:
    """Jobs in a process that goes on. What one changes is put back; where that cannot be done, code of other owners is not
    computed there any more, because its numbers might be others."""

    def __init__(self, components: Mapping[str, Component]) -> None:
        self._components, self._watch = components, Watch(components)
        self._spoilt, self._guilty = "", frozenset[str]()

    def over(self, jobs: Sequence[Job], compute: Callable[[Sequence[Job]], Iterable[Outcome]],
             together: Callable[[], bool] = lambda: False) -> Iterator[Outcome]:
        """The outcomes of a batch. together: as for a watch."""
        left = {job.key: job for job in jobs}
        if self._spoilt and owners_of(jobs[0].recipe, self._components) != self._guilty:
            yield from map(self._refused, jobs)
            return
        put_back = putting_back()
        still = iter(compute(jobs))
        for outcome in still:
            job = left.pop(outcome.key)
            if not left:
                deque(still, maxlen=0)
            found = self._watch.after(job, last=not left) if not left or not together() else ""
            if found:
                put_back()
                rest = self._watch.after(job, last=True)
                if rest:
                    self._watch.accept()
                    self._spoilt, self._guilty = rest, owners_of(job.recipe, self._components)
                outcome = dataclasses.replace(outcome, retires=self._said(found, rest))
            yield outcome

    def _said(self, found: str, rest: str) -> str:
        return f"{found}; {'code of other owners is not computed in it any more' if rest else 'it is put back'}"

    def _refused(self, job: Job) -> Outcome:
        error = PluginError(f"not computed: {self._spoilt}", hint="--executor local computes it in another process")
        return outcome_of(error, job, [self._components[key] for key in component_keys(job.recipe)], 0.0)
