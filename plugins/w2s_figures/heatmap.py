"""Weak against strong models, one number a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from w2s_bench.contracts import Drawing, FigureData, UsageError
from w2s_figures.look import BROKEN, DARK, ORANGE, broken, lines, named, rounded, short_number
from w2s_figures.panels import Panel, finished, in_three, named_columns, panels_of, scored, shared_words, ways_of_fitting
from w2s_figures.values import NOTHING, PLAIN, RATIOS, UNITLESS, WORDS

_MOST_MODELS = 30
_FEWEST_ON_PAGE = 3
"""Models of a side below which a page has no use for a square of them."""
_WIDE, _HIGH = 84, 34
_PAGE = 1130
"""Pixels across a page."""


@dataclass(frozen=True)
class Heatmap:
    """`value` of each weak and strong model, means over seeds and draws; one panel a task set and strategy (and value of `by`).

    Signed values have a scale with two ends around 0 (around 1 for gain_over_misfit). The number is printed in each square, so
    that it can be read in grey.
    """

    value: str
    by: str

    def applies(self, data: FigureData) -> bool:
        """Whether there are a few models on both sides."""
        rows = scored(data)
        return min(rows["weak"].n_unique(), rows["strong"].n_unique()) >= _FEWEST_ON_PAGE

    def draw(self, data: FigureData) -> Drawing:
        """The figure. Raises UsageError where no cell holds the value, and for more models or panels than can be read."""
        import altair as alt

        above, below, _ = RATIOS.get(self.value, (self.value, (), ()))
        ok = finished(data.rows, (above, *below))
        panels, left_out = panels_of(data, ok, [*named_columns(self.by), *ways_of_fitting(ok)])
        names = data.short_names([*ok["weak"].unique(), *ok["strong"].unique()], nameless=True)
        tables = {f"pairs-{i}": self._squares(data, panel, names) for i, panel in enumerate(panels)}
        wide = max(_wide(table)[1] for table in tables.values())
        columns = max(1, min(_PAGE // wide, in_three(len(panels))))
        drawn = [self._panel(data, panel, name, tables[name]) for panel, name in zip(panels, tables, strict=True)]
        chart = alt.concat(*drawn, columns=columns).resolve_scale(color="independent")
        words = WORDS[self.value]
        return Drawing(f"{words[0].upper()}{words[1:]}, for each weak and strong model",
                       _caption(self.value, len(panels) > 1) + shared_words(data, ok) + left_out, chart, columns * wide, tables)

    def _squares(self, data: FigureData, panel: Panel, names: Mapping[str, str]) -> list[dict[str, Any]]:
        above, below, beside = RATIOS.get(self.value, (self.value, (), ()))
        found: dict[tuple[str, str], dict[str, float]] = {}
        for line in data.means(panel.rows, ("weak", "strong"), tuple(dict.fromkeys((above, *below, *beside)))).to_dicts():
            found.setdefault((line["weak"], line["strong"]), {})[line["measure"]] = line["mean"]
        for side in (0, 1):
            if len({pair[side] for pair in found}) > _MOST_MODELS:
                raise UsageError(f"more than {_MOST_MODELS} models on a side", where=panel.title, hint="choose some with --where")
        squares = []
        for (weak, strong), means in found.items():
            number = means[above] if not below else _ratio(
                means[above], [means[name] for name in below], sum(means.get(name) or 0.0 for name in beside))
            told = f"{names[weak]} → {names[strong]}; {self.value.replace('_', ' ')} {short_number(number) or '–'}"
            squares.append({"_told": told, "weak": "\n".join(broken(names[weak], 32)),
                            "strong": "\n".join(broken(names[strong], 13)),
                            "value": rounded(number), "text": short_number(number) or "–"})
        _shade(squares, self.value)
        return squares

    def _panel(self, data: FigureData, panel: Panel, table: str, squares: Sequence[Mapping[str, Any]]) -> Any:
        import altair as alt

        weak, strong = (sorted({str(square[side]) for square in squares}, key=data.in_order) for side in ("weak", "strong"))
        scale = alt.Scale(domain=[0, 1], range=["#fbfbf8", DARK], interpolate="lab") if self.value in PLAIN else alt.Scale(
            domain=[-1, 0, 1], range=[ORANGE, "#fbfbf8", DARK], interpolate="lab")
        base = alt.Chart(named(table)).encode(
            x=alt.X("strong:N", sort=strong, title="strong student", axis=alt.Axis(labelAngle=0, **BROKEN)),
            y=alt.Y("weak:N", sort=weak, title="weak supervisor", axis=alt.Axis(**BROKEN)))
        boxes = base.mark_rect(stroke="#bbbbb5", strokeWidth=0.6).encode(
            color=alt.Color("shade:Q", scale=scale, legend=None),
            description="_told:N", tooltip=alt.Tooltip("_told:N"))
        text = base.mark_text(fontSize=11, aria=False).encode(
            text="text:N", color=alt.condition("datum.shade > 0.65", alt.value("#ffffff"), alt.value("#1c1c1c")))
        about = "" if self.value in UNITLESS or not panel.unit else f"in {panel.unit}"
        wide, _ = _wide(squares)
        title = alt.Title(lines(panel.title, max(40, len(strong) * wide // 7)), subtitle=about)
        return alt.layer(boxes, text).properties(width=len(strong) * wide, height=len(weak) * _HIGH, title=title)


def _ratio(above: float, below: Sequence[float], beside: float) -> float | None:
    """None where what stands below is not above rounding beside the size of what it was made from."""
    under = below[0] - sum(below[1:])
    return above / under if under > NOTHING * beside else None


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


def _wide(squares: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Pixels across one square, in which its model's name has room, and across a panel with its names."""
    strong, weak = ({str(square[side]) for square in squares} for side in ("strong", "weak"))
    longest = [max(len(line) for name in names for line in name.split("\n")) for names in (strong, weak)]
    wide = max(_WIDE, 7 * longest[0])
    return wide, wide * len(strong) + 7 * longest[1] + 90


def _caption(value: str, several: bool) -> str:
    centre = "1" if value == "gain_over_misfit" else "0"
    shades = ("The darker, the larger." if value in PLAIN else
              f"Blue is above {centre}, orange below, white at {centre}.")
    how = "Ratio of means over seeds and draws." if value in RATIOS else "Means over seeds and draws."
    several_words = ["Each panel has its own scale."] if several else []
    return " ".join([how, shades, *several_words, "An empty square is a pair without a score."])
