"""Errors, gain, misfit and the terms between them against the sample size, both directions side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from w2s_bench.columns import ROWS
from w2s_bench.errors import UsageError
from w2s_bench.plots.along import SIDES, along
from w2s_bench.plots.figure import Figure
from w2s_bench.plots.look import BROKEN, DARK, GREEN, GREY, INK, ORANGE, POWERS, Categories, broken, named, natural, pair_lines, rounded
from w2s_bench.plots.panels import MOST_PANELS, finished, left_out_words, shared_words
from w2s_bench.plots.pooled import over_seeds
from w2s_bench.plots.scales import Scale, logarithmic, signed
from w2s_bench.plots.short import short_names
from w2s_bench.summary import DIRECTIONS, unit_of

if TYPE_CHECKING:
    import polars as pl

HIGH_PROBABILITY = "theorem2-hp"
_RIGHT_SIDE = "right side of theorem2-hp"
_GROUPS: dict[str, dict[str, str]] = {
    "errors": {"err_weak": ORANGE, "err_student": DARK, "err_ceiling": GREEN, _RIGHT_SIDE: GREY},
    "gain, misfit, δ": {"gain": DARK, "misfit": ORANGE, "delta_exact": GREY},
    "between gain and misfit": {"projection": DARK, "realizability": ORANGE}}
"""The panels of a column from above, with their lines."""
_MEASURES = [name for group in _GROUPS.values() for name in group]
_PAIR = tuple(f"on_{side}" for side in SIDES)
_ACROSS, _HIGH = 6, 150
_OWN: dict[str, Any] = {"color": "independent", "shape": "independent", "strokeDash": "independent"}
_LEGEND = {"orient": "right", "symbolStrokeWidth": 0}
_LEAST_SEEDS = 3
"""Below, an interval is too wide to be a picture."""


def sample_size(rows: pl.DataFrame, bounds: pl.DataFrame, x: str = "n_transfer", *, least: int = 2, cut: bool = False) -> Figure:
    """Means over seeds and draws with 95 % bands along `x`: a column of panels for each pair and way of fitting.

    x: see `along`. least: how many values of x a curve must have. cut: draw MOST_PANELS columns and say so where there are
    more. Raises UsageError where no curve is long enough, and without `cut` for more columns than MOST_PANELS.
    """
    import altair as alt
    import polars as pl

    right = bounds.filter((pl.col("bound") == HIGH_PROBABILITY) & (pl.col("split") == "test")).select(
        "run_id", "cell_key", pl.col("rhs").alias(_RIGHT_SIDE)).unique(["run_id", "cell_key"], maintain_order=True)
    ok = finished(rows, ("gain", "misfit")).join(right, on=["run_id", "cell_key"], how="left", maintain_order="left")
    placed = along(ok, x)
    long = placed.filter(pl.col("x").n_unique().over(_PAIR) >= least)
    if long.is_empty():
        raise _too_short(placed, x, least)
    columns = _columns(long)
    if len(columns) > MOST_PANELS and not cut:
        first = columns[0]
        raise UsageError(f"{len(columns)} pairs and ways of fitting, and a figure holds at most {MOST_PANELS}",
                         hint=f"choose some with --where, such as --where 'strategy == \"{first['on_strategy']}\"'")
    blocks, tables = _blocks(columns[:MOST_PANELS], over_seeds(long, [*_PAIR, "x"], _MEASURES), x)
    chart = alt.vconcat(*blocks, spacing=36).resolve_scale(**_OWN)
    left_out = left_out_words(min(len(columns), MOST_PANELS), len(columns))
    return Figure(f"Errors, gain and misfit against {words_for(x)}", _caption(ok, long, x) + left_out, chart,
                  min(len(columns), _ACROSS) * (_wide(len(columns)) + 12) + 160, tables)


def has_curves(rows: pl.DataFrame, least: int) -> bool:
    """Whether some pair of models was scored at this many sizes of the transfer set."""
    import polars as pl

    ok = rows.filter((pl.col("status") == "ok") & pl.col("n_transfer").is_not_null())
    return not ok.is_empty() and bool((along(ok, "n_transfer").group_by(_PAIR).agg(pl.col("x").n_unique())["x"] >= least).any())


def _too_short(placed: pl.DataFrame, x: str, least: int) -> UsageError:
    values = placed["x"].unique().sort().to_list()
    if len(values) >= least:
        what = f"no pair of models was run at {least} values of {x}: each value goes with other models or tasks"
    else:
        what = f"{x} is {' and '.join(f'{value:g}' for value in values)} in all cells, and a curve needs {least} values or more"
    return UsageError(what, where="--x", hint="run one pair at several sizes, or name another column with --x")


def _columns(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The curves in the order in which they are drawn, the two directions of a pair side by side, with their names and unit."""
    import polars as pl

    found = rows.group_by(_PAIR, maintain_order=True).agg(
        pl.col("direction").mode().sort().first(), pl.col("divergence").first(), pl.col("output_unit").first()).to_dicts()
    order = {direction: place for place, direction in enumerate(DIRECTIONS)}

    def place(curve: dict[str, Any]) -> tuple[Any, ...]:
        sides = sorted([natural(curve["on_weak"]), natural(curve["on_strong"])])
        return (natural(curve["on_task"]), natural(curve["on_strategy"]), natural(curve["on_supervisor"]), sides,
                order.get(curve["direction"], len(order)))

    return sorted(found, key=place)


def _blocks(columns: Sequence[dict[str, Any]], means: pl.DataFrame, x: str) -> tuple[list[Any], dict[str, list[dict[str, Any]]]]:
    """Blocks of panels of one task and way of fitting, at most _ACROSS side by side, and the tables that they read."""
    import altair as alt

    labels = _labels(columns)
    places = {tuple(curve[name] for name in _PAIR): place for place, curve in enumerate(columns)}
    lines = [line | {"curve": places.get(tuple(line[name] for name in _PAIR))} for line in means.to_dicts()]
    tables: dict[str, list[dict[str, Any]]] = {}
    blocks = []
    for number, block in enumerate(_parts(columns)):
        here = [line for line in lines if line["curve"] in block]
        shown = {group: [line for line in here if line["measure"] in _GROUPS[group]] for group in _GROUPS}
        held = [group for group in _GROUPS if shown[group]]
        rows = []
        for group in held:
            scale = (logarithmic if group == "errors" else signed)([line["mean"] for line in shown[group]])
            name = f"{group}-{number}"
            tables[name] = [_point(line, scale, labels) for line in shown[group]]
            ends = (group == held[0], group == held[-1])
            rows.append(_row(name, group, _axes(group, scale, columns[block[0]], x, tables[name], ends[1]),
                             [labels[place] for place in block], ends, _wide(len(columns))))
        blocks.append(alt.vconcat(*rows, spacing=12).resolve_scale(**_OWN))
    return blocks, tables


def _wide(count: int) -> int:
    """Pixels across each of this many columns."""
    return 215 if count <= 4 else 156


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


def _labels(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """What stands above each column: its direction, its models, and what else tells it apart from the others."""
    models = short_names([curve[side] for curve in columns for side in ("on_weak", "on_strong")], nameless=True)
    told = [name for name in ("on_strategy", "on_supervisor", "on_task") if len({curve[name] for curve in columns}) > 1]
    if all(curve["on_strategy"] == curve["on_supervisor"] for curve in columns):
        told = [name for name in told if name != "on_supervisor"]
    shorts = {name: short_names([curve[name] for curve in columns]) for name in told}
    long = _wide(len(columns)) // 6
    return ["\n".join([(curve["direction"] or "direction unknown"), *pair_lines(models[curve["on_weak"]], models[curve["on_strong"]], long),
                       *(text for name in told for text in broken(shorts[name][curve[name]], long))]) for curve in columns]


def _axes(group: str, scale: Scale, curve: Mapping[str, Any], x: str, points: Sequence[Mapping[str, Any]],
          last: bool) -> tuple[Any, dict[str, Any]]:
    """The horizontal channel, and the settings of the vertical ones."""
    import altair as alt

    unit = unit_of(curve["divergence"], curve["output_unit"])
    places = sorted({point["x"] for point in points})
    wide = places[0] > 0 and places[-1] / places[0] >= 8
    x_axis = alt.Axis(values=places if len(places) <= 12 else alt.Undefined, labels=last, labelOverlap="greedy", format="~g")
    y_axis = alt.Axis(minExtent=44, **({"values": scale.ticks, "labelExpr": POWERS} if scale.ticks else
                                       {"tickCount": 5, "format": scale.format}))
    return (alt.X("x:Q", title=words_for(x) if last else None, axis=x_axis,
                  scale=alt.Scale(type="log" if wide else "linear", zero=False, nice=False, padding=8)),
            {"title": f"{group}, {unit}" if unit else group, "axis": y_axis, "scale": alt.Scale(**scale.settings)})


def _row(name: str, group: str, axes: tuple[Any, dict[str, Any]], curves: Sequence[str], ends: tuple[bool, bool],
         wide: int) -> Any:
    """One group of measures, a panel a curve."""
    import altair as alt

    x, vertical = axes
    measures = tuple(_GROUPS[group])
    kinds = Categories("measure", measures, measures, tuple(_GROUPS[group].values()))
    base, y, colour = alt.Chart(), alt.Y("mean:Q", **vertical), kinds.colour(**_LEGEND)
    band = base.mark_area(opacity=0.16, clip=True).encode(
        x=x, y=alt.Y("low:Q", **vertical), y2="high:Q", color=colour).transform_filter("isValid(datum.low)")
    line = base.mark_line(strokeWidth=1.8, clip=True).encode(x=x, y=y, color=colour, strokeDash=kinds.dash())
    marks = base.mark_point(filled=True, size=34, opacity=1, clip=True).encode(
        x=x, y=y, color=colour, shape=kinds.shape(**_LEGEND),
        tooltip=["measure:N", alt.Tooltip("x:Q", title="x"), alt.Tooltip("exact:Q", title="mean", format=".4g"),
                 alt.Tooltip("low:Q", format=".4g"), alt.Tooltip("high:Q", format=".4g"), "seeds:Q", "cells:Q"])
    zero = base.mark_rule(color=INK, strokeWidth=0.6).encode(y=alt.YDatum(0, **vertical))
    layers = [band, line, marks] if group == "errors" else [zero, band, line, marks]
    header = alt.Header(labels=ends[0], labelExpr=BROKEN["labelExpr"], labelLineHeight=13, title=None)
    return alt.layer(*layers, data=named(name)).properties(width=wide, height=_HIGH).facet(
        column=alt.Column("curve:N", sort=list(curves), header=header), spacing=12)


def words_for(x: str) -> str:
    """The number along the axis in words, with its unit."""
    if x == "n_transfer":
        return "size of the transfer set, examples"
    if "." in x:
        side, parameter = x.split(".", 1)
        return f"{parameter} of the {side} {'model' if side in ('weak', 'strong') else 'label'}".replace("task label", "task")
    unit = next((column.unit for column in ROWS if column.name == x), "")
    return f"{x}, {unit}" if unit not in ("", "1", "D", "label") else x


def _caption(ok: pl.DataFrame, drawn: pl.DataFrame, x: str) -> str:
    parts = ["Lines: means over seeds and draws; bands: 95 % over three seeds or more (Student-t), cut at the frame. Gain = "
             "misfit + projection + realizability; δ (delta_exact): the student's misfit above the least one of its class.",
             "What lies below a logarithmic frame is drawn on its lower edge."]
    if drawn.height < ok.height:
        parts.append(f"{ok.height - drawn.height} of {ok.height} cells are left out: they have no {x}, or are on no curve along "
                     "it.")
    return " ".join(parts) + shared_words(drawn)
