"""Heads on frozen features, exact and by gradient, for numbers and for classes; and what may be done to labels first."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import Parameter, StrategyEntry, hookimpl
from w2s_probes.class_entries import class_strategies
from w2s_probes.labels.entries import label_strategies

requires_api = ">=1,<2"

REGRESSION = frozenset({"regression"})


@hookimpl
def w2s_strategies() -> Iterable[StrategyEntry]:
    """Linear probes for numbers, heads for classes, strategies that change the labels, and the choice to fit nothing."""
    yield from class_strategies()
    yield from label_strategies()
    yield from _exact_on_numbers()
    yield from _by_steps_on_numbers()
    yield StrategyEntry(
        "as-is", "w2s_probes.as_is:AsIs",
        summary="fits nothing: the first k feature columns are the prediction",
        tags=REGRESSION | {"classes", "preferences"},
    )


def _exact_on_numbers() -> Iterable[StrategyEntry]:
    yield StrategyEntry(
        "ridge", "w2s_probes.ridge:Ridge",
        summary="ridge regression on standardised features: the exact projection onto a ball of linear heads",
        tags=REGRESSION,
        parameters=(
            Parameter("penalty", float, 1e-6, "weight of ‖W‖² beside the mean squared error; "
                      "auto: chosen by leave-one-out on the labels it is given", low=0.0, words=("auto",)),
        ),
    )
    yield StrategyEntry(
        "least-squares", "w2s_probes.least_squares:LeastSquares",
        summary="minimum-norm least squares: the exact projection onto all linear heads",
        tags=REGRESSION,
        parameters=(
            Parameter("cutoff", float, 1e-6, "singular values below this share of the largest count as zero",
                      low=1e-7, high=1.0),
        ),
    )


def _by_steps_on_numbers() -> Iterable[StrategyEntry]:
    yield StrategyEntry(
        "adamw-head", "w2s_probes.adamw_head:AdamWHead",
        summary="a linear head trained with AdamW on shuffled batches, as the published studies do",
        tags=REGRESSION, libraries=("numba",),
        parameters=(
            Parameter("epochs", int, 200, "passes over the labels", low=1, high=100_000),
            Parameter("lr", float, 1e-3, "learning rate", low=0.0),
            Parameter("batch", int, 32, "examples in a step", low=1),
            Parameter("decay", float, 0.01, "decoupled weight decay", low=0.0),
            Parameter("standardise", bool, True,
                      "train on standardised features and labels; false: on both as they are"),
        ),
    )
    yield StrategyEntry(
        "gradient-flow", "w2s_probes.gradient_flow:GradientFlow",
        summary="gradient flow on a linear head from the mean label, stopped early, in closed form",
        tags=REGRESSION,
        parameters=(
            Parameter("time", float, "auto", "when to stop, in the time that the leading eigendirection takes to lose "
                      "all but 1/e of its error; auto: where the misfit falls slowest, from the weak labels alone",
                      low=0.0, high=1e6, words=("auto",)),
            Parameter("standardise", bool, True,
                      "flow on standardised features; false: on the features in their own units, centred"),
        ),
    )
