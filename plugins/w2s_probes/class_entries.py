"""What the plugin registers for classes on frozen features."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import Parameter, StrategyEntry

CLASSES = frozenset({"classes"})
BOTH = frozenset({"classes", "regression"})
PREFERENCES = frozenset({"preferences"})


def class_strategies() -> Iterable[StrategyEntry]:
    """Softmax heads and mixtures of them, a perceptron for any loss, and nearest neighbours."""
    yield StrategyEntry(
        "logistic", "w2s_probes.logistic:Logistic",
        summary="logistic regression, a softmax head for many classes: solved to a gradient norm, on the CPU in float64",
        tags=CLASSES | PREFERENCES,
        parameters=(
            Parameter("penalty", float, 0.03, "weight of ‖W‖²/2 beside the mean cross-entropy; "
                      "auto: chosen by cross-validation on the labels it is given", low=0.0, words=("auto",)),
            Parameter("tolerance", float, 1e-8, "gradient norm to reach, in nats a unit of weight", low=1e-13, high=1e-2),
        ),
    )
    yield StrategyEntry(
        "reverse-kl", "w2s_probes.reverse_kl:ReverseKLHeads",
        summary="a mixture of k softmax heads that minimises KL(student ‖ weak), the class of the misfit law",
        tags=CLASSES | PREFERENCES, libraries=("scipy",),
        parameters=(
            Parameter("k", int, 10, "heads in the mixture", low=1, high=1000),
            Parameter("penalty", float, 1e-3, "weight of the heads' mean ‖W‖²/2 beside the divergence", low=0.0),
        ),
    )
    yield StrategyEntry(
        "mlp-head", "w2s_probes.mlp_head:MlpHead",
        summary="a perceptron trained with AdamW on any loss, on the CPU whatever --device says",
        tags=BOTH | PREFERENCES, libraries=("torch",),
        parameters=(
            Parameter("loss", str, "xent", "what training minimises", names="losses"),
            Parameter("hidden", int, 256, "units in a hidden layer; 0: a linear head", low=0, high=65_536),
            Parameter("layers", int, 1, "hidden layers; 0: a linear head", low=0, high=16),
            Parameter("epochs", int, 50, "passes over the labels", low=1, high=100_000),
            Parameter("lr", float, 1e-3, "learning rate", low=0.0),
            Parameter("batch", int, 128, "examples in a step", low=1),
            Parameter("decay", float, 0.01, "decoupled weight decay", low=0.0),
            Parameter("standardise", bool, True,
                      "train on standardised features and labels; false: on both as they are"),
        ),
    )
    yield StrategyEntry(
        "knn", "w2s_probes.knn:KNN",
        summary="the mean label of the nearest examples",
        tags=BOTH,
        parameters=(
            Parameter("neighbours", int, 10, "examples whose labels are averaged", low=1),
            Parameter("metric", str, "cosine", "distance between standardised features", choices=("cosine", "euclidean")),
        ),
    )
