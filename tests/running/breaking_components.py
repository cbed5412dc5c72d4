"""Components that break in the ways of a stranger's, and an executor that spoils what it keeps."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import word_hooks
from made_components import Head, Lines, Projected
from stored import damage
from w2s_executors.here import Here
from word_hooks import DEGREE, LINES

from w2s_bench.contracts import (
    Array,
    Components,
    ExecutorEntry,
    FitProblem,
    ModelEntry,
    Outcome,
    Parameter,
    Policy,
    PrepareContext,
    Schedule,
    StoreError,
    StrategyEntry,
    hookimpl,
)

SPOILS = "W2S_TEST_SPOILS"
"""The environment variable with the file that says how many artifacts `Spoiling` damages."""


@dataclass(frozen=True)
class Breaking(Lines):
    """Fits nothing: it raises, where a reader of a traceback can find it."""

    def fit(self, problem: FitProblem) -> Head:
        raise RuntimeError(f"no fit for {problem.labels.source}")


@dataclass(frozen=True)
class Batched(Lines):
    """Fits one problem at a time; a batch raises as `fault` says."""

    fault: str = "raise"
    capabilities = frozenset({"untrained", "truth_share", "fit_many"})

    def fit_many(self, problems: list[FitProblem]) -> list[Any]:
        match self.fault:
            case "raise":
                raise RuntimeError("not all at once")
            case "exit":
                raise SystemExit("not all at once")
            case "store":
                raise StoreError("the disk is full")
            case _:
                return [self.fit(problem) for problem in problems[1:]]


@dataclass(frozen=True)
class PreparedTogether(Projected):
    """Prepares for one seed at a time; a batch raises."""

    capabilities = frozenset({"prepare", "prepare_many"})

    def prepare_many(self, contexts: list[PrepareContext]) -> list[dict[str, Array]]:
        raise RuntimeError("not all at once")


class Raising:
    """Computes until the first cell is scored, and raises."""

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]:
        for outcome in Here().run(schedule, components, store, policy):
            yield outcome
            if schedule.words(outcome.key).startswith("score"):
                raise ConnectionError("the cluster is gone")


class Leaving:
    """Computes what it is given first, and takes the rest for done."""

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]:
        for outcome in components.workbench(store).run(schedule.take()):
            yield from schedule.finish(outcome)


class Spoiling:
    """Computes everything, and damages an artifact of a fit of lines as soon as it is there: one a pass, so many in all."""

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]:
        number = Path(os.environ[SPOILS])
        left, spoilt = int(number.read_text()), False
        for outcome in Here().run(schedule, components, store, policy):
            if left and not spoilt and outcome.status == "ok" and schedule.words(outcome.key) == "fit lines":
                damage(Path(store), outcome.key)
                number.write_text(str(left - 1))
                spoilt = True
            yield outcome


w2s_tasks = word_hooks.w2s_tasks


@hookimpl
def w2s_models() -> list[ModelEntry]:
    width = Parameter("width", int, 2, "features")
    return [ModelEntry("letters", "made_components:Letters", parameters=(DEGREE,)),
            ModelEntry("prepared", f"{__name__}:PreparedTogether", parameters=(width,))]


@hookimpl
def w2s_strategies() -> list[StrategyEntry]:
    fault = Parameter("fault", str, "raise", "how a batch breaks", choices=("raise", "exit", "store", "short"))
    return [LINES, StrategyEntry("breaking", f"{__name__}:Breaking"),
            StrategyEntry("batched", f"{__name__}:Batched", parameters=(fault,))]


@hookimpl
def w2s_executors() -> list[ExecutorEntry]:
    return [ExecutorEntry(name, f"{__name__}:{name.capitalize()}") for name in ("raising", "leaving", "spoiling")]
