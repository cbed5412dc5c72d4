"""What each strategy does to gain, misfit, accuracy and agreement, beside one of them, on paired cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from w2s_bench.contracts import Drawing, FigureData, UsageError
from w2s_figures.look import BROKEN, INK, broken, inline, lines, named, of_directions, rounded, tick_format
from w2s_figures.panels import MOST_PANELS, left_out_words, none_left, scored, some_fit, too_wide

_WORDS = {"gain": "gain", "misfit": "misfit", "gain_accuracy": "gain in accuracy",
          "agreement_weak_right": "agreement, weak right", "agreement_weak_wrong": "agreement, weak wrong"}
_POINTS = ("gain_accuracy", "agreement_weak_right", "agreement_weak_wrong")
"""Shares of the test examples, drawn in percentage points."""
_PAIR = ("task", "weak", "strong", "supervisor", "seed")
"""What two cells of a pair share: all but the strategy."""
_WIDE = 190
_MOST_STRATEGIES = 30
_LONGEST = 30
"""Characters of a line of a strategy's name."""


@dataclass(frozen=True)
class Strategies:
    """Mean paired differences from the reference with 95 % intervals: a row of panels a task set, a panel a measure.

    against: the strategy that the others are compared with; None for the one with most cells.
    """

    against: str | None

    def applies(self, data: FigureData) -> bool:
        """Whether any cell was fitted by two strategies."""
        import polars as pl

        return bool(scored(data).select(pl.col("strategy").n_unique().over(_PAIR) > 1).to_series().any())

    def draw(self, data: FigureData) -> Drawing:
        """The figure, of the first MOST_PANELS task sets; it says so where there are more.

        Raises UsageError where nothing differs; DataError where there is no pair.
        """
        import altair as alt
        import polars as pl

        known = data.comparisons(self.against).filter(pl.col("difference").is_not_null())
        if known.is_empty():
            raise UsageError("no strategy has a pair with another, so there is nothing to draw")
        sets = known["task_set"].unique(maintain_order=True).to_list()
        if known["strategy"].n_unique() > _MOST_STRATEGIES:
            raise UsageError(f"more than {_MOST_STRATEGIES} strategies", hint="choose some with --where")
        names = data.short_names(known["strategy"].unique(maintain_order=True).to_list() + [known["against"][0]])
        against, titles = names[known["against"][0]], data.short_names(sets)
        tables: dict[str, list[dict[str, Any]]] = {}
        rows: list[Any] = []
        wide: list[str] = []
        for number, task_set in enumerate(sets[:MOST_PANELS]):
            part = known.filter(pl.col("task_set") == task_set)
            panels: list[Any] = []
            for measure in part["measure"].unique(maintain_order=True).to_list():
                table = f"{measure}-{number}"
                points = [_point(line, names) for line in part.filter(pl.col("measure") == measure).to_dicts()]
                if not some_fit(((point["low"], point["high"]) for point in points), _domain(points)):
                    wide.append(f"{_WORDS[measure]} of {titles[task_set]}")
                    continue
                tables[table] = points
                panels.append(_panel(table, tables[table], _axis(data, part.row(0, named=True), measure), not panels))
            if panels:
                rows.append(alt.hconcat(*panels, spacing=14).properties(title=alt.Title(lines(titles[task_set], 110))))
        if not rows:
            raise none_left(wide)
        widest = max(len(table) for table in known.group_by("task_set").agg(pl.col("measure").unique())["measure"].to_list())
        caption = _caption(against) + too_wide(wide) + left_out_words(min(len(sets), MOST_PANELS), len(sets))
        return Drawing(f"What a strategy does to its student, beside {against}", caption, alt.vconcat(*rows, spacing=26),
                       widest * (_WIDE + 20) + 220, tables)


def _point(line: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    power = 100.0 if line["measure"] in _POINTS else 1.0
    ends = {"apart": "difference", "low": "difference_low", "high": "difference_high"}
    found = {name: None if line[column] is None else rounded(power * line[column]) for name, column in ends.items()}
    return {"strategy": "\n".join(broken(names[line["strategy"]], _LONGEST)), **found, "pairs": line["pairs"],
            "direction": line["direction"] or "direction unknown", "seeds": line["seeds"]}


def _axis(data: FigureData, line: Mapping[str, Any], measure: str) -> str:
    unit = "points" if measure in _POINTS else data.unit(line["divergence"], line["output_unit"])
    return f"{_WORDS[measure]}, {unit}" if unit else _WORDS[measure]


def _panel(table: str, points: Sequence[Mapping[str, Any]], title: str, first: bool) -> Any:
    import altair as alt

    names = list(dict.fromkeys(point["strategy"] for point in points))
    kinds = of_directions("direction", {point["direction"] for point in points})
    domain = _domain(points)
    scale, axis = alt.Scale(domain=list(domain), nice=False), alt.Axis(format=tick_format(domain), tickCount=4)
    base = alt.Chart(named(table)).encode(
        y=alt.Y("strategy:N", sort=names, title=None, axis=alt.Axis(
            ticks=False, grid=True, labelPadding=8, labels=first, **BROKEN)),
        yOffset=alt.YOffset("direction:N", scale=alt.Scale(domain=list(kinds.shown), paddingOuter=0.6)), color=kinds.colour())
    spread = base.mark_rule(aria=False, strokeWidth=1.8, clip=True).encode(
        x=alt.X("low:Q", scale=scale, title=title, axis=axis), x2="high:Q").transform_filter("isValid(datum.low)")
    dots = base.mark_point(filled=True, size=64, opacity=1, stroke="white", strokeWidth=0.7).encode(
        x=alt.X("apart:Q", scale=scale, title=title, axis=axis), shape=kinds.shape(),
        tooltip=["strategy:N", "direction:N", *(alt.Tooltip(f"{name}:Q", format=".4g") for name in ("apart", "low", "high")),
                 "pairs:Q", "seeds:Q"])
    zero = alt.Chart(inline([{"apart": 0}])).mark_rule(aria=False, color=INK, strokeDash=[5, 4], strokeWidth=1).encode(
        x=alt.X("apart:Q", scale=scale))
    tallest = max(name.count("\n") + 1 for name in names)
    return alt.layer(zero, spread, dots).properties(width=_WIDE, height=len(names) * max(34, 13 * tallest + 12))


def _domain(points: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Every difference and 0 with room, and intervals up to twice that far."""
    places = [0.0, *(point["apart"] for point in points)]
    low, high = min(places), max(places)
    reach = (high - low) or 1.0
    ends = [point[name] for point in points for name in ("low", "high") if point[name] is not None]
    low, high = max(min([low, *ends]), low - reach), min(max([high, *ends]), high + reach)
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room


def _caption(against: str) -> str:
    return (f"Marks: mean difference from {against} over paired cells, the same task, models, supervisor and seed, both with "
            "status ok; bars: its 95 % interval, cut at the frame; dashed: no difference. "
            "Agreement: student and weak supervisor name one class.")
