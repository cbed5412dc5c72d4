"""Which strategies can be fitted on which task and model, said before anything runs."""

from __future__ import annotations

from w2s_bench.contracts import Model, Output, OutputEntry, Preferences, Strategy, Task, can, declared, scored_as
from w2s_bench.contracts.errors import PluginError, nearest
from w2s_bench.contracts.kinds import Kind
from w2s_bench.registry import contract
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.component import Component
from w2s_bench.registry.measures import Measures

_SHOWN = 12
_OUTPUT = Kind("output", "outputs", OutputEntry, Output)


def check_output(registry: Registry, task: Component, instance: Task, measures: Measures) -> None:
    """Raise PluginError for an output that is none, or of no registered kind, or that the task's divergence does not score."""
    output, where = instance.output, f"the output of {task.name}"
    contract.check(_OUTPUT, output, where)
    kinds = [offer.entry.name for offer in registry.entries("outputs")]
    if output.kind not in kinds:
        raise PluginError(f"{where} is of the kind {output.kind!r}, which no plugin offers", hint=nearest(output.kind, kinds))
    allowed = [name for name, divergence in measures.divergences.items() if divergence.output == scored_as(output)]
    if instance.divergence not in allowed:
        has = f"{task.label} has {noun(registry, output.kind)} and the divergence {instance.divergence}"
        why = measures.why_left_out("divergences", instance.divergence)
        raise PluginError(f"{has}; {why}" if why else has, where=task.target,
                          hint=f"one of {', '.join(allowed) or 'none that is installed'}")


def noun(registry: Registry, kind: str) -> str:
    """What a kind of output is called in the plural."""
    return next((str(offer.entry.noun) for offer in registry.entries("outputs") if offer.entry.name == kind), "") or kind


def why_not(registry: Registry, cell: tuple[Component, Component, Component], task: Task, model: Model,
            strategy: Strategy) -> str:
    """Why a strategy cannot be fitted on a model for a task, in words; "" where it can.

    cell: the components of task, model and strategy.
    """
    of_task, of_model, of_strategy = cell
    columns = declared(task, "columns", None)
    if columns is not None and model.column and model.column not in columns:
        return f"{of_model.label} reads the input {model.column!r}, and {of_task.label} has {_listed(columns)}"
    if task.output.kind not in strategy.outputs:
        handled = " and ".join(sorted(noun(registry, kind) for kind in strategy.outputs)) or "nothing"
        return f"{of_strategy.label} fits {handled}, and {of_task.label} has {noun(registry, task.output.kind)}"
    if isinstance(task.output, Preferences) and can(model, "answers") and not declared(strategy, "unfitted", False):
        return f"{of_strategy.label} compares what a model reads in two, and {of_model.label} has one answer for both"
    if strategy.needs == "module":
        if not can(model, "module"):
            return f"{of_strategy.label} trains a network, and {of_model.label} offers none"
        if of_strategy.named("models"):
            return f"{of_strategy.label} reads the features of other models, and trains a network too"
    return ""


def _listed(columns: frozenset[str]) -> str:
    names = sorted(columns)
    return ", ".join(names[:_SHOWN]) + (f", … ({len(names)} in all)" if len(names) > _SHOWN else "")


def fitting(registry: Registry, output: str) -> str:
    """A hint that lists strategies for an output, by their tags."""
    names = sorted(found.entry.name for found in registry.entries("strategies") if output in found.entry.tags)
    return f"strategies for {noun(registry, output)}: {', '.join(names)}" if names else ""
