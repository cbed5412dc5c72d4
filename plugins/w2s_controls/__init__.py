"""Controls: what a student gains from labels that say nothing of their example, and what a constant gains."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import Parameter, StrategyEntry, hookimpl

requires_api = ">=1,<2"

BOTH = frozenset({"classes", "preferences", "regression", "control"})
STUDENT = Parameter("student", str, "logistic", "the strategy that is fitted; unnamed, numbers take ridge", names="strategies")


@hookimpl
def w2s_strategies() -> Iterable[StrategyEntry]:
    """A constant, and two ways to take from labels what they say of their example."""
    yield StrategyEntry("constant", "w2s_controls.constant:Constant", tags=BOTH,
                        summary="the mean of the labels for every example: what knows nothing")
    yield StrategyEntry("shuffled-weak", "w2s_controls.uninformative:ShuffledWeak", tags=BOTH | {"wrapper"},
                        summary="another strategy on the weak labels of other examples, drawn once", parameters=(STUDENT,))
    yield StrategyEntry("random-labels", "w2s_controls.uninformative:RandomLabels", tags=BOTH | {"wrapper"},
                        summary="another strategy on labels drawn without a look at the example", parameters=(STUDENT,))
