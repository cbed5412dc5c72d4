"""Weak against strong models, one number a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.figures.figure import Figure
from w2s_bench.figures.look import BROKEN, DARK, INK, ORANGE, WORDS, broken, lines, named, rounded, short_number
from w2s_bench.figures.panels import Panel, finished, in_three, panels_of, shared_words, ways_of_fitting
from w2s_bench.figures.pooled import over_seeds
from w2s_bench.registry.names import natural
from w2s_bench.registry.short_names import short_names

if TYPE_CHECKING:
    import polars as pl

RATIOS = {"gain_over_misfit": ("gain", ("misfit",)), "pgr": ("gain", ("err_weak", "err_ceiling")),
          "pgr_accuracy": ("gain_accuracy", ("accuracy_ceiling", "accuracy_weak"))}
"""Ratios of means, never means of ratios: what stands above, and below as one column or a difference of two."""
SIGNED = ("gain", "projection", "realizability", "pgr", "predicted_err", "gain_accuracy", "pgr_accuracy")
SHARES = ("accuracy_weak", "accuracy_student", "accuracy_ceiling", "agreement", "agreement_weak_right", "agreement_weak_wrong")
"""Shares of the test examples, for classes."""
PLAIN = ("misfit", "misfit_reverse", "err_weak", "err_student", "err_ceiling", "delta_exact", "projection_gap", *SHARES)
VALUES = (*SIGNED, *PLAIN, "gain_over_misfit")
_UNITLESS = (*RATIOS, *SHARES, "gain_accuracy", "projection_gap")
"""Values that are pure numbers."""
_MOST_MODELS = 30
_WIDE, _HIGH = 84, 34
_PAGE = 1130
"""Pixels across a page."""


def heatmap(rows: pl.DataFrame, value: str = "gain", by: Sequence[str] = (), *, cut: bool = False) -> Figure:
    """`value` of each weak and strong model, means over seeds and draws; one panel a task set and strategy (and value of `by`).

    Signed values have a scale with two ends around 0 (around 1 for gain_over_misfit). The number is printed in each square, so
    that it can be read in grey. cut: see `panels_of`. Raises UsageError for another value, or where no cell holds it.
    """
    import altair as alt

    if value not in VALUES:
        raise UsageError(f"no heatmap of {value!r}", where="--value", hint=nearest(value, VALUES))
    above, below = RATIOS.get(value, (value, ()))
    ok = finished(rows, (above, *below))
    panels, left_out = panels_of(ok, [*by, *ways_of_fitting(ok)], cut=cut)
    names = short_names([*ok["weak"].unique(), *ok["strong"].unique()], nameless=True)
    tables = {f"pairs-{i}": _squares(panel, value, names) for i, panel in enumerate(panels)}
    wide = max(_wide(table)[1] for table in tables.values())
    columns = max(1, min(_PAGE // wide, in_three(len(panels))))
    drawn = [_panel(panel, name, tables[name], value) for panel, name in zip(panels, tables, strict=True)]
    chart = alt.concat(*drawn, columns=columns).resolve_scale(color="independent")
    words = WORDS[value]
    title = f"{words[0].upper()}{words[1:]}, for each weak and strong model"
    return Figure(title, _caption(value, ok, len(panels) > 1) + left_out, chart, columns * wide, tables)


def _squares(panel: Panel, value: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    above, below = RATIOS.get(value, (value, ()))
    found: dict[tuple[str, str], dict[str, float]] = {}
    table = over_seeds(panel.rows, ("weak", "strong"), (above, *below))
    for line in table.to_dicts():
        found.setdefault((line["weak"], line["strong"]), {})[line["measure"]] = line["mean"]
    for side in (0, 1):
        if len({pair[side] for pair in found}) > _MOST_MODELS:
            raise UsageError(f"more than {_MOST_MODELS} models on a side", where=panel.title, hint="choose some with --where")
    squares = []
    for (weak, strong), means in found.items():
        number = means[above] if not below else _ratio(means[above], [means[name] for name in below])
        squares.append({"weak": "\n".join(broken(names[weak], 32)), "strong": "\n".join(broken(names[strong], 13)),
                        "value": rounded(number), "text": short_number(number) or "–"})
    _shade(squares, value)
    return squares


def _ratio(above: float, below: Sequence[float]) -> float | None:
    under = below[0] - sum(below[1:])
    return above / under if under > 0.0 else None


def _shade(squares: list[dict[str, Any]], value: str) -> None:
    """Where each square lies on the scale, −1 to 1 around the centre, or 0 to 1 from the least to the largest."""
    numbers = [square["value"] for square in squares if square["value"] is not None]
    centre = 1.0 if value == "gain_over_misfit" else 0.0
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    reach = max(abs(high - centre), abs(low - centre)) or 1.0
    for square in squares:
        number = square["value"]
        if number is None:
            square["shade"] = None
        elif value in PLAIN:
            square["shade"] = round((number - low) / (high - low), 4) if high > low else 0.3
        else:
            square["shade"] = round((number - centre) / reach, 4)


def _panel(panel: Panel, table: str, squares: Sequence[Mapping[str, Any]], value: str) -> Any:
    import altair as alt

    weak, strong = (sorted({str(square[side]) for square in squares}, key=natural) for side in ("weak", "strong"))
    scale = alt.Scale(domain=[0, 1], range=["#fbfbf8", DARK], interpolate="lab") if value in PLAIN else alt.Scale(
        domain=[-1, 0, 1], range=[ORANGE, "#fbfbf8", DARK], interpolate="lab")
    base = alt.Chart(named(table)).encode(
        x=alt.X("strong:N", sort=strong, title="strong student", axis=alt.Axis(labelAngle=0, **BROKEN)),
        y=alt.Y("weak:N", sort=weak, title="weak supervisor", axis=alt.Axis(**BROKEN)))
    boxes = base.mark_rect(stroke="#bbbbb5", strokeWidth=0.6).encode(
        color=alt.Color("shade:Q", scale=scale, legend=None),
        tooltip=["weak:N", "strong:N", alt.Tooltip("value:Q", title=value, format=".4g")])
    text = base.mark_text(fontSize=11).encode(
        text="text:N", color=alt.condition("datum.shade > 0.65", alt.value("white"), alt.value(INK)))
    about = "" if value in _UNITLESS or not panel.unit else f"in {panel.unit}"
    wide, _ = _wide(squares)
    title = alt.Title(lines(panel.title, max(40, len(strong) * wide // 7)), subtitle=about)
    return alt.layer(boxes, text).properties(width=len(strong) * wide, height=len(weak) * _HIGH, title=title)


def _wide(squares: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Pixels across one square, in which its model's name has room, and across a panel with its names."""
    strong, weak = ({str(square[side]) for square in squares} for side in ("strong", "weak"))
    longest = [max(len(line) for name in names for line in name.split("\n")) for names in (strong, weak)]
    wide = max(_WIDE, 7 * longest[0])
    return wide, wide * len(strong) + 7 * longest[1] + 90


def _caption(value: str, rows: pl.DataFrame, several: bool) -> str:
    centre = "1" if value == "gain_over_misfit" else "0"
    shades = ("The darker, the larger." if value in PLAIN else
              f"Blue is above {centre}, orange below, white at {centre}.")
    how = "Ratio of means over seeds and draws." if value in RATIOS else "Means over seeds and draws."
    several_words = ["Each panel has its own scale."] if several else []
    return " ".join([how, shades, *several_words, "An empty square is a pair without a score."]) + shared_words(rows)
