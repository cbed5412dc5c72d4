"""How the gains of the cells are spread: a figure from outside."""

from __future__ import annotations

from w2s_bench.contracts import Drawing, FigureData, UsageError


class Gains:
    def __init__(self, bins: int) -> None:
        self.bins = bins

    def applies(self, data: FigureData) -> bool:
        return data.rows["gain"].drop_nulls().len() > 1

    def draw(self, data: FigureData) -> Drawing:
        import altair as alt

        cells = data.rows.drop_nulls("gain").select("gain", "strategy").to_dicts()
        if not cells:
            raise UsageError("no cell has a gain")
        count = alt.Y("count():Q", title="cells")
        chart = alt.Chart(alt.NamedData(name="gains")).mark_bar().encode(
            x=alt.X("gain:Q", bin=alt.Bin(maxbins=self.bins)), y=count, color="strategy:N")
        return Drawing("How the gains are spread", f"At most {self.bins} bars.", chart, tables={"gains": cells})
