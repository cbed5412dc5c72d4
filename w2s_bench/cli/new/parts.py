"""What a new plugin may hold: a component of each kind, what its file takes and what its hook imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """contracts: names that the hook of this kind imports from the contracts. needs: distributions that its file imports.

    own: what the package imports from that file at once.
    """

    contracts: tuple[str, ...]
    needs: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


PARTS: Mapping[str, Part] = {
    "task": Part(("TaskEntry",), ("numpy",)),
    "model": Part(("ModelEntry", "Parameter"), ("numpy",)),
    "strategy": Part(("Parameter", "StrategyEntry"), ("numpy",)),
    "loss": Part(("LossEntry", "Parameter"), ("torch",)),
    "metric": Part(("MetricEntry",), ("numpy",)),
    "bound": Part(("BoundEntry",), ("numpy",)),
    "divergence": Part(("DivergenceEntry",), ("numpy",)),
    "figure": Part(("FigureEntry",), ("altair",)),
    "executor": Part(("ExecutorEntry", "Parameter"), ("threadpoolctl",)),
    "command": Part(("CommandEntry",), ("click", "polars")),
    "suite": Part(("SuiteEntry",), own=("study",)),
    "observer": Part((), own=("w2s_cell_finished as w2s_cell_finished", "w2s_run_finished as w2s_run_finished")),
}
"""By the word of `--kind`; the folder of templates has the same name. An observer is no kind of entry: it only listens."""
