"""Tasks and models that are made from the seed: the settings of published theory."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import ModelEntry, Parameter, TaskEntry, hookimpl

requires_api = ">=1,<2"

SYNTHETIC = frozenset({"regression", "synthetic"})


@hookimpl
def w2s_tasks() -> Iterable[TaskEntry]:
    """A linear head on a random network, and linear targets of Gaussian and spherical inputs."""
    yield TaskEntry(
        "mlp", "w2s_synthetic.task:RandomNetwork",
        summary="a random linear head on a random five-layer network of Gaussian inputs",
        tags=SYNTHETIC,
        parameters=(
            Parameter("task", int, 0, "which random head", low=0, draw=True),
            Parameter("supervise", int, 500, "examples that teach the weak model", low=1),
            Parameter("transfer", int, 500, "examples that the weak model labels", low=1),
            Parameter("test", int, 500, "held-out examples", low=1),
            Parameter("scale", float, 500.0, "standard deviation of each input", low=0.0),
            Parameter("reuse", bool, False, "supervise and transfer are one sample, as published"),
            Parameter("unit_variance", bool, False, "labels have variance 1, whatever network the seed draws"),
        ),
    )
    yield from _linear_targets()
    yield _class_mixture()


def _linear_targets() -> Iterable[TaskEntry]:
    yield TaskEntry(
        "sphere", "w2s_synthetic.sphere:Sphere",
        summary="a linear function of inputs on the unit sphere, for random ReLU features",
        tags=SYNTHETIC,
        parameters=(
            Parameter("d", int, 16, "dimension of the inputs", low=2),
            Parameter("task", int, 0, "which linear function", low=0, draw=True),
            Parameter("supervise", int, 2048, "examples that teach the weak model", low=2),
            Parameter("transfer", int, 1024, "examples that the weak model labels", low=2),
            Parameter("test", int, 1024, "held-out examples", low=2),
        ),
    )
    yield TaskEntry(
        "spiked", "w2s_synthetic.spiked:Spiked",
        summary="the leading direction of Gaussian inputs, for random linear features",
        tags=SYNTHETIC,
        parameters=(
            Parameter("d", int, 512, "dimension of the inputs", low=2),
            Parameter("tail", float, 8.0, "variance of all other directions together; that of the target is 1", low=0.0),
            Parameter("decay", float, 0.0, "their variances fall as j to the power of minus this", low=0.0),
            Parameter("task", int, 0, "which direction", low=0, draw=True),
            Parameter("supervise", int, 1024, "examples that teach the weak model", low=2),
            Parameter("transfer", int, 512, "examples that the weak model labels", low=2),
            Parameter("test", int, 1024, "held-out examples", low=2),
        ),
    )
    yield TaskEntry(
        "correlated", "w2s_synthetic.correlated:Correlated",
        summary="a direction that weak and strong features share, with noisy labels",
        tags=SYNTHETIC,
        parameters=(
            Parameter("d", int, 128, "dimension of the inputs", low=2),
            Parameter("noise", float, 1.0, "variance of the noise on labels of supervise and transfer", low=0.0),
            Parameter("task", int, 0, "which draw of inputs and noise", low=0, draw=True),
            Parameter("supervise", int, 400, "examples that teach the weak model", low=2),
            Parameter("transfer", int, 400, "examples that the weak model labels", low=2),
            Parameter("test", int, 500, "held-out examples, without noise", low=2),
        ),
    )


def _class_mixture() -> TaskEntry:
    return TaskEntry(
        "class-mixture", "w2s_synthetic.class_mixture:ClassMixture",
        summary="classes whose true probabilities are a mixture of softmax heads of the inputs",
        tags=frozenset({"classes", "synthetic"}),
        parameters=(
            Parameter("d", int, 10, "dimension of the inputs", low=1),
            Parameter("classes", int, 3, "number of classes", low=2),
            Parameter("heads", int, 5, "softmax heads that the truth mixes; 1: the truth is one such head", low=1),
            Parameter("sharpness", float, 4.0, "standard deviation of a head's logits", low=0.0),
            Parameter("seen", int, 5, "coordinates in the column `seen`, for a weak model", low=1),
            Parameter("labels", str, "probabilities", "the truth: the probabilities, or a class drawn from them",
                      choices=("probabilities", "sampled")),
            Parameter("task", int, 0, "which mixture", low=0, draw=True),
            Parameter("supervise", int, 1000, "examples that teach the weak model", low=2),
            Parameter("transfer", int, 1000, "examples that the weak model labels", low=2),
            Parameter("test", int, 2000, "held-out examples", low=2),
        ),
    )


@hookimpl
def w2s_models() -> Iterable[ModelEntry]:
    """Networks that were taught other tasks of the same kind, and subspaces of the inputs."""
    yield ModelEntry(
        "mlp-features", "w2s_synthetic.features:NetworkFeatures",
        summary="a network pretrained on other heads of the same random network, or that network itself",
        tags=SYNTHETIC, libraries=("numba",),
        parameters=(
            Parameter("layers", int, 8, "linear layers, ReLU between them, when pretrained", low=1, high=32),
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
    yield ModelEntry(
        "subspace", "w2s_synthetic.subspace:Subspace",
        summary="a subspace of the inputs of the task correlated, one side of a pair of chosen overlap",
        tags=SYNTHETIC,
        parameters=(
            Parameter("side", str, "weak", "which side of the pair", choices=("weak", "strong")),
            Parameter("dim", int, 16, "dimension of the subspace", low=1),
            Parameter("overlap", float, 1.0, "sum of cos² of the angles between the two sides, the same on both", low=1.0),
            Parameter("alignment", float, 1.0, "cos² of the angle of each shared direction but the first",
                      low=0.01, high=1.0),
        ),
    )
