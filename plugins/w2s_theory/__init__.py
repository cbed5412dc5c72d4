"""The theory of weak-to-strong generalization as it is published: divergences, with the law of each."""

from collections.abc import Iterable

from w2s_bench.contracts import DivergenceEntry, hookimpl

NUMBERS, CLASSES = frozenset({"regression"}), frozenset({"classes"})


@hookimpl
def w2s_divergences() -> Iterable[DivergenceEntry]:
    """Two of numbers, two of classes."""
    yield DivergenceEntry("squared", "w2s_theory.quadratic:Squared", tags=NUMBERS, summary="‖a − b‖², summed over outputs")
    yield DivergenceEntry("squared-mean", "w2s_theory.quadratic:SquaredMean", tags=NUMBERS,
                          summary="‖a − b‖², mean over outputs")
    yield DivergenceEntry("brier", "w2s_theory.quadratic:Brier", tags=CLASSES,
                          summary="‖a − b‖² of probabilities, summed over classes")
    yield DivergenceEntry("kl", "w2s_theory.relative_entropy:KL", tags=CLASSES, summary="KL(a ‖ b) of probabilities, in nats")
