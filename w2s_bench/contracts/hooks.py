"""The hooks that a plugin may implement. Register the plugin module under the entry-point group `w2s_bench`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pluggy

from w2s_bench.contracts.digests import Json
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

hookspec = pluggy.HookspecMarker("w2s_bench")
hookimpl = pluggy.HookimplMarker("w2s_bench")


@hookspec
def w2s_tasks() -> Iterable[TaskEntry]:
    """Tasks that this plugin offers.

    @hookimpl
    def w2s_tasks():
        yield TaskEntry("diabetes", "my_plugin.sets:Diabetes", tags=frozenset({"regression"}))
    """
    return ()


@hookspec
def w2s_models() -> Iterable[ModelEntry]:
    """Models that this plugin offers.

    @hookimpl
    def w2s_models():
        yield ModelEntry("raw", "my_plugin.models:Raw")
    """
    return ()


@hookspec
def w2s_strategies() -> Iterable[StrategyEntry]:
    """Fine-tuning strategies that this plugin offers.

    @hookimpl
    def w2s_strategies():
        yield StrategyEntry("ridge", "my_plugin.ridge:Ridge")
    """
    return ()


@hookspec
def w2s_losses() -> Iterable[LossEntry]:
    """Losses that this plugin offers to every strategy that trains by gradient.

    @hookimpl
    def w2s_losses():
        yield LossEntry("xent", "my_plugin.losses:CrossEntropy")
    """
    return ()


@hookspec
def w2s_outputs() -> Iterable[OutputEntry]:
    """Kinds of output that this plugin offers to tasks.

    @hookimpl
    def w2s_outputs():
        yield OutputEntry("ranking", "my_plugin.ranking:Ranking")
    """
    return ()


@hookspec
def w2s_divergences() -> Iterable[DivergenceEntry]:
    """Bregman divergences that this plugin offers to tasks.

    @hookimpl
    def w2s_divergences():
        yield DivergenceEntry("itakura-saito", "my_plugin.spectra:ItakuraSaito")
    """
    return ()


@hookspec
def w2s_metrics() -> Iterable[MetricEntry]:
    """Metrics that this plugin adds to every row that they apply to.

    @hookimpl
    def w2s_metrics():
        yield MetricEntry("accuracy", "my_plugin.metrics:Accuracy")
    """
    return ()


@hookspec
def w2s_bounds() -> Iterable[BoundEntry]:
    """Bounds that this plugin checks on every sample that they apply to.

    @hookimpl
    def w2s_bounds():
        yield BoundEntry("my-theorem", "my_plugin.theorem:MyTheorem")
    """
    return ()


@hookspec
def w2s_figures() -> Iterable[FigureEntry]:
    """Figures that this plugin can draw.

    @hookimpl
    def w2s_figures():
        yield FigureEntry("scatter", "my_plugin.scatter:Scatter")
    """
    return ()


@hookspec
def w2s_executors() -> Iterable[ExecutorEntry]:
    """Executors that this plugin offers to `run --executor`.

    @hookimpl
    def w2s_executors():
        yield ExecutorEntry("cluster", "my_plugin.cluster:Cluster")
    """
    return ()


@hookspec
def w2s_commands() -> Iterable[CommandEntry]:
    """Commands that this plugin adds to `w2s-bench`.

    @hookimpl
    def w2s_commands():
        yield CommandEntry("archive", "my_plugin.archive:command")
    """
    return ()


@hookspec
def w2s_descriptors() -> Iterable[DescriptorsEntry]:
    """Numbers of a text that a model may be pretrained on beside the text itself.

    @hookimpl
    def w2s_descriptors():
        yield DescriptorsEntry("rdkit", "my_plugin.molecules:descriptors")
    """
    return ()


@hookspec
def w2s_suites() -> Iterable[SuiteEntry]:
    """Named run specifications that this plugin ships.

    @hookimpl
    def w2s_suites():
        yield SuiteEntry("small", "a first look", toml=SMALL_TOML)
    """
    return ()


@hookspec
def w2s_run_started(run: str, cells: int, folder: Path) -> None:
    """Called once when a run starts; for logging only. Whatever an observer raises is named, and fails nothing.

    folder: the run's own, where an observer may add files of its own. An observer names the arguments that it wants.

    @hookimpl
    def w2s_run_started(run, cells): print(run, cells)
    """


@hookspec
def w2s_cell_finished(row: Mapping[str, Json], folder: Path) -> None:
    """Called for every finished cell with its row, which is a copy of the observer's own; for logging only.

    @hookimpl
    def w2s_cell_finished(row): print(row["cell_key"], row["status"])
    """


@hookspec
def w2s_run_finished(run: str, ok: int, cells: int, folder: Path) -> None:
    """Called once when a run ends; for logging only.

    @hookimpl
    def w2s_run_finished(run, ok, cells): print(run, ok, cells)
    """
