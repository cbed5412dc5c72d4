"""How tight each bound is: its left side over its right side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts import Drawing, FigureData, UsageError
from w2s_figures.look import DARK, GREY, INK, ORANGE, Categories, inline, lines, named
from w2s_figures.panels import cell_bounds, finished, named_columns, panels_of, scored

if TYPE_CHECKING:
    import polars as pl

EDGE = 2.0
"""Ratios beyond are drawn at the frame."""
CLASSES = ("certified", "no statement", "says nothing")
"""What a bound is on a sample; only one that is certified and says something has a ratio."""
_STATED = ("holds", "undecided", "violated")
_SPLITS = ("train", "test")
_TOLD = {"train": "on the student's training inputs", "test": "on the test split"}
_MOST_TICKS = 3000
"""Bounds of a figure beyond which only their quantiles are drawn."""


@dataclass(frozen=True)
class Tightness:
    """The distribution of lhs/rhs of each bound where it is certified and says something, on training inputs and on test; other
    cells are counted.

    Task sets are pooled, for a ratio has no unit, unless `by` makes panels.
    """

    by: str

    def applies(self, data: FigureData) -> bool:
        """Whether any bound says something of a cell."""
        return bool(data.bounds["verdict"].is_in(_STATED).any()) and not scored(data).is_empty()

    def draw(self, data: FigureData) -> Drawing:
        """The figure. Raises UsageError where no bound is known."""
        import altair as alt
        import polars as pl

        ok = finished(data.rows)
        drawn: list[Any] = []
        tables: dict[str, list[dict[str, Any]]] = {}
        splits = [split for split in _SPLITS if cell_bounds(ok, data.bounds)["split"].eq(split).any()]
        if not splits:
            raise UsageError("no bounds are known of these cells, so there is no tightness to draw",
                             hint="name a run folder, or keep bounds.parquet beside the rows file")
        panels, left_out = panels_of(data, ok, named_columns(self.by), pooled=True)
        ordered = sorted(data.bounds["bound"].unique().to_list())
        for number, panel in enumerate(panels):
            known = _classed(cell_bounds(panel.rows, data.bounds))
            shown = [name for name in ordered if known["bound"].eq(name).any()]
            for split in splits:
                key = f"{split}-{number}"
                part = known.filter(pl.col("split") == split)
                tables[f"boxes-{key}"] = list(_boxes(part, shown))
                tables[f"ticks-{key}"] = _ticks(part)
                above = [*lines(panel.title, 50), _TOLD[split]] if panel.title else [_TOLD[split]]
                drawn.append(_panel(key, above, shown, split == splits[0]))
        if sum(len(table) for name, table in tables.items() if name.startswith("ticks")) > _MOST_TICKS:
            tables |= {name: [] for name in tables if name.startswith("ticks")}
        return Drawing("How tight each bound is: lhs / rhs, cell by cell", _CAPTION + left_out,
                       alt.concat(*drawn, columns=len(splits), spacing=20), len(splits) * (_WIDE + 160), tables)


_CAPTION = (f"1 is equality; beyond 1 the bound is not met; ratios beyond {EDGE:g} are drawn at the frame. Ticks: cells. Thin "
            "lines: 5 to 95 %; thick: the middle half; marks: medians. No statement: an assumption is not certified, so there is "
            "no ratio; exceeded: above the right side beyond noise even so. Says nothing: certified, and promises nothing. "
            "n counts cells.")


def _classed(bounds: pl.DataFrame) -> pl.DataFrame:
    """With `class`, by the verdict; and `at`, the ratio cut at EDGE, and at 1 where it holds: beyond is then rounding, when both
    sides are all but 0."""
    import polars as pl

    certified, open_, empty = (pl.lit(name) for name in CLASSES)
    stated = pl.col("verdict").is_in(_STATED).fill_null(False)
    return bounds.with_columns(
        pl.when(stated).then(certified).when(pl.col("verdict") == CLASSES[2]).then(empty).otherwise(open_).alias("class"),
        pl.when(stated).then(pl.col("tightness").clip(
            0.0, pl.when(pl.col("verdict") == "holds").then(1.0).otherwise(EDGE))).alias("at"))


def _boxes(bounds: pl.DataFrame, shown: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A line a bound and class: its quantiles, cut at EDGE, and what its number says."""
    import polars as pl

    for name in shown:
        for kind in CLASSES:
            part = bounds.filter((pl.col("bound") == name) & (pl.col("class") == kind))
            if part.is_empty():
                continue
            ratios = part["at"].drop_nulls()
            found: dict[str, Any] = {"bound": name, "class": kind, "count": _count(part)}
            for key, share in (("low", 0.05), ("first", 0.25), ("median", 0.5), ("third", 0.75), ("high", 0.95)):
                value = ratios.quantile(share, "linear")
                found[key] = None if value is None else round(value, 5)
            yield found


def _count(part: pl.DataFrame) -> str:
    kind = part["class"][0]
    if kind != CLASSES[0]:
        exceeded = int(part["exceeded"].sum() or 0) if kind == CLASSES[1] else 0
        return f"n = {part.height} {kind}" + (f", {exceeded} exceeded" if exceeded else "")
    missing, violated = part["tightness"].null_count(), part["verdict"].eq("violated").sum()
    more = [f"{violated} violated"] if violated else []
    more += [f"{missing} without ratio"] if missing else []
    return ", ".join([f"n = {part.height}", *more])


def _ticks(bounds: pl.DataFrame) -> list[dict[str, Any]]:
    return [{"bound": bound, "class": kind, "at": round(at, 4)} for bound, kind, at in
            bounds.drop_nulls("at").sort("bound", "class", "at").select("bound", "class", "at").iter_rows()]


def _panel(key: str, title: list[str], shown: Sequence[str], first: bool) -> Any:
    import altair as alt

    kinds = Categories("class", CLASSES, CLASSES[:1], (DARK, ORANGE, GREY))
    x_scale = alt.Scale(domain=[0, EDGE], nice=False)
    axis = alt.Axis(values=[0, 0.5, 1, 1.5, 2], format="~f", title="lhs / rhs", grid=True)
    y = alt.Y("bound:N", scale=alt.Scale(domain=list(shown)), title=None, axis=alt.Axis(
        ticks=False, domain=False, labels=first, labelPadding=8, grid=True, tickBand="extent"))
    offset = alt.YOffset("class:N", scale=alt.Scale(domain=list(CLASSES), paddingInner=0.1, paddingOuter=0.25))
    boxes = alt.Chart(named(f"boxes-{key}"))

    def along(field: str) -> Any:
        return alt.X(f"{field}:Q", scale=x_scale, axis=axis)

    ticks = alt.Chart(named(f"ticks-{key}")).mark_tick(aria=False, thickness=1, opacity=0.25, size=11).encode(
        x=along("at"), y=y, yOffset=offset, color=kinds.colour())
    thin = boxes.mark_rule(aria=False, strokeWidth=1.2).encode(
        x=along("low"), x2="high:Q", y=y, yOffset=offset, color=kinds.colour())
    thick = boxes.mark_rule(aria=False, strokeWidth=5, opacity=0.75).encode(
        x=along("first"), x2="third:Q", y=y, yOffset=offset, color=kinds.colour())
    medians = boxes.mark_point(filled=True, size=70, opacity=1, stroke="white", strokeWidth=1).encode(
        x=along("median"), y=y, yOffset=offset, color=kinds.colour(), shape=kinds.shape(),
        tooltip=["bound:N", "class:N", "count:N", *(alt.Tooltip(f"{q}:Q", format=".3g") for q in ("low", "median", "high"))])
    words = boxes.mark_text(aria=False, align="left", fontSize=10, color="#555555", dx=6).encode(
        x=alt.value(_WIDE), y=y, yOffset=offset, text="count:N")
    equality = alt.Chart(inline([{"at": 1}])).mark_rule(aria=False, color=INK, strokeDash=[5, 4]).encode(x=along("at"))
    return alt.layer(equality, ticks, thin, thick, medians, words).properties(
        width=_WIDE, height=58 * len(shown), title=title)


_WIDE = 270
