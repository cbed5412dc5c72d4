"""A whole plugin: one of every kind that a plugin may add, and an observer."""

import os
import sys

from w2s_bench.contracts import (
    BoundEntry,
    CommandEntry,
    DescriptorsEntry,
    DivergenceEntry,
    ExecutorEntry,
    FigureEntry,
    LossEntry,
    MetricEntry,
    ModelEntry,
    OutputEntry,
    Parameter,
    StrategyEntry,
    SuiteEntry,
    TaskEntry,
    hookimpl,
)

requires_api = ">=1,<2"

HOME = "w2s_external.components"


@hookimpl
def w2s_tasks():
    yield TaskEntry("waves", f"{HOME}:Waves", summary="a sum of sines", tags=frozenset({"regression"}))
    yield TaskEntry("floods", "w2s_external.rates:Floods", summary="positive rates", tags=frozenset({"rates"}))
    reading = Parameter("reading", str, "classes", "what is predicted", choices=("classes", "number"))
    yield TaskEntry("sentences", "w2s_external.sentences:Sentences", summary="made-up sentences", parameters=(reading,))


@hookimpl
def w2s_models():
    degree = Parameter("degree", int, 1, "highest power", low=1, high=9)
    yield ModelEntry("powers", f"{HOME}:Powers", summary="powers of x", parameters=(degree,))
    yield ModelEntry("starlight", f"{HOME}:Powers", summary="needs what is not here", extra="telescope",
                     needs=("no_such_telescope",))
    width = Parameter("width", int, 8, "letters are told apart up to so many", low=2, high=64)
    yield ModelEntry("letters", "w2s_external.letters:Letters", summary="counts letters", parameters=(width,))


@hookimpl
def w2s_losses():
    share = Parameter("share", float, 0.1, "share of the mean label mixed in", low=0.0, high=1.0)
    yield LossEntry("cautious", "w2s_external.cautious:Cautious", summary="smoothed towards the mean label", parameters=(share,))


@hookimpl
def w2s_strategies():
    kinds = ("no", "raise", "nan", "shape", "memory", "die", "hang")
    fault = Parameter("fault", str, "no", "how weak labels break it", choices=kinds)
    yield StrategyEntry("log-plain", "w2s_external.rates:LogPlain", summary="normal equations of logarithms")
    yield StrategyEntry("plain", f"{HOME}:Plain", summary="normal equations", parameters=(fault,))


@hookimpl
def w2s_figures():
    bins = Parameter("bins", int, 20, "the most bars", low=2, high=200)
    yield FigureEntry("gains", "w2s_external.gains:Gains", summary="how the gains are spread", parameters=(bins,), order=25)


@hookimpl
def w2s_commands():
    yield CommandEntry("tally", "w2s_external.tally:command", summary="Count the records of a run.")


@hookimpl
def w2s_cell_finished(row, folder):
    what = os.environ.get("W2S_EXTERNAL_OBSERVER")
    if what == "raise":
        raise RuntimeError(f"observed {row['status']}")
    if what == "exit":
        sys.exit(f"enough of {folder.name}")
    if what == "change":
        row["flags"].append("mine")
        row.update(status="failed", gain=0.0)


@hookimpl
def w2s_outputs():
    yield OutputEntry("rates", "w2s_external.rates:Rates", noun="rates", summary="positive numbers")


@hookimpl
def w2s_bounds():
    yield BoundEntry("halfway", "w2s_external.theorem:Halfway", summary="a bound of a stranger")


@hookimpl
def w2s_metrics():
    yield MetricEntry("worst", "w2s_external.measures:Worst", summary="largest error")


@hookimpl
def w2s_divergences():
    yield DivergenceEntry("itakura-saito", "w2s_external.rates:ItakuraSaito", summary="a/b − ln(a/b) − 1")


@hookimpl
def w2s_executors():
    most = Parameter("most", int, 0, "jobs that are computed together, 0 for as many as may be", low=0)
    yield ExecutorEntry("counting", "w2s_external.counting:Counting", summary="counts what it computes", parameters=(most,))


@hookimpl
def w2s_descriptors():
    yield DescriptorsEntry("lengths", "w2s_external.lengths:lengths", summary="characters and words of a text")


@hookimpl
def w2s_suites():
    yield SuiteEntry("waves-first", "polynomials of growing degree on waves", toml="""
name = "waves-first"
[[matrix]]
tasks = ["waves"]
weak = ["powers[degree=2]"]
strong = ["powers[degree=[3,7]]"]
supervisors = ["plain"]
strategies = ["plain"]
""")
