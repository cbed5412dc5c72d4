"""What tasks predict as the project ships it: numbers, classes, and which of two is preferred."""

from collections.abc import Iterable

from w2s_bench.contracts import OutputEntry, hookimpl

requires_api = ">=1,<2"


@hookimpl
def w2s_outputs() -> Iterable[OutputEntry]:
    """The three that every plugin may import."""
    yield OutputEntry("regression", "w2s_bench.contracts:Regression", noun="numbers", usual="ridge",
                      summary="k real numbers, with a unit")
    yield OutputEntry("classes", "w2s_bench.contracts:Classes", noun="classes", usual="logistic",
                      summary="one of k, or probabilities")
    yield OutputEntry("preferences", "w2s_bench.contracts:Preferences", noun="preferences", usual="logistic",
                      summary="which of two is preferred")
