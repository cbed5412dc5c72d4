"""Strategies that say on which node of a cluster they compute, and how they are to break."""

from __future__ import annotations

import ctypes
import os
import time
from dataclasses import dataclass

import word_hooks
from made_components import Head, Lines
from word_hooks import LINES

from w2s_bench.contracts import Demand, FitProblem, Parameter, StrategyEntry, hookimpl

MARKS, NODE = "W2S_TEST_MARKS", "W2S_TEST_NODE"
"""Environment variables: the file to which every fit adds a line, of the node, the GPUs that it sees, and the process; and the
name of the node, of whatever was started on it."""


def mark(what: str = "") -> None:
    with open(os.environ[MARKS], "a", encoding="utf-8") as file:
        file.write(f"{os.environ[NODE]} [{os.environ.get('CUDA_VISIBLE_DEVICES', '')}] {what} {os.getpid()}\n")


@dataclass(frozen=True)
class Marked(Lines):
    """Takes so many seconds, says where it is, and asks for so many GPUs."""

    seconds: float = 0.0
    gpus: float = 0.0
    fault: str = ""
    capabilities = frozenset({*Lines.capabilities, "demand"})

    @property
    def demand(self) -> Demand:
        return Demand(gpus=self.gpus)

    def fit(self, problem: FitProblem) -> Head:
        if problem.labels.source == "weak" and self.fault == "hang":
            time.sleep(600)
        if problem.labels.source == "weak" and self.fault == "crash":
            mark("crash")
            ctypes.string_at(0)
        time.sleep(self.seconds)
        mark()
        return super().fit(problem)


w2s_tasks, w2s_models = word_hooks.w2s_tasks, word_hooks.w2s_models


@hookimpl
def w2s_strategies() -> list[StrategyEntry]:
    seconds = Parameter("seconds", float, 0.0, "that a fit takes", role="speed")
    gpus = Parameter("gpus", float, 0.0, "that a fit asks for", role="speed")
    fault = Parameter("fault", str, "", "how it breaks", choices=("", "hang", "crash"))
    return [LINES, StrategyEntry("marked", f"{__name__}:Marked", parameters=(seconds, gpus, fault))]
