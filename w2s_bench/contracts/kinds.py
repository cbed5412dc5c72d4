"""The kinds of thing that a plugin may add, each one small declaration: registry, names, parameters and `ls` serve all alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from w2s_bench.contracts.entries import (
    BoundEntry,
    CommandEntry,
    DescriptorsEntry,
    DivergenceEntry,
    ExecutorEntry,
    FigureEntry,
    LossEntry,
    MetricEntry,
    ModelEntry,
    OutputEntry,
    StrategyEntry,
    SuiteEntry,
    TaskEntry,
)
from w2s_bench.contracts.executors import Executor
from w2s_bench.contracts.figures import Figure
from w2s_bench.contracts.fitting import LOSS_CAPABILITIES, STRATEGY_CAPABILITIES, Loss, Strategy
from w2s_bench.contracts.measures import BOUND_CAPABILITIES, Bound, Divergence, Metric
from w2s_bench.contracts.models import MODEL_CAPABILITIES, TASK_CAPABILITIES, Model, Task


@dataclass(frozen=True)
class Kind:
    """plural: the word of `ls`, and of the hook `w2s_<plural>`. entry: what the hook yields.

    protocol: what a target must offer once it is made, None where it may be anything that can be called. called: whether
    a target is called with its parameters and gives the component; else it is the component. capabilities: what its
    components may declare that they can do, and the members that each word stands for.
    """

    name: str
    plural: str
    entry: type
    protocol: type | None = None
    called: bool = True
    capabilities: Mapping[str, type] = field(default_factory=dict)

    @property
    def hook(self) -> str:
        """Name of the hook by which a plugin offers entries."""
        return f"w2s_{self.plural}"


KINDS: tuple[Kind, ...] = (
    Kind("task", "tasks", TaskEntry, Task, capabilities=TASK_CAPABILITIES),
    Kind("model", "models", ModelEntry, Model, capabilities=MODEL_CAPABILITIES),
    Kind("strategy", "strategies", StrategyEntry, Strategy, capabilities=STRATEGY_CAPABILITIES),
    Kind("loss", "losses", LossEntry, Loss, capabilities=LOSS_CAPABILITIES),
    Kind("output", "outputs", OutputEntry, called=False),
    Kind("divergence", "divergences", DivergenceEntry, Divergence),
    Kind("metric", "metrics", MetricEntry, Metric),
    Kind("bound", "bounds", BoundEntry, Bound, capabilities=BOUND_CAPABILITIES),
    Kind("figure", "figures", FigureEntry, Figure),
    Kind("executor", "executors", ExecutorEntry, Executor),
    Kind("command", "commands", CommandEntry, called=False),
    Kind("descriptors", "descriptors", DescriptorsEntry, called=False),
    Kind("suite", "suites", SuiteEntry),
)

BY_PLURAL: Mapping[str, Kind] = {kind.plural: kind for kind in KINDS}
"""The kinds by the word that they are asked for."""
