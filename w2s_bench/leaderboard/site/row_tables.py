"""The tables of rows: one line a row, and one line a configuration, which is rows that differ in their seed alone."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from w2s_bench.leaderboard.board import Value
from w2s_bench.leaderboard.site.addresses import page_of
from w2s_bench.leaderboard.site.contents import SIDES, Configuration, Contents, Row
from w2s_bench.leaderboard.site.figures_in_words import figure, interval, percent
from w2s_bench.leaderboard.site.standings import IN_PERCENT
from w2s_bench.leaderboard.site.table import Axis, Cell, Head, Line, SiteTable, axis_over

_FARTHEST = 6.0


def rows_table(contents: Contents) -> SiteTable:
    """Every row of every submission."""
    axis = _axis(contents.rows)
    heads = (
        Head(key="task", text="task", kind="name", facet=True, column="task"), Head(key="models", text="weak → strong"),
        Head(key="strategy", text="strategy", facet=True, column="strategy"),
        Head(key="supervisor", text="supervisor", aside=True, column="supervisor"),
        Head(key="seed", text="seed", kind="number", column="seed"),
        Head(key="gain", text="gain, 95 %", unit=IN_PERCENT, kind="interval", column="gain",
             marks=((axis.at(0.0), "line-none"),)),
        Head(key="misfit", text="misfit", unit="%", kind="number", column="misfit"),
        Head(key="tightness", text="lhs/rhs", said="tightness of the bound that judges the row", kind="number",
             column="tightness"),
        Head(key="verdict", text="bound", kind="term", column="verdict", facet=True, aside=True),
        Head(key="submission", text="submission", kind="term", facet=True, aside=True),
        Head(key="trust", text="trust", kind="term", facet=True, aside=True),
        Head(key="status", text="status", kind="term", facet=True, column="status", aside=True))
    lines = tuple(Line((
        Cell(contents.name(row["task"]), link=row["page"]),
        Cell(f"{contents.name(row['weak'])} → {contents.name(row['strong'])}"),
        Cell(contents.name(row["strategy"])), Cell(contents.name(row["supervisor"])), Cell(str(row["seed"]), row["seed"]),
        _gain(axis, row), _share(row["misfit_share"]), Cell(figure(row["tightness"], 2), row["tightness"]),
        Cell(row["verdict"] or "–"), Cell(row["submission"]), Cell(row["trust"]), Cell(row["status"])),
        "" if row["status"] == "ok" else "amiss") for row in contents.rows)
    return SiteTable(mark="rows", title="Rows", heads=heads, lines=lines,
                     about="A row is one fit of one student: a task, who teaches whom and how, and a seed. Its interval is over "
                           "test examples alone. Rows are not ordered.")


def configurations(contents: Contents) -> list[Configuration]:
    """The rows by configuration, in the order of the table of rows."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in contents.rows:
        found.setdefault(tuple(row[side] for side in SIDES), []).append(row)
    return [(dict(zip(SIDES, key, strict=True)), rows) for key, rows in found.items()]


def configuration_table(contents: Contents, found: Iterable[Configuration],
                        mark: str = "configurations",
                        left_out: str = "") -> SiteTable:
    """A line a configuration with the means of its rows over seeds. left_out: a side that all of them share."""
    lines = []
    for sides, rows in found:
        ok = [row for row in rows if row["status"] == "ok"]
        shares = [row["share"] for row in ok if row["share"] is not None]
        cells = [Cell(contents.name(sides[side]), link=_page_of(side, sides[side])) for side in SIDES if side != left_out]
        lines.append(Line((
            *cells, Cell(f"{len(ok)}/{len(rows)}", len(ok)), _mean(shares), _mean([row["misfit_share"] for row in ok]),
            Cell(_seeds(shares)), _tightness(ok), Cell("rows", link=rows[0]["page"]))))
    heads = (
        *(Head(key=side, text=side, kind="name" if place == 0 else "words", facet=side in ("strategy", "task", "submission"),
               aside=side in ("supervisor", "submission"))
          for place, side in enumerate(side for side in SIDES if side != left_out)),
        Head(key="seeds", text="seeds", said="rows that ended well, of all", kind="number"),
        Head(key="gain", text="gain", unit="%", kind="number"), Head(key="misfit", text="misfit", unit="%", kind="number"),
        Head(key="range", text="over seeds", said="least and greatest gain over seeds", unit="%", aside=True),
        Head(key="tightness", text="lhs/rhs", said="tightness of the bound that judges the rows", kind="number", aside=True),
        Head(key="first", text="first row", aside=True))
    return SiteTable(mark=mark, title="Configurations", heads=heads, lines=tuple(lines),
                     about=f"Rows that differ in their seed alone: means over seeds in {IN_PERCENT}, without an interval. What "
                           "can be "
                           "ordered stands on the board.")


def seeds_table(contents: Contents, rows: Sequence[Row]) -> SiteTable:
    """The rows of one configuration, a line a seed."""
    axis = _axis(rows)
    heads = (Head(key="seed", text="seed", kind="name"),
             Head(key="gain", text="gain, 95 %", unit=IN_PERCENT, kind="interval", marks=((axis.at(0.0), "line-none"),)),
             Head(key="misfit", text="misfit", unit="%", kind="number"),
             Head(key="tightness", text="lhs/rhs", kind="number"), Head(key="status", text="status", kind="term"))
    lines = tuple(Line((Cell(str(row["seed"]), row["seed"], row["page"]), _gain(axis, row), _share(row["misfit_share"]),
                        Cell(figure(row["tightness"], 2), row["tightness"]), Cell(row["status"]))) for row in rows)
    return SiteTable(mark="seeds", title="The same on every seed", heads=heads, lines=lines)


def _page_of(side: str, label: str) -> str:
    things = {"task": "tasks", "weak": "models", "strong": "models", "strategy": "strategies", "supervisor": "strategies",
              "submission": "submissions"}
    return page_of(things[side], label)  # type: ignore[arg-type]


def _axis(rows: Iterable[Row]) -> Axis:
    shares = [row["share"] for row in rows if row["share"] is not None]
    most = _FARTHEST * statistics.median(map(abs, shares)) if shares else 1.0
    return axis_over(min(most, max(-most, share)) for share in shares)


def _gain(axis: Axis, row: Row) -> Cell:
    share, low, high = row["share"], row["share_low"], row["share_high"]
    if share is None:
        return Cell("–" if row["gain"] is None else "no unit")
    return Cell(interval(Value(share, low, high, None, 1)), share, drawn=axis.drawn(low, share, high))


def _share(value: float | None) -> Cell:
    return Cell(percent(value), value)


def _mean(values: Sequence[float | None]) -> Cell:
    known = [value for value in values if value is not None]
    return _share(statistics.fmean(known) if known else None)


def _seeds(shares: Sequence[float]) -> str:
    return f"{percent(min(shares))} to {percent(max(shares))}" if len(shares) > 1 else "–"


def _tightness(rows: Sequence[Row]) -> Cell:
    known = [row["tightness"] for row in rows if row["tightness"] is not None]
    mean = statistics.fmean(known) if known else None
    return Cell(figure(mean, 2), mean)
