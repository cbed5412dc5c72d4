"""The executor `here`: one job after another in this process, so that a debugger or a profiler sees it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator, Iterator, Mapping

from w2s_bench.contracts import Components, Outcome, Policy, Schedule, Step, UsageError, listening


class Here:
    """A job that kills this process ends the run; the same command resumes it."""

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]:
        """Compute every job, upstream first. Raises UsageError for a policy that takes other processes."""
        asked = {"--jobs": policy.workers not in (1, "auto"), "--timeout": not isinstance(policy.timeout, str),
                 "--memory": not isinstance(policy.memory, str), "--gpus": bool(policy.gpus)}
        if any(asked.values()):
            raise UsageError("the executor here computes in this process: it has one worker, and cannot end a job that overruns",
                             where=next(option for option in asked if asked[option]),
                             hint="leave the option out, or take --executor local")
        with _environment(policy.environment()), _threads(policy.threads):
            workbench = components.workbench(store)
            while batch := schedule.take(worker="here"):
                waiting = dict.fromkeys(batch)

                def told(step: Step, waiting: dict[str, None] = waiting) -> None:
                    schedule.progressed(next(iter(waiting)), step)

                with listening(told):
                    for outcome in workbench.run(batch):
                        waiting.pop(outcome.key, None)
                        yield from schedule.finish(outcome)


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _threads(number: int) -> Iterator[None]:
    """What was imported before read the environment then, so it is told once more; numba, when it is imported later."""
    from threadpoolctl import threadpool_limits

    torch, numba = sys.modules.get("torch"), sys.modules.get("numba")
    of_torch = torch.get_num_threads() if torch else 0
    of_numba = numba.get_num_threads() if numba else 0
    with threadpool_limits(number):
        if torch:
            torch.set_num_threads(number)
        if numba:
            numba.set_num_threads(min(number, numba.config.NUMBA_NUM_THREADS))
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(of_torch)
            if numba:
                numba.set_num_threads(of_numba)
