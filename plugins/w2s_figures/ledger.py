"""The ledger of each pair: misfit, projection and realizability, whose sum is the gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from w2s_bench.contracts import DIRECTIONS, Drawing, FigureData, UsageError
from w2s_figures.look import (
    BROKEN,
    DARK,
    INK,
    ORANGE,
    PALE,
    Categories,
    broken,
    inline,
    lines,
    named,
    pair_lines,
    rounded,
    tick_format,
)
from w2s_figures.panels import (
    Panel,
    finished,
    named_columns,
    none_left,
    panels_of,
    scored,
    shared_words,
    some_fit,
    too_wide,
    ways_of_fitting,
)

TERMS = ("misfit", "projection", "realizability")
MOST_BARS = 60
"""Pairs of a panel that can be told apart."""
_WIDE = 330
_LONGEST = 32
"""Characters of a line of a pair's name."""


@dataclass(frozen=True)
class Ledger:
    """Stacked terms of gain = misfit + projection + realizability, means over seeds and draws, with the gain as a mark.

    One bar a pair, one panel a task set and strategy (and value of `by`). Negative terms reach below 0.
    """

    by: str

    def applies(self, data: FigureData) -> bool:
        """Whether any cell has all terms."""
        import polars as pl

        return bool(scored(data).select(pl.all_horizontal(pl.col(*TERMS[1:]).is_finite()).any()).item())

    def draw(self, data: FigureData) -> Drawing:
        """The figure. Raises UsageError where no cell has the three terms, or a panel has more than MOST_BARS pairs."""
        import altair as alt
        import polars as pl

        # one order of the pairs in all panels of a task set, also where two runs declare other directions
        ok = finished(data.rows, ("gain", *TERMS)).with_columns(
            pl.col("direction").mode().sort().first().over("task_set", "weak", "strong"))
        panels, left_out = panels_of(data, ok, [*named_columns(self.by), *ways_of_fitting(ok)])
        names = data.short_names([*ok["weak"].unique(), *ok["strong"].unique()], nameless=True)
        students = {names[strong] for strong in ok["strong"].unique()}
        tables: dict[str, list[dict[str, Any]]] = {}
        drawn: list[Any] = []
        wide: list[str] = []
        for number, panel in enumerate(panels):
            means = _means(data, panel)
            labels = {(weak, strong): "\n".join(broken(names[weak], _LONGEST) if len(students) == 1 else
                                                pair_lines(names[weak], names[strong], _LONGEST)) for weak, strong in means}
            terms: list[dict[str, Any]] = [{"pair": labels[pair], "term": term, "value": rounded(found[term]["mean"])}
                     for pair, found in means.items() for term in TERMS]
            gains: list[dict[str, Any]] = [{"pair": labels[pair], "gain": rounded(found["gain"]["mean"]),
                      **{name: rounded(found["gain"][name]) for name in ("low", "high", "seeds", "cells")}}
                     for pair, found in means.items()]
            if not some_fit(((gain["low"], gain["high"]) for gain in gains), _domain(terms, gains)):
                wide.append(panel.title)
                continue
            tables |= {f"terms-{number}": terms, f"gains-{number}": gains}
            drawn.append(_panel(panel, number, list(labels.values()), tables))
        if not drawn:
            raise none_left(wide)
        columns = min(2, len(drawn))
        return Drawing("Where the gain comes from: misfit + projection + realizability, pair by pair",
                       _caption(students) + shared_words(data, ok) + too_wide(wide) + left_out,
                       alt.concat(*drawn, columns=columns), columns * (_WIDE + 190), tables)


def _means(data: FigureData, panel: Panel) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    """For each pair, weak-to-strong first, the lines of `FigureData.means` by measure."""
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for line in data.means(panel.rows, ("weak", "strong"), ("gain", *TERMS)).to_dicts():
        found.setdefault((line["weak"], line["strong"]), {})[line["measure"]] = line
    if len(found) > MOST_BARS:
        raise UsageError(f"{len(found)} pairs, and a panel holds at most {MOST_BARS}", where=panel.title,
                         hint="choose some with --where, such as --where 'direction == weak-to-strong'")
    directions = dict(zip(panel.rows.select("weak", "strong").iter_rows(), panel.rows["direction"], strict=True))
    order = {direction: place for place, direction in enumerate(DIRECTIONS)}
    return {pair: found[pair] for pair in sorted(found, key=lambda pair: (
        order.get(directions[pair], len(order)), data.in_order(pair[1]), data.in_order(pair[0])))}


def _panel(panel: Panel, number: int, pairs: Sequence[str], tables: Mapping[str, list[dict[str, Any]]]) -> Any:
    import altair as alt

    terms, gains = tables[f"terms-{number}"], tables[f"gains-{number}"]
    x_scale, title = alt.Scale(domain=list(_domain(terms, gains)), nice=False), panel.axis("gain and its parts")
    axis = alt.Axis(format=tick_format(x_scale.domain), tickCount=6)
    y = alt.Y("pair:N", sort=list(pairs), title=None, axis=alt.Axis(labelPadding=6, ticks=False, **BROKEN))
    bars = alt.Chart(named(f"terms-{number}")).mark_bar(size=14, stroke="#777777", strokeWidth=0.5).encode(
        x=alt.X("value:Q", title=title, stack="zero", scale=x_scale, axis=axis), y=y, order=alt.Order("place:Q"),
        color=Categories("term", TERMS, TERMS, (DARK, ORANGE, PALE)).colour(symbolType="square"),
        tooltip=["pair:N", "term:N", alt.Tooltip("value:Q", format=".4g")]).transform_calculate(
        place=f"indexof({list(TERMS)}, datum.term)")
    base = alt.Chart(named(f"gains-{number}"))
    spread = base.encode(x=alt.X("low:Q", scale=x_scale, title=title), x2="high:Q", y=y).transform_filter("isValid(datum.low)")
    whiskers = [spread.mark_rule(aria=False, color=colour, strokeWidth=width, clip=True)
                for colour, width in (("white", 3.4), (INK, 1.4))]
    marks = base.mark_point(shape="diamond", filled=True, fill="white", stroke=INK, strokeWidth=1.5, size=70, opacity=1).encode(
        x=alt.X("gain:Q", scale=x_scale, title=title), y=y,
        tooltip=["pair:N", *(alt.Tooltip(f"{name}:Q", format=".4g") for name in ("gain", "low", "high")), "seeds:Q", "cells:Q"])
    zero = alt.Chart(inline([{"value": 0}])).mark_rule(aria=False, color=INK, strokeWidth=1).encode(
        x=alt.X("value:Q", scale=x_scale))
    tallest = max(pair.count("\n") + 1 for pair in pairs)
    return alt.layer(bars, zero, *whiskers, marks).properties(width=_WIDE, height=len(pairs) * max(24, 12 * tallest + 10),
                                                           title=lines(panel.title, 48))


def _domain(terms: Sequence[Mapping[str, Any]], gains: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """All bars and gains with room about them, and intervals up to as far again on each side."""
    low, high = 0.0, 0.0
    for gain in gains:
        mine = [term["value"] for term in terms if term["pair"] == gain["pair"]]
        low = min(low, gain["gain"], sum(value for value in mine if value < 0))
        high = max(high, gain["gain"], sum(value for value in mine if value > 0))
    reach, ends = high - low, [gain[name] for gain in gains for name in ("low", "high") if gain[name] is not None]
    low, high = max(min([low, *ends]), low - reach), min(max([high, *ends]), high + reach)
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def _caption(students: set[str]) -> str:
    who = f"Teachers of {next(iter(students))}." if len(students) == 1 else "Weak → strong."
    return (f"{who} Bars: means over seeds and draws of the three terms, negative ones to the left of 0; their sum is "
            "the gain, the diamond, with its 95 % interval, cut at the frame. Projection is at least 0 for an exact "
            "projection; realizability is 0 where the strong class holds the truth.")
