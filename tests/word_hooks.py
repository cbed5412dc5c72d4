"""The task, the model and the strategy of words that plugins of strangers in tests offer beside their own."""

from __future__ import annotations

from w2s_bench.contracts import ModelEntry, Parameter, StrategyEntry, TaskEntry, hookimpl

DEGREE = Parameter("degree", int, 1, "powers of the length")
LINES = StrategyEntry("lines", "made_components:Lines")


@hookimpl
def w2s_tasks() -> list[TaskEntry]:
    return [TaskEntry("words", "made_components:Words")]


@hookimpl
def w2s_models() -> list[ModelEntry]:
    return [ModelEntry("letters", "made_components:Letters", parameters=(DEGREE,))]
