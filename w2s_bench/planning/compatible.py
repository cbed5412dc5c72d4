"""Which strategies can be fitted on which task and model, said before anything runs."""

from __future__ import annotations

from collections.abc import Mapping

from w2s_bench.contracts import Divergence, Model, Strategy, Task, can
from w2s_bench.contracts.errors import PluginError
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.component import Component

_WORDS = {"regression": "numbers", "classes": "classes"}


def check_divergence(task: Component, instance: Task, offered: Mapping[str, Divergence]) -> None:
    """Raise PluginError for a divergence that the task's output cannot be scored by. offered: every divergence by its name."""
    allowed = [name for name, divergence in offered.items() if divergence.output == instance.output.kind]
    if instance.divergence not in allowed:
        raise PluginError(f"{task.label} has {_WORDS[instance.output.kind]} and the divergence {instance.divergence}",
                          where=task.target, hint=f"one of {', '.join(allowed)}")


def why_not(task: Component, model: Component, strategy: Component, output: str, model_instance: Model,
            strategy_instance: Strategy) -> str:
    """Why a strategy cannot be fitted on a model for a task, in words; "" where it can.

    output: kind of the task's output. strategy_instance: its `outputs` and `needs` are asked.
    """
    if output not in strategy_instance.outputs:
        handled = " and ".join(sorted(_WORDS.get(kind, kind) for kind in strategy_instance.outputs)) or "nothing"
        return f"{strategy.label} fits {handled}, and {task.label} has {_WORDS[output]}"
    if strategy_instance.needs == "module":
        if not can(model_instance, "module"):
            return f"{strategy.label} trains a network, and {model.label} offers none"
        if strategy.named("models"):
            return f"{strategy.label} reads the features of other models, and trains a network too"
    return ""


def fitting(registry: Registry, output: str) -> str:
    """A hint that lists strategies for an output, by their tags."""
    names = sorted(found.entry.name for found in registry.entries("strategies") if output in found.entry.tags)
    return f"strategies for {_WORDS[output]}: {', '.join(names)}" if names else ""
