"""A figure before it is drawn: a chart, the tables that it reads by name, and the words about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_MANY_MARKS = 1500


@dataclass(frozen=True)
class Figure:
    """chart: an Altair chart whose data are names; tables: the rows behind each name, stored once in the specification.

    title says what is shown, caption how to read it.
    """

    title: str
    caption: str
    chart: Any
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
        found["description"] = self.title
        return found
