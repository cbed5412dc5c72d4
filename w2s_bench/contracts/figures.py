"""A figure of a plugin: what it is handed, and what it gives back.

    class Misfits:
        def applies(self, data):
            return data.rows["misfit"].is_not_null().any()

        def draw(self, data):
            import altair as alt

            table = data.rows.select("strategy", "misfit").to_dicts()
            chart = alt.Chart(alt.NamedData(name="cells")).mark_tick().encode(x="misfit:Q", y="strategy:N")
            return Drawing("Misfits", "A tick is a cell.", chart, tables={"cells": table})

Fonts, grid and colours of a chart that sets none are the project's own, and others where a page is dark. A page holds a still
picture of the chart, without its links; pointing at a mark shows its `description`, else what its channels say. polars and
altair are imported where they are used.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from w2s_bench.contracts.digests import Json

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.contracts.measures import Divergence

COLOURS = ("#0b3c6f", "#e08a1e", "#8a8a8a", "#6cb8e6", "#1b8f6a", "#b5452c")
"""Colours that keep apart for the colour-blind (after Okabe and Ito) and, by their lightness, in grey."""
SHAPES = ("circle", "triangle-up", "square", "diamond", "cross", "triangle-down")
"""Shapes of marks, so that colour is never alone in telling kinds apart."""


class Chart(Protocol):
    """What altair's charts are to the project: something that gives a Vega-Lite specification."""

    def to_dict(self) -> dict[str, Json]:
        """The specification."""
        ...


@dataclass(frozen=True)
class Drawing:
    """A figure that is drawn: a chart, the tables that it reads by name, and the words about it.

    title says what is shown, caption how to read it. width: of the drawing, in pixels, to which title and caption are broken.
    tables: the rows of each `altair.NamedData` of the chart, stored once; a page lists them under the figure for those who cannot
    see it, without columns whose names begin with an underscore.
    """

    title: str
    caption: str
    chart: Chart
    width: int = 640
    tables: Mapping[str, Sequence[Mapping[str, Json]]] = field(default_factory=dict)


class FigureData(Protocol):
    """What a figure is handed: the rows and bounds of one run or of several, and what tables make of them when asked.

    on_page: the figure stands among others on the page of a run; otherwise it was asked for. What is too much for one figure it
    leaves out, and says so. groupable: the columns that panels may be made by.
    """

    @property
    def rows(self) -> pl.DataFrame:
        """A row a cell, whatever its status; docs/columns.md lists the columns."""
        ...

    @property
    def bounds(self) -> pl.DataFrame:
        """A row a bound, split and cell, with the `run_id` and `cell_key` of its cell; empty where none is known."""
        ...

    @property
    def on_page(self) -> bool: ...

    @property
    def groupable(self) -> tuple[str, ...]: ...

    def comparisons(self, against: str | None = None) -> pl.DataFrame:
        """Each strategy beside one of them on paired cells. A row a task set, direction, strategy and measure: task_set,
        direction, strategy, against, measure, divergence, output_unit, pairs, seeds, mean, mean_against, difference,
        difference_low, difference_high, of which the reference's own lines lack the difference.

        against: the reference, by default the strategy with most cells. Raises UsageError, and DataError without a pair.
        """
        ...

    def choices(self, within: Sequence[str] = ()) -> pl.DataFrame:
        """What each rule for choosing a teacher takes. A row a student and rule: the columns `within`, task_set, task, strong,
        strategy, supervisor, seed, rule, may_look_at, chosen, err_student, regret, …

        within: more columns that candidates must agree in, such as `panel`. Raises DataError where nothing can be chosen.
        """
        ...

    def law_bounds(self) -> pl.DataFrame:
        """The bound by which each cell is judged, on the test split (Theorem 2 with δ, or what its divergence has): run_id,
        cell_key, lhs, rhs, slack, tightness, verdict, fails (what is not certified)."""
        ...

    def bands(self) -> pl.DataFrame:
        """How far below the misfit the law lets the gain be, with ε and δ of the cell: run_id, cell_key, reach, of the cells of
        which every assumption is certified on the test split."""
        ...

    def means(self, rows: pl.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pl.DataFrame:
        """A line a group and measure: keys, measure, mean, low, high (95 %; null where nothing is known of the spread), over
        (what the interval is over, in a word), seeds, cells.
        """
        ...

    def pairs(self, rows: pl.DataFrame) -> pl.DataFrame:
        """A line a pair of models, way of fitting and direction, as the tables of a run have it: task_set, weak, strong,
        strategy, supervisor, direction, misfit, gain, gain_low, gain_high (95 %; null where nothing is known of the spread),
        gain_over (what the interval is over, in a word), seeds, cells.
        """
        ...

    def by_panel(self, rows: pl.DataFrame) -> pl.DataFrame:
        """A row for each panel of a study that a cell belongs to, under `panel`; null for a cell of none."""
        ...

    def short_names(self, labels: Iterable[str | None], *, nameless: bool = False) -> dict[str, str]:
        """Each label without what tells nothing apart; nameless: also without a name that all share."""
        ...

    def one_name(self, labels: Iterable[str | None]) -> str:
        """The name that all labels share and need not be told by; empty if there is none."""
        ...

    def parameters(self, label: str) -> dict[str, bool | int | float | str]:
        """The parameters that a label gives; none for a name that is not of this project's grammar."""
        ...

    def without(self, label: str, parameters: Collection[str]) -> str:
        """The label without these parameters."""
        ...

    def in_order(self, text: object) -> tuple[tuple[int, float, str], ...]:
        """A key that sorts layers=2 before layers=10, and nothing last."""
        ...

    def unit(self, divergence: str | None, output_unit: str | None) -> str:
        """The unit of errors, gain and misfit in words, for rows of this divergence and unit of labels; empty for none."""
        ...

    def column_unit(self, column: str) -> str:
        """The unit of a column as docs/columns.md has it; empty for none and for a column that is not the project's."""
        ...

    def divergence(self, name: str | None) -> Divergence | None:
        """The divergence of that name, with its explicit law; None where no plugin offers it."""
        ...

    def law(self, divergences: Iterable[str | None]) -> str:
        """Who says that the gain is the misfit or more, for rows of these divergences."""
        ...


class Figure(Protocol):
    """A figure of rows: made once with its parameters, then asked and drawn."""

    def applies(self, data: FigureData) -> bool:
        """Whether these rows are worth this figure unasked: the page of a run holds those that are."""
        ...

    def draw(self, data: FigureData) -> Drawing:
        """The figure. Raises UsageError for what cannot be drawn, with a way out."""
        ...
