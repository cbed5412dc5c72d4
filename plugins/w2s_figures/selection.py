"""Choosing a teacher: whether its predicted error tells the student's, and what the choice of each rule costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts import Drawing, FigureData, UsageError, nearest
from w2s_figures.look import INK, Categories, inline, lines, named, rounded, tick_format
from w2s_figures.names import Frame, names_beside
from w2s_figures.panels import (
    Panel,
    finished,
    keep_hint,
    named_columns,
    none_left,
    panels_of,
    scored,
    shared_words,
    some_fit,
    too_wide,
    ways_of_fitting,
)

if TYPE_CHECKING:
    import polars as pl

RULE, ORACLE = "predicted-error", "oracle"
"""The paper's rule, the least err_weak − misfit; and the rule that knows the truth."""
_STUDENT = ("task_set", "task", "strong", "strategy", "supervisor", "seed")
_MOST_FITS = 6
_TEACHERS, _RULES = 330, 380


@dataclass(frozen=True)
class Selection:
    """For each task set and strong model: a mark a teacher, and beside it the student's error that each rule ends with."""

    by: str

    def applies(self, data: FigureData) -> bool:
        """Whether any student has two teachers."""
        import polars as pl

        return bool(scored(data).select(pl.col("weak").n_unique().over(_STUDENT) > 1).to_series().any())

    def draw(self, data: FigureData) -> Drawing:
        """The figure; of more ways of fitting than can be told apart it draws the mean. Raises DataError where no student has two
        teachers, UsageError for a column that choices are not made by."""
        import altair as alt

        by = named_columns(self.by)
        choices = data.choices(("panel",) if "panel" in by else ())
        for name in by:
            if name not in choices.columns:
                raise UsageError(f"choices are not made by {name!r}", where="--by", hint=nearest(name, ("panel", *_STUDENT)))
        ok = finished(data.rows, ("err_weak", "misfit", "err_student")).join(
            choices.select(_STUDENT).unique(), on=list(_STUDENT), how="semi", nulls_equal=True, maintain_order="left")
        fits = _Fits(data, [name for name in ways_of_fitting(ok) if name not in by], ok)
        names = data.short_names(ok["weak"].unique(), nameless=True)
        tables: dict[str, list[dict[str, Any]]] = {}
        drawn: list[Any] = []
        wide: list[str] = []
        panels, left_out = panels_of(data, ok, ["strong", *by])
        for number, panel in enumerate(panels):
            made = _made_here(choices, panel)
            if made.is_empty():
                continue
            if fits.averaged:
                panel, made = _of_whole_students(panel, made)
            rules = _rules(made, fits)
            if not some_fit(((rule["low"], rule["high"]) for rule in rules), _reach(rules)):
                wide.append(panel.title)
                continue
            tables |= {f"teachers-{number}": _teachers(panel, made, fits, names), f"rules-{number}": rules}
            high = 240 if len(panels) <= 3 else 170
            drawn += [part.properties(height=high) for part in (_scatter(panel, number, tables, fits, high),
                                                                _dots(panel, number, tables, fits))]
        if not drawn:
            raise none_left(wide)
        return Drawing("Choosing a teacher by err_weak − misfit: how the teachers rank, and what becomes of the student",
                       _CAPTION + fits.words() + shared_words(data, ok) + too_wide(wide) + left_out,
                       alt.concat(*drawn, columns=2), _TEACHERS + _RULES + 240,
                       tables)


_CAPTION = ("Left: a mark is a teacher, named where there is room, means over seeds and draws; on the dashed line the student"
            " errs by its teacher's error less the misfit; ringed is the teacher that predicted-error takes most often. "
            "Right: the student's error, when each rule takes the teacher anew for every draw and seed, on one half of the "
            "test examples, and is judged on the other (where rows hold no halves, on the same), with 95 % intervals, "
            "cut at the frame; dashed: the oracle, which knows the truth. Random is the mean over all teachers.")


class _Fits:
    """Ways of fitting in words, each with its colour and shape. averaged: how many they are where these are too many, so that
    there is one kind of mark, their mean; else 0."""

    def __init__(self, data: FigureData, ways: Sequence[str], rows: pl.DataFrame) -> None:
        self.data = data
        self.ways, self.averaged = list(ways), 0
        self._shorts = {name: data.short_names(rows[name].unique()) for name in ways}
        labels = sorted({self.label(line) for line in rows.select(self.ways).unique().to_dicts()}) if ways else [self.label({})]
        self.averaged = len(labels) if len(labels) > _MOST_FITS else 0
        self._hint = keep_hint(ways[0], rows[ways[0]][0]) if ways else ""
        if self.averaged:
            self.ways = []
            labels = [self.label({})]
        self.kinds = Categories("fit", tuple(labels), tuple(labels))

    def label(self, line: Mapping[str, Any]) -> str:
        """What a row's way of fitting is called."""
        mean = f"mean of {self.averaged} ways of fitting" if self.averaged else "all cells"
        return ", ".join(self._shorts[name][line[name]] for name in self.ways) or mean

    def words(self) -> str:
        """What is to be said of ways of fitting that are not kept apart."""
        return (f" {self.averaged} ways of fitting are more than can be told apart: a mark is their mean, over students that "
                f"have every teacher; {self._hint}.") if self.averaged else ""


def _made_here(choices: pl.DataFrame, panel: Panel) -> pl.DataFrame:
    import polars as pl

    return choices.filter(*(pl.col(name).eq_missing(pl.lit(value)) for name, value in panel.names.items()))


def _of_whole_students(panel: Panel, made: pl.DataFrame) -> tuple[Panel, pl.DataFrame]:
    """The students that have every teacher of the panel, so that means over ways of fitting are of the same students; all
    students where none has."""
    import polars as pl

    whole = panel.rows.filter(pl.col("weak").n_unique().over(_STUDENT) == panel.rows["weak"].n_unique())
    if whole.is_empty():
        return panel, made
    return replace(panel, rows=whole), made.join(whole.select(_STUDENT).unique(), on=list(_STUDENT), how="semi", nulls_equal=True,
                                                 maintain_order="left")


def _teachers(panel: Panel, made: pl.DataFrame, fits: _Fits, names: Mapping[str, str]) -> list[dict[str, Any]]:
    import polars as pl

    here = panel.rows.join(made.select(_STUDENT).unique(), on=list(_STUDENT), how="semi", nulls_equal=True, maintain_order="left")
    table = fits.data.means(here.with_columns((pl.col("err_weak") - pl.col("misfit")).alias("predicted")), ["weak", *fits.ways],
                       ("predicted", "err_student"))
    taken = made.filter(pl.col("rule") == RULE).drop_nulls("chosen").group_by("chosen", *fits.ways).len().sort(
        "len", "chosen", descending=[True, False]).unique(fits.ways or None, keep="first", maintain_order=True)
    if not fits.ways:
        taken = taken.head(1)
    ringed = {(line["chosen"], fits.label(line)) for line in taken.to_dicts()}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for line in table.to_dicts():
        key = (line["weak"], fits.label(line))
        point = found.setdefault(key, {"teacher": names[line["weak"]], "fit": key[1], "chosen": key in ringed})
        point |= {line["measure"]: rounded(line["mean"]), "seeds": line["seeds"], "cells": line["cells"]}
    return sorted(found.values(), key=lambda point: (point["fit"], point["predicted"]))


def _rules(made: pl.DataFrame, fits: _Fits) -> list[dict[str, Any]]:
    return [{"rule": line["rule"], "fit": fits.label(line), "seeds": line["seeds"],
             **{name: rounded(line[name]) for name in ("mean", "low", "high")}}
            for line in fits.data.means(made, ["rule", *fits.ways], ("err_student",)).to_dicts()]


def _scatter(panel: Panel, number: int, tables: Mapping[str, list[dict[str, Any]]], fits: _Fits, high: int) -> Any:
    import altair as alt

    points = tables[f"teachers-{number}"]
    x_domain, y_domain = (_around([point[name] for point in points]) for name in ("predicted", "err_student"))

    def along(field: str) -> Any:
        return alt.X(f"{field}:Q", title=panel.axis("err_weak − misfit"), axis=alt.Axis(
            format=tick_format(x_domain), tickCount=5), scale=alt.Scale(domain=x_domain, nice=False))

    def up(field: str) -> Any:
        return alt.Y(f"{field}:Q", title=panel.axis("error of the student"), axis=alt.Axis(
            format=tick_format(y_domain), tickCount=5), scale=alt.Scale(domain=y_domain, nice=False))

    x, y = along("predicted"), up("err_student")
    ends = [min(x_domain[0], y_domain[0]), max(x_domain[1], y_domain[1])]
    line = alt.Chart(inline([{"predicted": end, "err_student": end} for end in ends])).mark_line(
        color=INK, strokeDash=[5, 4], strokeWidth=1.2, clip=True, aria=False).encode(x=x, y=y)
    base = alt.Chart(named(f"teachers-{number}")).encode(x=x, y=y)
    ring = base.mark_point(shape="circle", filled=False, size=260, stroke=INK, strokeWidth=1.6, opacity=1).transform_filter(
        "datum.chosen")
    dots = base.mark_point(filled=True, size=70, opacity=0.9, stroke="white", strokeWidth=0.7).encode(
        color=fits.kinds.colour(), shape=fits.kinds.shape(),
        tooltip=["teacher:N", "fit:N", alt.Tooltip("predicted:Q", format=".4g"), alt.Tooltip("err_student:Q", format=".4g"),
                 "seeds:Q", "cells:Q"])
    words = names_beside([(point["predicted"], point["err_student"], point["teacher"]) for point in points],
                         Frame((x_domain[0], x_domain[1]), (y_domain[0], y_domain[1]), _TEACHERS, high), along("x"), up("y"))
    return alt.layer(line, ring, dots, words).properties(width=_TEACHERS, title=lines(panel.title, 52))


def _around(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    room = 0.12 * (high - low) or 0.1 * abs(high) or 1.0
    return [low - room, high + room]


def _reach(points: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Every mean with room, and intervals up to as far again."""
    means = [point["mean"] for point in points]
    reach = (max(means) - min(means)) or 0.1 * abs(max(means)) or 1.0
    ends = [end for point in points for end in (point["low"], point["high"]) if end is not None]
    low, high = max(min([*means, *ends]), min(means) - reach), min(max([*means, *ends]), max(means) + reach)
    room = 0.08 * (high - low)
    return low - room, high + room


def _dots(panel: Panel, number: int, tables: Mapping[str, list[dict[str, Any]]], fits: _Fits) -> Any:
    import altair as alt

    points = tables[f"rules-{number}"]
    domain = list(_reach(points))
    rules = list(dict.fromkeys(point["rule"] for point in points))
    scale, title = alt.Scale(domain=domain, nice=False), panel.axis("error of the student")
    axis = alt.Axis(format=tick_format(domain), tickCount=5)
    base = alt.Chart(named(f"rules-{number}")).encode(
        y=alt.Y("rule:N", scale=alt.Scale(domain=rules), title=None, axis=alt.Axis(ticks=False, grid=True, labelPadding=8)),
        yOffset=alt.YOffset("fit:N", scale=alt.Scale(domain=list(fits.kinds.values), paddingOuter=0.5)),
        color=fits.kinds.colour())
    whiskers = base.mark_rule(aria=False, strokeWidth=1.6, clip=True).encode(
        x=alt.X("low:Q", scale=scale, title=title, axis=axis), x2="high:Q").transform_filter("isValid(datum.low)")
    dots = base.mark_point(filled=True, size=70, opacity=1, stroke="white", strokeWidth=0.7).encode(
        x=alt.X("mean:Q", scale=scale, title=title, axis=axis), shape=fits.kinds.shape(),
        tooltip=["rule:N", "fit:N", *(alt.Tooltip(f"{name}:Q", format=".4g") for name in ("mean", "low", "high")), "seeds:Q"])
    oracle = alt.Chart(named(f"rules-{number}")).mark_rule(aria=False, strokeDash=[5, 4], strokeWidth=1, opacity=0.8).encode(
        x=alt.X("mean:Q", scale=scale), color=fits.kinds.colour()).transform_filter(f"datum.rule == '{ORACLE}'")
    return alt.layer(oracle, whiskers, dots).properties(width=_RULES)
