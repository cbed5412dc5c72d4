"""Tables as figures. Colours and shapes stay apart for colour-blind readers and in grey."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s_bench.errors import UsageError, nearest
from w2s_bench.summary import bound_on_test, unit_of

if TYPE_CHECKING:
    import altair
    import polars as pl

DIRECTIONS = ("weak-to-strong", "strong-to-weak", "same")
_COLOURS = ("#0b3c6f", "#e08a1e", "#8a8a8a")
_SHAPES = ("circle", "triangle-up", "square")
_FORMATS = (".png", ".svg", ".html")
_NAMES = ("task", "weak", "strong", "strategy", "supervisor", "seed", "direction")
_SIDE = {1: (760, 420), 2: (430, 320)}
_FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"


def gain_misfit(rows: pl.DataFrame, bounds: pl.DataFrame) -> altair.Chart:
    """Gain against misfit, one panel a task set with its own scales: the line is Theorem 1, the bars are Theorem 2.

    A bar spans misfit ± 2·sqrt(misfit·ε), within which the gain lies when the class is a linear subspace;
    ε is the ceiling's error. A bar that leaves the panel is cut at its frame.
    """
    import altair as alt

    points = points_of(rows, bounds)
    tasks = list(dict.fromkeys(point["task_set"] for point in points))
    columns = 2 if len(tasks) > 1 else 1
    seen = [direction for direction in DIRECTIONS if any(p["direction"] == direction for p in points)]
    panels = [_panel(task, [p for p in points if p["task_set"] == task], seen, _SIDE[columns]) for task in tasks]
    if not panels:
        panels = [alt.Chart(_inline([{"words": "no cell with status ok"}])).mark_text(size=14).encode(
            text="words:N").properties(width=420, height=120)]
    chart: Any = alt.concat(*panels, columns=columns).configure(
        font=_FONT, background="#fcfcfb").configure_view(stroke="#d5d5d5").configure_axis(
        gridColor="#eeeeee", domainColor="#999999", tickColor="#999999", labelColor="#444444", titleColor="#222222",
        titleFontWeight="normal", labelFontSize=11, titleFontSize=12).configure_title(
        anchor="start", fontSize=13, fontWeight="bold", color="#222222").configure_legend(
        orient="top", title=None, labelFontSize=12, symbolSize=90, symbolOpacity=1)
    return chart  # type: ignore[no-any-return]


def points_of(rows: pl.DataFrame, bounds: pl.DataFrame) -> list[dict[str, Any]]:
    """One dictionary a finished cell: its names, gain, gain_se, misfit, unit, and low and high of its bar.

    low and high are None where the explicit bound does not apply.
    """
    import polars as pl

    ok = rows.filter((pl.col("status") == "ok") & pl.all_horizontal(pl.col("gain", "misfit").is_finite())).join(
        bound_on_test(bounds), on=["run_id", "cell_key"], how="left", maintain_order="left")
    return [_point(row) for row in ok.sort(_NAMES, maintain_order=True).to_dicts()]


def _point(row: Mapping[str, Any]) -> dict[str, Any]:
    reach = _reach(row)
    point = {**{name: row[name] for name in (*_NAMES, "task_set")}, "gain": row["gain"], "gain_se": row["gain_se"],
             "misfit": row["misfit"], "unit": unit_of(row["divergence"], row["output_unit"]),
             "verdict": row["verdict"] or "does not apply", "low": None, "high": None}
    if reach is not None:
        point |= {"low": row["misfit"] - reach, "high": row["misfit"] + reach}
    return point


def _reach(row: Mapping[str, Any]) -> float | None:
    """2·sqrt(m·ε): from the bound's own right side where it is written, else from the ceiling's error."""
    if row["divergence"] not in ("squared", "brier"):
        return None
    if row["rhs"] is not None and row["err_weak"] is not None:
        return max(0.0, float(row["rhs"] - row["err_weak"] + row["misfit"]))
    if row["err_ceiling"] is None:
        return None
    return 2.0 * math.sqrt(max(0.0, row["misfit"] * row["err_ceiling"]))


def frame(points: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Domains of the axes: every point with room about it; the bars may leave it."""
    widest = max(point["misfit"] for point in points) or 1.0
    x = (0.0, 1.06 * widest)
    gains = [point["gain"] for point in points]
    low, high = min(0.0, *gains), max(0.0, x[1], *gains)
    room = 0.08 * (high - low)
    return x, (low - room, high + room)


def _panel(task: str, points: Sequence[Mapping[str, Any]], seen: Sequence[str], size: tuple[int, int]) -> Any:
    """One task. seen: the directions of the whole figure, because its panels share one legend."""
    import altair as alt

    (x_low, x_high), (y_low, y_high) = frame(points)
    unit = next((f", {point['unit']}" for point in points if point["unit"]), "")
    x = alt.X("misfit:Q", title=f"misfit D(student, weak){unit}", scale=alt.Scale(domain=[x_low, x_high], nice=False),
              axis=alt.Axis(format=_tick_format(x_high), tickCount=6))
    y_scale = alt.Scale(domain=[y_low, y_high], nice=False)
    y = alt.Y("gain:Q", title=f"gain{unit}", scale=y_scale, axis=alt.Axis(format=_tick_format(max(y_high, -y_low)), tickCount=6))
    corner = min(x_high, y_high)
    line = alt.Chart(_inline([{"misfit": 0, "gain": 0}, {"misfit": corner, "gain": corner}])).mark_line(
        color="#333333", strokeDash=[5, 4], strokeWidth=1.2, clip=True).encode(x=x, y=y)
    zero = alt.Chart(_inline([{"gain": 0}])).mark_rule(color="#999999", strokeWidth=1).encode(y=y)
    base = alt.Chart(_inline([dict(p) for p in points]))
    colour = alt.Color("direction:N", scale=alt.Scale(domain=list(DIRECTIONS), range=list(_COLOURS)),
                       legend=alt.Legend(values=list(seen)))
    shape = alt.Shape("direction:N", scale=alt.Scale(domain=list(DIRECTIONS), range=list(_SHAPES)),
                      legend=alt.Legend(values=list(seen)))
    bars = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2.5, opacity=0.22, clip=True).encode(
        x=x, y=alt.Y("low:Q", scale=y_scale, title=f"gain{unit}"), y2="high:Q", color=colour)
    tips = [*(alt.Tooltip(f"{name}:N") for name in _NAMES[:5]), alt.Tooltip("seed:Q"), alt.Tooltip("direction:N"),
            alt.Tooltip("gain:Q", format=".4g"), alt.Tooltip("gain_se:Q", format=".2g", title="gain, standard error"),
            alt.Tooltip("misfit:Q", format=".4g"), alt.Tooltip("verdict:N", title="explicit bound")]
    dots = base.mark_point(filled=True, size=62, opacity=0.9, stroke="white", strokeWidth=0.7, clip=True).encode(
        x=x, y=y, color=colour, shape=shape, tooltip=tips)
    return alt.layer(zero, bars, line, dots).properties(width=size[0], height=size[1], title=task)


def _inline(values: list[dict[str, Any]]) -> Any:
    import altair as alt

    return alt.Data(values=values)  # type: ignore[no-untyped-call]


def _tick_format(largest: float) -> str:
    return "~s" if largest >= 1e4 or largest < 1e-3 else ",~f"


def save(chart: altair.Chart, path: Path) -> None:
    """Write the figure as .png, .svg or .html; the page holds its scripts and asks for nothing. Raises UsageError."""
    if path.suffix not in _FORMATS:
        raise UsageError(f"cannot write a figure as {path.suffix or 'a file without a suffix'}", where=str(path),
                         hint=nearest(path.suffix, _FORMATS))
    import vl_convert

    spec = chart.to_dict()
    if path.suffix == ".png":
        path.write_bytes(vl_convert.vegalite_to_png(spec, scale=2.0))
    elif path.suffix == ".svg":
        path.write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")
    else:
        page = ("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>gain and misfit</title></head>"
                f"<body>{embed(chart)}</body></html>\n")
        path.write_text(page, encoding="utf-8")


def embed(chart: altair.Chart, name: str = "figure") -> str:
    """The figure as HTML to put into a page: an element of this id and the scripts that draw it, all inline."""
    import json

    import vl_convert

    def in_script(text: str) -> str:
        return text.replace("</script", "<\\/script")

    spec = json.dumps(chart.to_dict(), sort_keys=True).replace("<", "\\u003c")
    options = ('{"mode": "vega-lite", "renderer": "svg", '
               '"actions": {"export": true, "source": false, "compiled": false, "editor": false}}')
    scripts = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    return (f'<div id="{name}"></div>\n<script>{in_script(scripts)}</script>\n'
            f'<script>vegaEmbed("#{name}", {spec}, {options});</script>')
