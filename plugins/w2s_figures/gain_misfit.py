"""Gain against misfit, the paper's figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts import COLOURS, Drawing, FigureData, generator_for
from w2s_figures.look import INK, Categories, inline, lines, named, of_directions, rounded, short_number, tick_format
from w2s_figures.names import Frame, names_beside
from w2s_figures.panels import (
    CELL_NAMES,
    Panel,
    finished,
    in_three,
    named_columns,
    none_left,
    panels_of,
    scored,
    shared_words,
    some_fit,
    too_wide,
)

if TYPE_CHECKING:
    import polars as pl

MOST_PAIRS = 60
"""Pairs of a panel beyond which its cells are drawn instead, small and without intervals."""
MOST_MARKS = 20_000
"""Cells of a figure beyond which a random part of them is drawn."""
_MOST_FAINT = 150
"""Cells of a panel that are drawn faintly beside their means."""
_SIDES = {1: (760, 420), 2: (430, 320), 3: (300, 240)}
_KINDS = ("direction", "strategy", "supervisor")
_PAIR = ("weak", "strong", "strategy", "supervisor", "direction")
_FURTHER = 4.0
"""How far beyond its marks a frame follows intervals, in ranges of the marks."""
_MOST_NAMED = 24
"""Pairs of a panel beyond which names would hide the marks."""


@dataclass(frozen=True)
class GainMisfit:
    """Gain against misfit, one mark a pair of models and way of fitting, one panel a task set (and value of `by`) with its own
    scales.

    On the dashed line the gain is the misfit. A bar is the 95 % interval of the gain; the light area behind it reaches from the
    least gain that the law certifies to the misfit.
    """

    by: str

    def applies(self, data: FigureData) -> bool:
        """Whether any cell is scored."""
        return not scored(data).is_empty()

    def draw(self, data: FigureData) -> Drawing:
        """The figure; on a page with a panel for each panel of the study. Raises UsageError where no cell has a score, or every
        interval is wider than its frame."""
        import altair as alt

        ok = finished(data.rows, ("gain", "misfit"))
        by = named_columns(self.by) or (["panel"] if data.on_page and ok["panels"].explode().n_unique() > 1 else [])
        marked, kinds = _with_kinds(data, ok, by)
        bounded = marked.join(data.bands(), on=["run_id", "cell_key"], how="left", maintain_order="left")
        found, left_out = panels_of(data, bounded, by)
        pairs = max(panel.rows.select(_PAIR).n_unique() for panel in found) <= MOST_PAIRS
        drawn = [_Panel(panel, _pairs(data, panel.rows) if pairs else [], panel.rows) for panel in found]
        wide = [panel.panel.title for panel in drawn if not panel.readable()]
        drawn = [panel for panel in drawn if panel.readable()]
        if not drawn:
            raise none_left(wide)
        columns = in_three(len(drawn))
        cells = sum(panel.rows.height for panel in drawn)
        tables: dict[str, list[dict[str, Any]]] = {}
        charts = []
        for number, panel in enumerate(drawn):
            share = _at_most(panel.rows, max(1, MOST_MARKS * panel.rows.height // cells))
            tables[f"pairs-{number}"] = panel.pairs
            tables[f"cells-{number}"] = _cells(share) if not pairs or panel.rows.height <= _MOST_FAINT else []
            charts.append(_chart(panel, number, kinds, _SIDES[columns], tables))
        names = sorted({name for panel in drawn for name in panel.rows["divergence"].unique() if name is not None})
        shown = sum(len(table) for name, table in tables.items() if name.startswith("cells"))
        scales = " Each panel has its own scales." if len(drawn) > 1 else ""
        caption = _caption(drawn, (shown, cells), data.law(names or [None])) + scales
        return Drawing("Gain against misfit: is a student better than its teacher by as much as they disagree?",
                       caption + shared_words(data, ok) + too_wide(wide) + left_out, alt.concat(*charts, columns=columns),
                       columns * (_SIDES[columns][0] + 60), tables)


@dataclass(frozen=True)
class _Panel:
    """One frame. pairs: a dictionary a pair, or none where they are too many; rows: the cells."""

    panel: Panel
    pairs: list[dict[str, Any]]
    rows: pl.DataFrame

    def readable(self) -> bool:
        """Whether any interval is narrower than the frame."""
        return some_fit(((pair["gain_low"], pair["gain_high"]) for pair in self.pairs), self.frame()[1])

    def frame(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Domains of the axes: every mark with room about it, and intervals up to _FURTHER times that far; areas may leave it."""
        points = self.pairs or self.rows.select("gain", "misfit").to_dicts()
        x_high = 1.06 * (max(point["misfit"] for point in points) or 1.0)
        gains = [point["gain"] for point in points]
        low, high = min(0.0, *gains), max(0.0, *gains)
        high = max(high, min(x_high, 2.0 * high)) if high > low else x_high
        reach = _FURTHER * (high - low)
        ends = [end for pair in self.pairs for end in (pair["gain_low"], pair["gain_high"]) if end is not None]
        low, high = max(min([low, *ends]), low - reach), min(max([high, *ends]), high + reach)
        room = 0.08 * (high - low)
        return (0.0, x_high), (low - room, high + room)


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


def _pairs(data: FigureData, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """One dictionary a pair and way of fitting: its names, gain with its interval, misfit, and low and high of its area, means
    over its cells (None where the law is not certified of all of them).

    rows: with kind, and the reach of the law.
    """
    import polars as pl

    names = data.short_names([*rows["weak"].unique(), *rows["strong"].unique()], nameless=True)
    of_one = {side: rows[side].n_unique() == 1 for side in ("weak", "strong")}
    certified = pl.col("reach").is_not_null().all()
    areas = {tuple(line[name] for name in _PAIR): line for line in rows.group_by(_PAIR, maintain_order=True).agg(
        pl.col("kind").first(), pl.when(certified).then((pl.col("misfit") - pl.col("reach")).mean()).alias("low"),
        pl.when(certified).then(pl.col("misfit").mean()).alias("high")).to_dicts()}
    found = []
    for line in data.pairs(rows).to_dicts():
        area = areas[tuple(line[name] for name in _PAIR)]
        found.append({
            "pair": _named(names[line["weak"]], names[line["strong"]], of_one),
            "teacher": names[line["weak"]], "student": names[line["strong"]], "strategy": line["strategy"],
            "supervisor": line["supervisor"], "kind": area["kind"],
            **{name: rounded(line[name]) for name in ("misfit", "gain", "gain_low", "gain_high")},
            "low": rounded(area["low"]), "high": rounded(area["high"]), "over": line["gain_over"] or "one cell",
            "seeds": line["seeds"], "cells": line["cells"], "_told": _told(line, names)})
    return found


def _named(teacher: str, student: str, of_one: Mapping[str, bool]) -> str:
    """A pair's name in its panel. of_one: whether all pairs have this teacher (`weak`), or this student (`strong`)."""
    if of_one["strong"]:
        return teacher
    return f"→ {student}" if of_one["weak"] else f"{teacher} → {student}"


def _told(line: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What a pointer reads at a pair."""
    ends = "" if line["gain_low"] is None else f" ({short_number(line['gain_low'])} to {short_number(line['gain_high'])})"
    seeds = f"{line['seeds']} seed{'' if line['seeds'] == 1 else 's'}"
    return "; ".join((f"{names[line['weak']]} → {names[line['strong']]}",
                      f"{line['strategy']}, {line['direction'] or 'undirected'}",
                      f"gain {short_number(line['gain'])}{ends}", f"misfit {short_number(line['misfit'])}", seeds))


def _cells(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """One dictionary a cell: gain, misfit and its kind."""
    return [{"gain": rounded(row["gain"]), "misfit": rounded(row["misfit"]), "kind": row["kind"]}
            for row in rows.sort(CELL_NAMES, maintain_order=True, nulls_last=True).to_dicts()]


def _chart(drawn: _Panel, number: int, kinds: Categories, size: tuple[int, int],
           tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> Any:
    import altair as alt

    (x_low, x_high), (y_low, y_high) = drawn.frame()
    panel = drawn.panel
    y_scale = alt.Scale(domain=[y_low, y_high], nice=False)

    def along(field: str) -> Any:
        return alt.X(f"{field}:Q", title=panel.axis("misfit D(student, weak)"), axis=alt.Axis(
            format=tick_format([x_high]), tickCount=6), scale=alt.Scale(domain=[x_low, x_high], nice=False))

    def up(field: str) -> Any:
        return alt.Y(f"{field}:Q", title=panel.axis("gain"), scale=y_scale,
                     axis=alt.Axis(format=tick_format([y_high, y_low]), tickCount=6))

    x = along("misfit")
    corner = min(x_high, y_high)
    line = alt.Chart(inline([{"misfit": 0, "gain": 0}, {"misfit": corner, "gain": corner}])).mark_line(
        color=INK, strokeDash=[5, 4], strokeWidth=1.2, clip=True, aria=False).encode(x=x, y=up("gain"))
    zero = alt.Chart(inline([{"gain": 0}])).mark_rule(color="#999999", strokeWidth=1, aria=False).encode(y=up("gain"))
    some = len(drawn.pairs) <= _MOST_NAMED
    cells, base = alt.Chart(named(f"cells-{number}")), alt.Chart(named(f"pairs-{number}"))
    size_of_cell, pale = (12, 0.3) if drawn.pairs else (20, 0.4)
    dots = cells.mark_point(filled=True, clip=True, size=size_of_cell, opacity=pale, aria=False).encode(
        x=x, y=up("gain"), color=kinds.colour(), shape=kinds.shape())
    wide, light = (13, 0.1) if some else (7, 0.05)
    areas = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=wide, opacity=light, clip=True, aria=False).encode(
        x=x, y=up("low"), y2="high:Q", color=kinds.colour())
    bars = base.transform_filter("isValid(datum.gain_low)").mark_rule(strokeWidth=1.8, clip=True, aria=False).encode(
        x=x, y=up("gain_low"), y2="gain_high:Q", color=kinds.colour())
    marks = base.mark_point(filled=True, clip=True, size=70, opacity=1, stroke="white", strokeWidth=0.8).encode(
        x=x, y=up("gain"), color=kinds.colour(), shape=kinds.shape(), description="_told:N", tooltip=alt.Tooltip("_told:N"))
    words = names_beside([(pair["misfit"], pair["gain"], pair["pair"]) for pair in drawn.pairs],
                         Frame((x_low, x_high), (y_low, y_high), *size), along("x"), up("y"))
    layers = [zero, areas, line, dots, bars, marks, *([words] if some else [])] if drawn.pairs else [zero, line, dots]
    return alt.layer(*layers).properties(width=size[0], height=size[1], title=lines(panel.title, size[0] // 7))


def _caption(drawn: Sequence[_Panel], cells: tuple[int, int], law: str) -> str:
    """cells: how many are drawn, of how many. law: who foretells their gain."""
    shown, all_cells = cells
    parts = [f"Dashed: gain = misfit; {law} promises a gain there or above only of the best fit in a convex class that holds the "
             "truth."]
    pairs = [pair for panel in drawn for pair in panel.pairs]
    if not pairs:
        number = "Each mark is one cell." if shown == all_cells else (
            f"Each mark is one cell: {shown} drawn at random out of {all_cells}.")
        return " ".join([number, *parts, f"With more than {MOST_PAIRS} pairs in a panel neither intervals nor bounds are drawn."])
    marks = "Each mark is a pair of models, its seeds averaged, named where there is room, by teacher → student where both differ"
    marks += "; small marks are its cells." if shown else "."
    over = sorted({pair["over"] for pair in pairs if pair["gain_low"] is not None})
    bars = (f"Bars: 95 % interval of the gain over {' or '.join(over)}, cut at the frame." if over else
            "Nothing is known of the spread, so there are no bars.")
    lit = sum(pair["low"] is not None for pair in pairs)
    areas = [f"Light area, of {lit} pairs: from the least gain that the law certifies, with ε and δ of the cells on their test "
             "samples, to the misfit."] if lit else []
    return " ".join([marks, *parts, bars, *areas])
