"""A figure before it is drawn: a chart, the tables that it reads by name, and the words about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from w2s_bench.figures.look import CONFIG

_MANY_MARKS = 1500


@dataclass(frozen=True)
class Figure:
    """chart: an Altair chart whose data are names; tables: the rows behind each name, stored once in the specification.

    title says what is shown, caption how to read it; width: of the drawing, in pixels.
    """

    title: str
    caption: str
    chart: Any
    width: int
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def marks(self) -> int:
        """How many rows are drawn."""
        return sum(len(table) for table in self.tables.values())

    @property
    def renderer(self) -> str:
        """What a page draws it with: canvas where an element for each mark would be slow."""
        return "canvas" if self.marks > _MANY_MARKS else "svg"

    def spec(self) -> dict[str, Any]:
        """The Vega-Lite specification without title and caption. The same figure gives the same dictionary."""
        found: dict[str, Any] = self.chart.to_dict()
        found["datasets"] = {name: [dict(row) for row in table] for name, table in self.tables.items()}
        found["config"] = CONFIG
        found["description"] = self.title
        return found
