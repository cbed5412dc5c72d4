"""Entries of the strategies that wrap any other: what they do to labels, rows and models before it is fitted."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import Parameter, StrategyEntry

CLASSES = frozenset({"classes", "preferences", "wrapper"})
BOTH = frozenset({"classes", "preferences", "regression", "wrapper"})

STUDENT = Parameter("student", str, "logistic", "the strategy that is fitted; unnamed, numbers take ridge", names="strategies")
NEIGHBOURS = Parameter("neighbours", int, 20, "nearest rows that are asked, for knn and topology", low=1)


def label_strategies() -> Iterable[StrategyEntry]:
    """Label transforms, smoothers, filters, ensembles, chains, self-training and mixtures.

    Models come before the student among the parameters, so that a wrapper's own blocks precede those of its student.
    """
    yield from _transforms()
    yield from _cleaners()
    yield from _ensembles()


def _transforms() -> Iterable[StrategyEntry]:
    yield StrategyEntry("hard", "w2s_probes.labels.hard:Hard", tags=CLASSES, parameters=(STUDENT,),
                        summary="another strategy on one-hot labels: the most probable class")
    yield StrategyEntry(
        "sharpened", "w2s_probes.labels.sharpened:Sharpened",
        summary="another strategy on labels raised to 1/temperature and renormalised", tags=CLASSES,
        parameters=(Parameter("temperature", float, 0.5, "below 1 sharper, above 1 flatter", low=0.01, high=100.0), STUDENT))
    yield StrategyEntry("sampled", "w2s_probes.labels.sampled:Sampled",
                        summary="another strategy on one class drawn per row from the soft label",
                        tags=CLASSES, parameters=(STUDENT,))
    yield StrategyEntry(
        "mix", "w2s_probes.labels.mix:Mix", summary="another strategy on weak labels of which a share was replaced by the truth",
        tags=BOTH, parameters=(Parameter("truth", float, 0.1, "share of true labels", low=0.0, high=1.0), STUDENT))


def _cleaners() -> Iterable[StrategyEntry]:
    yield StrategyEntry(
        "relabel", "w2s_probes.labels.relabel:Relabel", summary="another strategy on labels smoothed by what the other rows say",
        tags=BOTH,
        parameters=(Parameter("by", str, "knn", "knn: mean of the nearest rows; logistic: a probe fitted on other folds",
                              choices=("knn", "logistic")), NEIGHBOURS, STUDENT))
    yield StrategyEntry(
        "filter", "w2s_probes.labels.filter:Filter", summary="another strategy on the rows whose label is trusted most",
        tags=BOTH, libraries=("scipy",),
        parameters=(
            Parameter("by", str, "confidence", "what labels are trusted for; random: the control",
                      choices=("confidence", "knn", "logistic", "topology", "overlap", "projection-gap", "random")),
            Parameter("keep", float, 0.5, "share of the rows; auto: those that the criterion itself would keep",
                      low=0.01, high=1.0, words=("auto",)),
            Parameter("among", str, "classes", "classes: that share of each class; all: of all rows together",
                      choices=("classes", "all")),
            NEIGHBOURS, STUDENT))
    yield StrategyEntry(
        "self-training", "w2s_probes.labels.self_training:SelfTraining",
        summary="another strategy, then again on hard labels of its own where it is surest", tags=CLASSES,
        parameters=(Parameter("rounds", int, 1, "refits after the first fit", low=0, high=100),
                    Parameter("keep", float, 0.5, "share of the rows in each pseudo-class", low=0.01, high=1.0), STUDENT))


def _ensembles() -> Iterable[StrategyEntry]:
    yield StrategyEntry(
        "ensemble", "w2s_probes.labels.ensemble:Ensemble",
        summary="several weak models that label together; weights=student: a student that learns which to believe", tags=BOTH,
        parameters=(
            Parameter("second", str, None, "a model beside the cell's own", optional=True, names="models"),
            Parameter("third", str, None, "one more", optional=True, names="models"),
            Parameter("weights", str, "equal", "equal, boosted: how a supervisor's members vote; student: learned with the "
                      "student over the members of the labels", choices=("equal", "boosted", "student")),
            Parameter("rounds", int, 5, "boosted members of one model; updates of the student's weights", low=1, high=1000),
            Parameter("rate", float, 2.0, "step length of the student's weights, per nat", low=0.0),
            STUDENT))
    yield StrategyEntry(
        "bootstrap", "w2s_probes.labels.bootstrap:Bootstrap",
        summary="another strategy through a chain of models, each taught by the one before", tags=BOTH,
        parameters=(Parameter("via", str, None, "the first model of the chain", names="models"),
                    Parameter("then", str, None, "the second", optional=True, names="models"), STUDENT))
