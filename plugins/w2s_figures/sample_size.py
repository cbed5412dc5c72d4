"""Errors, gain, misfit and the terms between them against the sample size, both directions side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts import DIRECTIONS, Drawing, FigureData, UsageError
from w2s_figures.along import SIDES, along
from w2s_figures.look import (
    BROKEN,
    DARK,
    GREEN,
    GREY,
    INK,
    ORANGE,
    POWERS,
    Categories,
    broken,
    lines,
    named,
    pair_lines,
    rounded,
)
from w2s_figures.panels import MOST_PANELS, finished, left_out_words, scored, shared_words
from w2s_figures.scales import Scale, along_axis, linear, logarithmic, signed

if TYPE_CHECKING:
    import polars as pl

HIGH_PROBABILITY = "theorem2-hp"
_RIGHT_SIDE = "theorem2-hp"
_GROUPS: dict[str, dict[str, str]] = {
    "errors": {"err_weak": ORANGE, "err_student": DARK, "err_ceiling": GREEN},
    "gain, misfit, δ": {"gain": DARK, "misfit": ORANGE, "delta_exact": GREY},
    "between gain and misfit": {"projection": DARK, "realizability": ORANGE}, "bound on err_student": {_RIGHT_SIDE: GREY},
    "accuracy": {"accuracy_weak": ORANGE, "accuracy_student": DARK, "accuracy_ceiling": GREEN}}
"""The panels of a column from above, with their lines."""
_POSITIVE = ("errors", "bound on err_student")
_SHARES = ("accuracy",)
"""Groups of shares of the test examples, whose axis is linear and starts where the least is."""
_MEASURES = [name for group in _GROUPS.values() for name in group]
_PAIR = tuple(f"on_{side}" for side in SIDES)
_ACROSS, _HIGH = 6, 150
_OWN: dict[str, Any] = {"color": "independent", "shape": "independent", "strokeDash": "independent"}
_LEGEND = {"orient": "right", "symbolStrokeWidth": 0}
_SIZES = {"n_transfer": "the size of the transfer set", "n_supervise": "the size of the supervise set",
          "n_test": "the size of the test set"}
_FEWEST_ON_PAGE = 3
"""Sizes below which a page has no use for a curve."""
_LEAST_SEEDS = 3
"""Below, an interval is too wide to be a picture."""


@dataclass(frozen=True)
class SampleSize:
    """Means over seeds and draws with 95 % bands along `x`: a column of panels for each pair and way of fitting.

    x: see `along`. least: how many values of x a curve must have.
    """

    x: str
    least: int

    def applies(self, data: FigureData) -> bool:
        """Whether some pair of models was scored at a few sizes of the transfer set."""
        import polars as pl

        rows = scored(data).filter(pl.col("n_transfer").is_not_null())
        if rows.is_empty():
            return False
        sizes = along(data, rows, "n_transfer").group_by(_PAIR).agg(pl.col("x").n_unique())["x"]
        return bool((sizes >= _FEWEST_ON_PAGE).any())

    def draw(self, data: FigureData) -> Drawing:
        """The figure, of the first MOST_PANELS columns; it says so where there are more.

        Raises UsageError where no curve is long enough.
        """
        import altair as alt
        import polars as pl

        right = data.bounds.filter((pl.col("bound") == HIGH_PROBABILITY) & (pl.col("split") == "test")).select(
            "run_id", "cell_key", pl.col("rhs").alias(_RIGHT_SIDE)).unique(["run_id", "cell_key"], maintain_order=True)
        ok = finished(data.rows, ("gain", "misfit")).join(right, on=["run_id", "cell_key"], how="left", maintain_order="left")
        placed = along(data, ok, self.x)
        least = max(self.least, _FEWEST_ON_PAGE) if data.on_page else self.least
        long = placed.filter(pl.col("x").n_unique().over(_PAIR) >= least)
        if long.is_empty():
            raise _too_short(placed, self.x, least)
        columns = _columns(data, long)
        shown = columns[:MOST_PANELS]
        blocks, tables = _blocks(data, shown, data.means(long, [*_PAIR, "x"], _MEASURES), self.x)
        parts = _parts(shown)
        words = _caption(ok.height, long.height, self.x) + shared_words(data, long) + left_out_words(len(shown), len(columns))
        return Drawing(f"Errors, gain and misfit against {_words(self.x)}", words,
                       alt.vconcat(*blocks, spacing=36).resolve_scale(**_OWN),
                       max(len(part) for part in parts) * (_wide(parts) + 12) + 160, tables)


def _too_short(placed: pl.DataFrame, x: str, least: int) -> UsageError:
    values = placed["x"].unique().sort().to_list()
    if len(values) >= least:
        what = f"no pair of models was run at {least} values of {x}: each value goes with other models or tasks"
    else:
        what = f"{x} is {' and '.join(f'{value:g}' for value in values)} in all cells, and a curve needs {least} values or more"
    return UsageError(what, where="--x", hint="run one pair at several sizes, or name another column with --x")


def _columns(data: FigureData, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The curves in the order in which they are drawn, the two directions of a pair side by side, with their names and unit."""
    import polars as pl

    found = rows.group_by(_PAIR, maintain_order=True).agg(
        pl.col("direction").mode().sort().first(), pl.col("divergence").first(), pl.col("output_unit").first()).to_dicts()
    order = {direction: place for place, direction in enumerate(DIRECTIONS)}

    def place(curve: dict[str, Any]) -> tuple[Any, ...]:
        sides = sorted([data.in_order(curve["on_weak"]), data.in_order(curve["on_strong"])])
        fit = [data.in_order(curve[name]) for name in ("on_task", "on_strategy", "on_supervisor")]
        return (*fit, sides, order.get(curve["direction"], len(order)))

    return sorted(found, key=place)


def _blocks(data: FigureData, columns: Sequence[dict[str, Any]], means: pl.DataFrame,
            x: str) -> tuple[list[Any], dict[str, list[dict[str, Any]]]]:
    """Blocks of panels of one task and way of fitting, at most _ACROSS side by side, and the tables that they read."""
    import altair as alt

    parts = _parts(columns)
    wide = _wide(parts)
    labels = _labels(data, columns, wide // 6)
    places = {tuple(curve[name] for name in _PAIR): place for place, curve in enumerate(columns)}
    every = [line | {"curve": places.get(tuple(line[name] for name in _PAIR))} for line in means.to_dicts()]
    tables: dict[str, list[dict[str, Any]]] = {}
    blocks = []
    for number, block in enumerate(parts):
        here = [line for line in every if line["curve"] in block]
        shown = {group: [line for line in here if line["measure"] in _GROUPS[group]] for group in _GROUPS}
        held = [group for group in _GROUPS if shown[group]]
        unit = data.unit(columns[block[0]]["divergence"], columns[block[0]]["output_unit"])
        rows = []
        for group in held:
            draw = linear if group in _SHARES else logarithmic if group in _POSITIVE else signed
            scale = draw([line["mean"] for line in shown[group]])
            name = f"{group}-{number}"
            tables[name] = _readable([_point(line, scale, labels) for line in shown[group]], scale)
            row = _Row(name, group, scale, tables[name], [labels[place] for place in block], wide)
            rows.append(row.chart(_words(x) + _unit(data, x), unit, first=group == held[0], last=group == held[-1]))
        blocks.append(alt.vconcat(*rows, spacing=12).resolve_scale(**_OWN))
    return blocks, tables


def _wide(parts: Sequence[Sequence[int]]) -> int:
    """Pixels across a panel, so that the longest of these blocks fits a page."""
    return 215 if max(len(part) for part in parts) <= 4 else 132


def _parts(columns: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """The places of the columns, _ACROSS at a time; tasks stay apart, and ways of fitting unless all are few."""
    together = ("on_task",) if len(columns) <= _ACROSS else ("on_task", "on_strategy", "on_supervisor")
    parts: list[list[int]] = []
    for place, curve in enumerate(columns):
        if parts and len(parts[-1]) < _ACROSS and all(columns[parts[-1][0]][name] == curve[name] for name in together):
            parts[-1].append(place)
        else:
            parts.append([place])
    return parts


def _point(line: Mapping[str, Any], scale: Scale, labels: Sequence[str]) -> dict[str, Any]:
    banded = line["seeds"] >= _LEAST_SEEDS
    return {"curve": labels[line["curve"]], "x": rounded(line["x"]), "measure": line["measure"], "exact": rounded(line["mean"]),
            "mean": rounded(scale.inside(line["mean"])), "seeds": line["seeds"], "cells": line["cells"],
            "low": rounded(scale.inside(line["low"])) if banded else None,
            "high": rounded(scale.inside(line["high"])) if banded else None}


def _readable(points: list[dict[str, Any]], scale: Scale) -> list[dict[str, Any]]:
    """The points, without the bands of a curve that cover its frame everywhere."""
    low, high = scale.settings["domain"]
    by_curve: dict[str, list[dict[str, Any]]] = {}
    for point in points:
        by_curve.setdefault(point["curve"], []).append(point)
    hidden = {curve for curve, mine in by_curve.items() if (banded := [point for point in mine if point["low"] is not None])
              and all(point["low"] <= low and point["high"] >= high for point in banded)}
    return [point | {"low": None, "high": None} if point["curve"] in hidden else point for point in points]


def _labels(data: FigureData, columns: Sequence[Mapping[str, Any]], long: int) -> list[str]:
    """What stands above each column in lines of so many characters: direction, models, and what else tells it apart."""
    models = data.short_names([curve[side] for curve in columns for side in ("on_weak", "on_strong")], nameless=True)
    told = [name for name in ("on_strategy", "on_supervisor", "on_task") if len({curve[name] for curve in columns}) > 1]
    if all(curve["on_strategy"] == curve["on_supervisor"] for curve in columns):
        told = [name for name in told if name != "on_supervisor"]
    shorts = {name: data.short_names([curve[name] for curve in columns]) for name in told}
    return ["\n".join([curve["direction"] or "direction unknown",
                       *pair_lines(models[curve["on_weak"]], models[curve["on_strong"]], long),
                       *(text for name in told for text in broken(shorts[name][curve[name]], long))]) for curve in columns]


@dataclass(frozen=True)
class _Row:
    """One group of measures, a panel of so many pixels for each curve. name: of the table that holds the points."""

    name: str
    group: str
    scale: Scale
    points: Sequence[Mapping[str, Any]]
    curves: Sequence[str]
    wide: int

    def chart(self, words: str, unit: str, *, first: bool, last: bool) -> Any:
        """words: of the number along the axis, below the last row of a block; the first bears the names of the curves."""
        import altair as alt

        x, vertical = self._horizontal(words, last), self._vertical(unit)
        measures, held = tuple(_GROUPS[self.group]), {point["measure"] for point in self.points}
        kinds = Categories("measure", measures, tuple(name for name in measures if name in held),
                           tuple(_GROUPS[self.group].values()))
        base, y, colour = alt.Chart(), alt.Y("mean:Q", **vertical), kinds.colour(**_LEGEND)
        band = base.mark_area(aria=False, opacity=0.16, clip=True).encode(
            x=x, y=alt.Y("low:Q", **vertical), y2="high:Q", color=colour).transform_filter("isValid(datum.low)")
        line = base.mark_line(aria=False, strokeWidth=1.8, clip=True).encode(
            x=x, y=y, color=colour, strokeDash=kinds.dash(**_LEGEND))
        marks = base.mark_point(filled=True, size=34, opacity=1, clip=True).encode(
            x=x, y=y, color=colour, shape=kinds.shape(**_LEGEND),
            tooltip=["measure:N", alt.Tooltip("x:Q", title="x"), alt.Tooltip("exact:Q", title="mean", format=".4g"),
                     alt.Tooltip("low:Q", format=".4g"), alt.Tooltip("high:Q", format=".4g"), "seeds:Q", "cells:Q"])
        zero = base.mark_rule(aria=False, color=INK, strokeWidth=0.6).encode(y=alt.YDatum(0, **vertical))
        layers = [band, line, marks] if self.group in (*_POSITIVE, *_SHARES) else [zero, band, line, marks]
        header = alt.Header(labels=first, labelExpr=BROKEN["labelExpr"], labelLineHeight=13, title=None)
        return alt.layer(*layers, data=named(self.name)).properties(width=self.wide, height=_HIGH).facet(
            column=alt.Column("curve:N", sort=list(self.curves), header=header), spacing=12)

    def _horizontal(self, words: str, last: bool) -> Any:
        import altair as alt

        places = sorted({point["x"] for point in self.points})
        axis = alt.Axis(values=places[::-1][:: 1 + (len(places) - 1) // (self.wide // 30)][::-1], labels=last,
                        labelOverlap="greedy", labelExpr=POWERS)
        title = lines(words, self.wide // 6) if last else None
        return alt.X("x:Q", title=title, axis=axis, scale=alt.Scale(**along_axis(places)))

    def _vertical(self, unit: str) -> dict[str, Any]:
        """Settings of a vertical channel."""
        import altair as alt

        axis = alt.Axis(minExtent=44, **({"values": self.scale.ticks, "labelExpr": POWERS} if self.scale.ticks else
                                         {"tickCount": 5, "format": self.scale.format}))
        words = self.group if not unit or self.group in _SHARES else f"{self.group}, {unit}"
        return {"title": lines(words, 26), "axis": axis, "scale": alt.Scale(**self.scale.settings)}


def _words(x: str) -> str:
    """The number along the axis in words."""
    if "." in x:
        side, parameter = x.split(".", 1)
        return f"{parameter} of the {side}{' model' if side in ('weak', 'strong') else ''}"
    return _SIZES.get(x, x)


def _unit(data: FigureData, x: str) -> str:
    """The unit of a column, as it follows its words; nothing for a parameter, and for a pure number."""
    unit = data.column_unit(x)
    return f", {unit}" if unit else ""


def _caption(cells: int, drawn: int, x: str) -> str:
    parts = ["Lines: means over seeds and draws; bands: 95 %, from three seeds on, cut at the "
             "frame, and none where they cover it. Gain = "
             "misfit + projection + realizability; δ (delta_exact): the student's misfit above the least of its class; the right "
             "side of theorem2-hp bounds err_student. What lies below a logarithmic frame is drawn on its edge."]
    if drawn < cells:
        parts.append(f"{cells - drawn} of {cells} cells are left out: without {x}, or on no curve along it.")
    return " ".join(parts)
