"""The theory of weak-to-strong generalization as it is published: divergences, with the law of each, bounds and metrics."""

from collections.abc import Iterable

from w2s_bench.contracts import BoundEntry, DivergenceEntry, MetricEntry, hookimpl

requires_api = ">=1,<2"

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


@hookimpl
def w2s_bounds() -> Iterable[BoundEntry]:
    """In the order of the table of the scoring reference."""
    both = NUMBERS | CLASSES
    yield _bound("theorem1", "projection:Theorem1", both, "gain ≥ misfit, the truth in a convex class")
    yield _bound("theorem2-explicit", "projection:Theorem2Explicit", both, "gain ≥ misfit − 2√(misfit·ε), convex class")
    yield _bound("theorem2-two-sided", "projection:Theorem2TwoSided", both, "|gain − misfit| ≤ 2√(misfit·ε), linear class")
    yield _bound("theorem2-triangle", "projection:Theorem2Triangle", NUMBERS, "the same by the triangle inequality, weaker")
    yield _bound("inexact", "projection:Inexact", both, "theorem2-explicit for a student that is no exact projection")
    yield _bound("theorem2-hp", "generalization:Theorem2HighProbability", NUMBERS, "Theorem 2 for finite transfer samples")
    yield _bound("lower-ball", "projection:LowerBall", NUMBERS, "what the student errs at least, known before training")
    yield _bound("kl-realizable", "entropic:Realizable", CLASSES, "gain ≥ misfit in nats, the truth in a convex class")
    yield _bound("kl-explicit", "entropic:Explicit", CLASSES, "gain ≥ misfit − √(½·ε·E osc²) in nats, convex class")
    yield _bound("kl-dual", "entropic:Dual", CLASSES, "an equality for softmax heads and true probabilities")
    yield _bound("disagreement-brier", "disagreement:DisagreementBrier", CLASSES, "Brier scores differ by √misfit at most")
    yield _bound("disagreement-01", "disagreement:Disagreement01", CLASSES, "accuracies differ by the disagreement at most")
    yield _bound("bias-variance", "bias_variance:BiasVariance", both,
                 "over seeds: gain = misfit of who answers as the mean of its teachers")


def _bound(name: str, target: str, tags: frozenset[str], summary: str) -> BoundEntry:
    return BoundEntry(name, f"w2s_theory.{target}", tags=tags, summary=summary)


@hookimpl
def w2s_metrics() -> Iterable[MetricEntry]:
    """Of each predictor, then of the student beside its teacher."""
    both = NUMBERS | CLASSES
    yield _metric("r2", "regression:R2", both, "share of the labels' variance that is explained")
    yield _metric("rmse", "regression:RMSE", both, "root mean squared error")
    yield _metric("mae", "regression:MAE", both, "mean absolute error")
    yield _metric("spearman", "regression:Spearman", both, "rank correlation with the truth")
    yield _metric("accuracy", "classification:Accuracy", CLASSES, "share of examples whose likeliest class is the true one")
    yield _metric("majority", "classification:Majority", CLASSES, "accuracy of who always names the most frequent class")
    yield _metric("auroc", "classification:AUROC", CLASSES, "area under the ROC curve, for two classes")
    yield _metric("cross-entropy", "classification:CrossEntropy", CLASSES, "mean −ln p of the true class, in nats")
    yield _metric("brier-score", "classification:BrierScore", CLASSES, "squared distance of probabilities from the truth")
    yield _metric("ece", "calibration:ECE", CLASSES, "expected calibration error, 15 bins")
    yield _metric("accuracy-gain", "classification:AccuracyGain", CLASSES, "accuracy of the student less that of its teacher")
    yield _metric("auroc-gain", "classification:AUROCGain", CLASSES, "the same of AUROC, paired by DeLong's method")
    yield _metric("cross-entropy-gain", "classification:CrossEntropyGain", CLASSES, "cross-entropy that the student saves")
    yield _metric("brier-gain", "classification:BrierGain", CLASSES, "Brier score that the student saves")
    yield _metric("ece-gain", "calibration:ECEGain", CLASSES, "calibration error that the student saves")
    yield _metric("pgr-accuracy", "classification:RecoveredAccuracy", CLASSES, "performance gap recovered, on accuracy")
    yield _metric("agreement", "agreement:Agreement", CLASSES, "where student and teacher name one class; the 0/1 identity")
    yield _metric("capa", "agreement:CAPA", CLASSES, "agreement beyond what accuracies imply")


def _metric(name: str, target: str, tags: frozenset[str], summary: str) -> MetricEntry:
    ranked = target.startswith(("classification:", "calibration:"))
    return MetricEntry(name, f"w2s_theory.{target}", tags=tags, summary=summary, libraries=("scikit-learn",) if ranked else ())
