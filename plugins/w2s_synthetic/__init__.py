"""The synthetic study of Charikar, Pabbaraju, Shiragur (2024) in miniature: all is made from the seed."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import ModelEntry, Parameter, TaskEntry
from w2s_bench.hookspecs import hookimpl

SYNTHETIC = frozenset({"regression", "synthetic"})


@hookimpl
def w2s_tasks() -> Iterable[TaskEntry]:
    """A linear head on a random network."""
    yield TaskEntry(
        "mlp", "w2s_synthetic.task:RandomNetwork",
        summary="a random linear head on a random five-layer network of Gaussian inputs",
        tags=SYNTHETIC,
        parameters=(
            Parameter("task", int, 0, "which random head", low=0),
            Parameter("supervise", int, 500, "examples that teach the weak model", low=1),
            Parameter("transfer", int, 500, "examples that the weak model labels", low=1),
            Parameter("test", int, 500, "held-out examples", low=1),
            Parameter("scale", float, 500.0, "standard deviation of each input", low=0.0),
            Parameter("reuse", bool, False, "supervise and transfer are one sample, as published"),
        ),
    )


@hookimpl
def w2s_models() -> Iterable[ModelEntry]:
    """Networks that were taught other tasks of the same kind."""
    yield ModelEntry(
        "mlp-features", "w2s_synthetic.features:NetworkFeatures",
        summary="a network pretrained on other heads of the same random network, or that network itself",
        tags=SYNTHETIC,
        parameters=(
            Parameter("layers", int, 8, "linear layers, ReLU between them, when pretrained", low=2, high=32),
            Parameter("width", int, 16, "units in a hidden layer, when pretrained", low=1, high=1024),
            Parameter("tasks", int, 10, "heads to pretrain on", low=1),
            Parameter("samples", int, 500, "examples of each head", low=1),
            Parameter("epochs", int, 40, "passes over all pretraining examples", low=1),
            Parameter("lr", float, 1e-3, "learning rate of AdamW", low=0.0),
            Parameter("batch", int, 32, "examples in a step", low=1),
            Parameter("scale", float, 500.0, "standard deviation of each pretraining input", low=0.0),
            Parameter("source", str, "pretrained",
                      "pretrained; target: the true network; perturbed: that plus noise",
                      choices=("pretrained", "target", "perturbed")),
            Parameter("noise", float, 0.01, "standard deviation of the noise on each weight, when perturbed",
                      low=0.0),
        ),
    )
