"""The synthetic study of Charikar, Pabbaraju, Shiragur (2024) as specs: their sizes, budgets and optimiser, panel by panel.

Student and teacher have heads of one kind: the published ones (AdamW on raw features) or exact ones. reuse=true lets the
weak model label the very inputs that taught it, as published; reuse=false draws fresh ones, as Theorem 2 wants.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

STEPS = 10_000
"""Passes over one pretraining task's inputs, shared out among the tasks: ten tasks get 1,000 epochs, as published."""


@dataclass(frozen=True)
class Budget:
    """How much of the study is run. tasks: number of new heads; few: the same for panels with many models.

    inputs: examples of each task; steps: as STEPS; head_epochs: of an AdamW head. taught: numbers of pretraining tasks.
    layers, epochs: of the weak models of weak-family. transfer: sizes of paper-finite-sample. seeds, sizes_seeds: of cells.
    suffix: what the name of a run ends with.
    """

    tasks: int = 100
    few: int = 20
    inputs: int = 2000
    steps: int = STEPS
    head_epochs: int = 1000
    taught: tuple[int, ...] = (1, 2, 5, 10, 20, 50, 100)
    layers: tuple[int, ...] = (1, 2, 3, 4)
    epochs: tuple[int, ...] = (10, 100, 1000)
    transfer: tuple[int, ...] = tuple(2**power for power in range(4, 13))
    seeds: str = "0..4"
    sizes_seeds: str = "0..7"
    suffix: str = ""


FULL = Budget()
QUICK = Budget(tasks=5, few=3, inputs=500, steps=400, head_epochs=100, taught=(1, 10, 40), layers=(1, 2), epochs=(4, 40),
               transfer=(16, 128, 1024), seeds="0..1", sizes_seeds="0..1", suffix="-quick")


def paper_synthetic(budget: Budget) -> str:
    """The panels pretrained, realizable, perturbed, pretraining-tasks and weak-family."""
    weak, strong = _pretrained(2, 10, budget), _pretrained(8, 10, budget)
    many, few = (f"mlp[task=0..{n - 1},supervise={budget.inputs},transfer={budget.inputs},test={budget.inputs},"
                 "reuse=[true,false]]" for n in (budget.tasks, budget.few))
    blocks = [
        *_panel("pretrained", many, [weak], [strong], budget),
        *_panel("realizable", many, [weak], ["mlp-features[source=target]"], budget),
        *_panel("perturbed", many, ["mlp-features[source=perturbed,noise=0.05]"], ["mlp-features[source=perturbed,noise=0.01]"],
                budget),
    ]
    for taught in budget.taught:
        blocks += _panel("pretraining-tasks", few, [_pretrained(2, taught, budget)], [_pretrained(8, taught, budget)], budget)
    family = (f"mlp-features[layers={_listed(budget.layers)},tasks=10,samples={budget.inputs},"
              f"epochs={_listed(budget.epochs)}]")
    blocks += _panel("weak-family", few, [family], [strong], budget)
    return _spec(f"paper-synthetic{budget.suffix}", blocks)


def paper_finite_sample(budget: Budget) -> str:
    """Transfer sets of many sizes, fresh inputs, weak-to-strong and strong-to-weak."""
    tasks = (f"mlp[task=0..{budget.few // 4},supervise={budget.inputs},transfer={_listed(budget.transfer)},"
             f"test={budget.inputs}]")
    models = ["mlp-features[source=target]", _pretrained(2, 10, budget), _pretrained(8, 10, budget)]
    blocks = [_matrix("finite-sample", tasks, head, budget.sizes_seeds, {"models": models}) for head in _heads(budget)]
    return _spec(f"paper-finite-sample{budget.suffix}", blocks)


def _pretrained(layers: int, tasks: int, budget: Budget) -> str:
    return f"mlp-features[layers={layers},tasks={tasks},samples={budget.inputs},epochs={budget.steps // tasks}]"


def _heads(budget: Budget) -> tuple[str, str]:
    return f"adamw-head[epochs={budget.head_epochs},standardise=false]", "least-squares"


def _panel(panel: str, tasks: str, weak: Sequence[str], strong: Sequence[str], budget: Budget) -> Iterator[str]:
    for head in _heads(budget):
        yield _matrix(panel, tasks, head, budget.seeds, {"weak": weak, "strong": strong})


def _matrix(panel: str, tasks: str, head: str, seeds: str, sides: dict[str, Sequence[str]]) -> str:
    fields = {"panel": panel, "tasks": [tasks], **sides, "strategies": [head], "supervisors": [head], "seeds": seeds}
    return "[[matrix]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())


def _spec(name: str, blocks: Sequence[str]) -> str:
    return "\n".join([f"name = {json.dumps(name)}\nreferences = [\"shuffled\"]\n", *blocks])


def _listed(values: Sequence[int]) -> str:
    return "[" + ",".join(map(str, values)) + "]"
