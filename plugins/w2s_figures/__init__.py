"""The figures of the project: what a run says about gain, misfit and the bounds, one figure a file."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import FigureEntry, Parameter, hookimpl
from w2s_figures.values import VALUES

requires_api = ">=1,<2"

BY = Parameter("by", str, "", "columns that make a panel for each of their values too, joined with commas")


@hookimpl
def w2s_figures() -> Iterable[FigureEntry]:
    """All figures, in the order of a page."""
    yield FigureEntry("gain-misfit", "w2s_figures.gain_misfit:GainMisfit", parameters=(BY,), order=10,
                      summary="gain against misfit, with the interval of each pair and the band of the law")
    yield FigureEntry("strategies", "w2s_figures.strategies:Strategies", order=20,
                      summary="each strategy beside one of them, on paired cells", parameters=(
                          Parameter("against", str, None, "what the others are compared with; not given: the one with most cells",
                                    optional=True),))
    yield FigureEntry("ledger", "w2s_figures.ledger:Ledger", parameters=(BY,), order=30,
                      summary="misfit, projection and realizability of each pair, whose sum is the gain")
    yield FigureEntry("tightness", "w2s_figures.tightness:Tightness", summary="left side over right side of each bound",
                      parameters=(BY,), order=40)
    yield FigureEntry("selection", "w2s_figures.selection:Selection", summary="what each rule for choosing a teacher costs",
                      parameters=(BY,), order=50)
    yield FigureEntry("sample-size", "w2s_figures.sample_size:SampleSize", order=60,
                      summary="errors, gain and misfit against the sample size, or against another number", parameters=(
                          Parameter("x", str, "n_transfer", "a numeric column, or a parameter of a side, as weak.width"),
                          Parameter("least", int, 2, "values of x that a curve must have", low=2)))
    yield FigureEntry("heatmap", "w2s_figures.heatmap:Heatmap", summary="one number of each weak and strong model", order=70,
                      parameters=(Parameter("value", str, "gain", "what is shown", choices=VALUES), BY))
