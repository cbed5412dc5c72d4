"""What a plan refuses: the cells that cannot be fitted or scored, each reason once, with the number of its cells."""

from __future__ import annotations

from collections import Counter

from w2s_bench.contracts import declared
from w2s_bench.contracts.errors import UsageError
from w2s_bench.planning.asked import Asked
from w2s_bench.planning.compatible import fitting, why_not
from w2s_bench.registry.component import Component

_SHOWN = 12


class Refusals:
    """counts: cells that are left out, by the reason in words."""

    def __init__(self, asked: Asked) -> None:
        self.counts: Counter[str] = Counter()
        self._asked = asked
        self._hints: dict[str, None] = {}

    def possible(self, task: Component, model: Component, strategy: Component, role: str) -> bool:
        """Whether a strategy in a role, strategy or supervisor, can be fitted on a model for a task; if not, it is counted."""
        asked = self._asked
        reason = why_not(asked.registry, (task, model, strategy), asked.tasks[task.key], asked.models[model.key],
                         asked.strategies[strategy.key])
        if not reason:
            return True
        owner = ("weak" if role == "supervisor" else "strong") + " model" if reason.startswith(model.label) else role
        self.counts[f"the {owner} {reason}"] += 1
        output = asked.tasks[task.key].output.kind
        if output not in asked.strategies[strategy.key].outputs:
            self._hints[fitting(asked.registry, output)] = None
        return False

    def scored(self, task: Component, weak: Component, supervisor: Component) -> bool:
        """Whether the teacher's labels can be scored: those of probability 0 cannot where the divergence is infinite."""
        asked = self._asked
        model, divergence = asked.models[weak.key], asked.tasks[task.key].divergence
        if not declared(asked.strategies[supervisor.key], "unfitted", False):
            return True
        hard = declared(model, "answers", model.column) in asked.hard.get(task.key, ())
        if not hard or asked.measures.divergences[divergence].geometry != "entropic":
            return True
        self.counts[f"{weak.label} gives classes the probability 0 under {supervisor.label}, and {divergence}, which scores "
                    f"{task.label}, is infinite there"] += 1
        self._hints["score it by divergence=brier, a parameter of the task"] = None
        return False

    def error(self) -> UsageError:
        """Every pair that cannot be fitted, in one error."""
        lines = [f"{reason} ({count} cell{'s' if count > 1 else ''})" for reason, count in self.counts.items()]
        shown = lines[:_SHOWN] + ([f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else [])
        hints = [*filter(None, self._hints), "--skip-incompatible goes on without them"]
        return UsageError("\n  ".join(["these pairs cannot be fitted:", *shown]), hint="\n  ".join(hints))
