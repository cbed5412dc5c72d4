"""Figures, the first of which is sound."""

from __future__ import annotations

from w2s_bench.contracts import Drawing, FigureData, UsageError


class Sound:
    """A bar a strategy."""

    BREAKS = ""

    def __init__(self) -> None:
        self.drawn = 0

    def applies(self, data: FigureData) -> bool:
        return data.rows.height > 1

    def draw(self, data: FigureData) -> Drawing:
        if not data.rows.height:
            raise UsageError("no row", hint="name another run")
        return self.of(data, "Gains")

    def of(self, data: FigureData, title: str) -> Drawing:
        import altair as alt

        cells = data.rows.select("gain", "strategy").to_dicts()
        chart = alt.Chart(alt.NamedData(name="gains")).mark_bar().encode(x="gain:Q", y="strategy:N")
        return Drawing(title, "", chart, tables={"gains": cells})


class Counting(Sound):
    """It draws the rows in another way each time."""

    BREAKS = "draws"

    def of(self, data: FigureData, title: str) -> Drawing:
        self.drawn += 1
        return super().of(data, f"{title} {self.drawn}")


class OfNothing(Sound):
    BREAKS = "nothing_to_draw"

    def applies(self, data: FigureData) -> bool:
        return True
