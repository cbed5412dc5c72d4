"""Gain against misfit, the paper's figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts import COLOURS, Drawing, FigureData, generator_for
from w2s_figures.look import INK, Categories, inline, lines, named, of_directions, rounded, tick_format
from w2s_figures.panels import (
    CELL_NAMES,
    Panel,
    finished,
    in_three,
    named_columns,
    panels_of,
    scored,
    shared_words,
)

if TYPE_CHECKING:
    import polars as pl

MOST_BARS = 150
"""Cells of a panel beyond which marks become small and bars are left out."""
MOST_MARKS = 20_000
"""Cells of a figure beyond which a random part of them is drawn."""
_MOST_NAMED = 2_000
_SIDES = {1: (760, 420), 2: (430, 320), 3: (300, 240)}
_KINDS = ("direction", "strategy", "supervisor")


@dataclass(frozen=True)
class GainMisfit:
    """Gain against misfit, one mark a cell, one panel a task set (and value of `by`) with its own scales.

    On the dashed line the gain is the misfit; a bar, drawn for few cells, reaches from the least gain that the law certifies for
    the cell to its misfit.
    """

    by: str

    def applies(self, data: FigureData) -> bool:
        """Whether any cell is scored."""
        return not scored(data).is_empty()

    def draw(self, data: FigureData) -> Drawing:
        """The figure; on a page with a panel for each panel of the study. Raises UsageError where no cell has a score."""
        import altair as alt

        ok = finished(data.rows, ("gain", "misfit"))
        by = named_columns(self.by) or (["panel"] if data.on_page and ok["panels"].explode().n_unique() > 1 else [])
        some = _at_most(ok, MOST_MARKS)
        marked, kinds = _with_kinds(data, some, by)
        bounded = marked.join(data.explicit_bounds(), on=["run_id", "cell_key"], how="left", maintain_order="left").join(
            data.bands(), on=["run_id", "cell_key"], how="left", maintain_order="left")
        panels, left_out = panels_of(data, bounded, by)
        cells = sum(panel.rows.height for panel in panels)
        few = max(panel.rows.height for panel in panels) <= MOST_BARS
        columns = in_three(len(panels))
        tables = {f"cells-{i}": points_of(panel.rows, named=cells <= _MOST_NAMED) for i, panel in enumerate(panels)}
        drawn = [_panel(panel, name, tables[name], kinds, few, _SIDES[columns])
                 for panel, name in zip(panels, tables, strict=True)]
        names = sorted({name for panel in panels for name in panel.rows["divergence"].unique().to_list() if name is not None})
        own_scales = " Each panel has its own scales." if len(panels) > 1 else ""
        banded = bounded["reach"].count()
        caption = (_caption(few, banded, (some.height, ok.height), data.law(names)) + own_scales + shared_words(data, some)
                   + left_out)
        return Drawing("Gain against misfit: is a student better than its teacher by as much as they disagree?", caption,
                       alt.concat(*drawn, columns=columns), columns * (_SIDES[columns][0] + 60), tables)


def _at_most(rows: pl.DataFrame, count: int) -> pl.DataFrame:
    """The rows, or so many of them drawn at random."""
    if rows.height <= count:
        return rows
    chosen = generator_for("cells that are drawn", cells=rows.height).choice(rows.height, count, replace=False)
    return rows[sorted(chosen.tolist())]


def _with_kinds(data: FigureData, rows: pl.DataFrame, by: Sequence[str]) -> tuple[pl.DataFrame, Categories]:
    """The rows with `kind`, which colour and shape tell: the direction where there are several, else the strategy or the
    supervisor where there are."""
    import polars as pl

    found = {name: [value for value in rows[name].unique().to_list() if value is not None] for name in _KINDS}
    if len(found["direction"]) < 2:
        for name in _KINDS[1:]:
            if name not in by and 1 < len(found[name]) <= len(COLOURS):
                words = data.short_names(found[name])
                kinds = tuple(sorted(words.values()))
                return rows.with_columns(pl.col(name).replace(words).alias("kind")), Categories("kind", kinds, kinds)
    return rows.with_columns(pl.col("direction").alias("kind")), of_directions("kind", found["direction"])


def points_of(rows: pl.DataFrame, *, named: bool = True) -> list[dict[str, Any]]:
    """One dictionary a cell: gain, misfit, low and high of its bar (None where no band is certified), its kind.

    rows: with kind, reach, and the verdict of the explicit bound. named: with what a pointer reads, the names of the cell.
    """
    return [_point(row, named) for row in rows.sort(CELL_NAMES, maintain_order=True, nulls_last=True).to_dicts()]


def _point(row: Mapping[str, Any], with_names: bool) -> dict[str, Any]:
    barred = row["reach"] is not None
    point = {"gain": rounded(row["gain"]), "misfit": rounded(row["misfit"]), "kind": row["kind"],
             "low": rounded(row["misfit"] - row["reach"]) if barred else None, "high": rounded(row["misfit"]) if barred else None}
    if not with_names:
        return {name: point[name] for name in ("gain", "misfit", "kind")}
    return point | {name: row[name] for name in CELL_NAMES} | {
        "gain_se": rounded(row["gain_se"]), "verdict": row["verdict"] or "does not apply"}


def frame(points: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Domains of the axes: every point with room about it; the bars may leave it."""
    widest = max(point["misfit"] for point in points) or 1.0
    x = (0.0, 1.06 * widest)
    gains = [point["gain"] for point in points]
    low, high = min(0.0, *gains), max(0.0, x[1], *gains)
    room = 0.08 * (high - low)
    return x, (low - room, high + room)


def _panel(panel: Panel, table: str, points: Sequence[Mapping[str, Any]], kinds: Categories, few: bool,
           size: tuple[int, int]) -> Any:
    import altair as alt

    (x_low, x_high), (y_low, y_high) = frame(points)
    x = alt.X("misfit:Q", title=panel.axis("misfit D(student, weak)"), scale=alt.Scale(domain=[x_low, x_high], nice=False),
              axis=alt.Axis(format=tick_format([x_high]), tickCount=6))
    y_scale = alt.Scale(domain=[y_low, y_high], nice=False)
    gain = panel.axis("gain")
    y = alt.Y("gain:Q", title=gain, scale=y_scale, axis=alt.Axis(format=tick_format([y_high, y_low]), tickCount=6))
    corner = min(x_high, y_high)
    line = alt.Chart(inline([{"misfit": 0, "gain": 0}, {"misfit": corner, "gain": corner}])).mark_line(
        color=INK, strokeDash=[5, 4], strokeWidth=1.2, clip=True).encode(x=x, y=y)
    zero = alt.Chart(inline([{"gain": 0}])).mark_rule(color="#999999", strokeWidth=1).encode(y=y)
    base = alt.Chart(named(table))
    mark = {"size": 62, "opacity": 0.9, "stroke": "white", "strokeWidth": 0.7} if few else {"size": 20, "opacity": 0.4}
    dots = base.mark_point(filled=True, clip=True, **mark).encode(
        x=x, y=y, color=kinds.colour(), shape=kinds.shape(), tooltip=_tips(points))
    layers = [zero, line, dots]
    if few:
        layers.insert(1, base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2.5, opacity=0.22, clip=True).encode(
            x=x, y=alt.Y("low:Q", scale=y_scale, title=gain), y2="high:Q", color=kinds.colour()))
    return alt.layer(*layers).properties(width=size[0], height=size[1], title=lines(panel.title, size[0] // 7))


def _tips(points: Sequence[Mapping[str, Any]]) -> list[Any]:
    import altair as alt

    tips = [alt.Tooltip("gain:Q", format=".4g"), alt.Tooltip("misfit:Q", format=".4g")]
    if "weak" not in points[0]:
        return [*tips, alt.Tooltip("kind:N")]
    return [*(alt.Tooltip(f"{name}:N") for name in CELL_NAMES if name != "seed"), alt.Tooltip("seed:Q"), *tips,
            alt.Tooltip("gain_se:Q", format=".2g", title="gain, standard error"),
            alt.Tooltip("verdict:N", title="explicit bound")]


def _caption(few: bool, banded: int, drawn: tuple[int, int], law: str) -> str:
    """banded: cells with a certified band; drawn: how many cells are, out of how many; law: who foretells their gain."""
    some, cells = drawn
    parts = ["Each mark is one cell." if some == cells else f"Each mark is one cell: {some} drawn at random out of {cells}.",
             f"Dashed: gain = misfit; {law} promises a gain there or above only of the best fit in a convex class that holds the "
             "truth."]
    if banded and few:
        parts.append(f"Bars, of {banded} cells: from the least gain that the law certifies, with ε and δ of the cell on its test "
                     "sample, to the misfit; cut at the frame.")
    elif banded:
        parts.append(f"With more than {MOST_BARS} cells in a panel the band that the law certifies is not drawn.")
    return " ".join(parts)
