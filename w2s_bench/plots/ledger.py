"""The ledger of each pair: misfit, projection and realizability, whose sum is the gain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from w2s_bench.errors import UsageError
from w2s_bench.plots.figure import Figure
from w2s_bench.plots.look import DARK, INK, ORANGE, PALE, Categories, framed, inline, lines, named, natural, rounded
from w2s_bench.plots.look import short_names, tick_format
from w2s_bench.plots.panels import Panel, finished, panels_of, shared_words
from w2s_bench.plots.pooled import over_seeds
from w2s_bench.summary import DIRECTIONS

if TYPE_CHECKING:
    import polars as pl

TERMS = ("misfit", "projection", "realizability")
MOST_BARS = 40
"""Pairs of a panel that can be told apart."""
_PAIR = ("direction", "weak", "strong", "strategy", "supervisor")
_ARROW = "→"


def ledger(rows: pl.DataFrame, by: Sequence[str] = ()) -> Figure:
    """Stacked terms of gain = misfit + projection + realizability, means over seeds and draws, with the gain as a mark.

    One bar a pair and way of fitting, one panel a task set (and value of `by`). Negative terms reach below 0.
    Raises UsageError where no cell has the three terms, or a panel has more than MOST_BARS bars.
    """
    import altair as alt

    ok = finished(rows, ("gain", *TERMS))
    panels = panels_of(ok, by)
    names = short_names([*ok["weak"], *ok["strong"]])
    extra = [name for name in ("strategy", "supervisor") if ok[name].n_unique() > 1 and name not in by]
    ways = short_names(value for name in extra for value in ok[name])
    tables: dict[str, list[dict[str, Any]]] = {}
    drawn = []
    for number, panel in enumerate(panels):
        means = _means(panel)
        labels = {key: _label(key, names, ways, extra) for key in _in_order(means)}
        tables[f"terms-{number}"] = [{"pair": label, "term": term, "value": rounded(means[key][term]["mean"])}
                                     for key, label in labels.items() for term in TERMS]
        tables[f"gains-{number}"] = [{"pair": label, "gain": rounded(line["mean"]), "low": rounded(line["low"]),
                                      "high": rounded(line["high"]), "seeds": line["seeds"], "cells": line["cells"]}
                                     for key, label in labels.items() for line in [means[key]["gain"]]]
        drawn.append(_panel(panel, number, list(labels.values()), tables))
    chart = framed(alt.concat(*drawn, columns=1 if len(panels) == 1 else 2))
    title = "Where the gain comes from: misfit + projection + realizability, pair by pair"
    return Figure(title, _caption(ok, extra), chart, tables)


def _means(panel: Panel) -> dict[tuple[str, ...], dict[str, dict[str, Any]]]:
    """For each pair and way of fitting, for each term and the gain, its line of `over_seeds`."""
    found: dict[tuple[str, ...], dict[str, dict[str, Any]]] = {}
    for line in over_seeds(panel.rows, _PAIR, ("gain", *TERMS)).to_dicts():
        found.setdefault(tuple(str(line[name]) for name in _PAIR), {})[line["measure"]] = line
    if len(found) > MOST_BARS:
        raise UsageError(f"{len(found)} pairs, and a panel holds at most {MOST_BARS} bars", where=panel.title,
                         hint="choose some with --where, such as --where 'direction == weak-to-strong'")
    return found


def _in_order(keys: Any) -> list[tuple[str, ...]]:
    order = {direction: place for place, direction in enumerate(DIRECTIONS)}
    return sorted(keys, key=lambda key: (order.get(key[0], len(order)), *(natural(name) for name in (*key[3:], *key[1:3]))))


def _label(key: tuple[str, ...], names: dict[str, str], ways: dict[str, str], extra: Sequence[str]) -> str:
    """Two lines at most: the pair, and how it was fitted where that differs."""
    pair = f"{names[key[1]]} {_ARROW} {names[key[2]]}"
    if not extra:
        return pair
    fitted = {"strategy": key[3], "supervisor": key[4]}
    told = list(dict.fromkeys(ways[fitted[name]] for name in extra))
    return f"{pair}\n{', '.join(told)}"


def _panel(panel: Panel, number: int, pairs: Sequence[str], tables: dict[str, list[dict[str, Any]]]) -> Any:
    import altair as alt

    two_lines = any("\n" in pair for pair in pairs)
    y = alt.Y("pair:N", sort=list(pairs), title=None, axis=alt.Axis(
        labelExpr="split(datum.label, '\\n')", labelLimit=330, labelPadding=6, ticks=False, labelLineHeight=12))
    values = [row["value"] for row in tables[f"terms-{number}"]] + [row["gain"] for row in tables[f"gains-{number}"]]
    title = panel.axis("gain and its parts")
    kinds = Categories("term", TERMS, TERMS, (DARK, ORANGE, PALE))
    bars = alt.Chart(named(f"terms-{number}")).mark_bar(size=14, stroke="#777777", strokeWidth=0.5).encode(
        x=alt.X("value:Q", title=title, stack="zero", axis=alt.Axis(format=tick_format(values), tickCount=6)), y=y,
        color=kinds.colour(symbolType="square"), order=alt.Order("place:Q"),
        tooltip=["pair:N", "term:N", alt.Tooltip("value:Q", format=".4g")]).transform_calculate(
        place=f"indexof({list(TERMS)}, datum.term)")
    gains = alt.Chart(named(f"gains-{number}"))
    spread = gains.mark_rule(color=INK, strokeWidth=1.4, clip=True).encode(
        x=alt.X("low:Q", title=title), x2="high:Q", y=y).transform_filter("isValid(datum.low)")
    marks = gains.mark_point(shape="diamond", filled=True, fill="white", stroke=INK, strokeWidth=1.5, size=70, opacity=1).encode(
        x="gain:Q", y=y, tooltip=["pair:N", alt.Tooltip("gain:Q", format=".4g"), alt.Tooltip("low:Q", format=".4g"),
                                  alt.Tooltip("high:Q", format=".4g"), "seeds:Q", "cells:Q"])
    zero = alt.Chart(inline([{"value": 0}])).mark_rule(color=INK, strokeWidth=1).encode(x="value:Q")
    return alt.layer(bars, zero, spread, marks).properties(width=420, height=len(pairs) * (34 if two_lines else 24),
                                                           title=lines(panel.title, 60))


def _caption(rows: pl.DataFrame, extra: Sequence[str]) -> str:
    same = shared_words(rows, [name for name in ("strategy", "supervisor") if name not in extra])
    return ("Bars: means over seeds and draws of the three terms, negative ones to the left of 0; their sum is the gain, the "
            "diamond, with its 95 % interval over seeds. Projection is at least 0 for an exact projection; realizability is 0 "
            "where the strong class holds the truth. Weak → strong." + (f" All cells: {same}." if same else ""))
