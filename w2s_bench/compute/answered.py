"""Every job is answered for, whatever the code of a plugin raises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from w2s_bench.compute.faults import outcome_of
from w2s_bench.contracts import Outcome
from w2s_bench.planning.recipes import Job

if TYPE_CHECKING:
    from w2s_bench.compute.workshop import Workshop


def answered(workshop: Workshop, jobs: Sequence[Job], passes: tuple[type[BaseException], ...] = ()) -> Iterator[Outcome]:
    """One outcome per job. What is raised past the workshop, such as KeyboardInterrupt, is the job's own, but for what passes.

    Jobs of a batch that raised so are computed one by one, so that only the guilty one pays.
    """
    left = {job.key: job for job in jobs}
    outcomes = workshop.run(jobs)
    while left:
        try:
            outcome = next(outcomes)
        except passes:
            raise
        except BaseException as error:
            if len(left) > 1:
                for job in left.values():
                    yield from answered(workshop, [job], passes)
            else:
                for job in left.values():
                    yield outcome_of(error, job, workshop.named(job), 0.0)
            return
        left.pop(outcome.key, None)
        yield outcome
