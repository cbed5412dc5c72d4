"""What a figure is handed: rows and bounds, and what `tables` makes of them, once, when it is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from w2s_bench.contracts.errors import UsageError
from w2s_bench.registry.measures import row_columns
from w2s_bench.registry.names import Scalar, Selector, format_selector, natural, parse
from w2s_bench.registry.short_names import one_name, short_names
from w2s_bench.tables.choices import choices
from w2s_bench.tables.comparisons import comparisons
from w2s_bench.tables.inference import NO_TERMS, Terms
from w2s_bench.tables.laws import divergence_of, law_of, unit_of
from w2s_bench.tables.over_seeds import over_seeds
from w2s_bench.tables.panels import by_panel
from w2s_bench.tables.predictions import bands
from w2s_bench.tables.summary import GROUPABLE, KEYS, bound_on_test, summary

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.contracts import Divergence

_NO_UNITS = ("", "1", "D", "label")
"""Units of columns that stand for no words: pure numbers, and those that each row's divergence or labels decide."""


@dataclass(frozen=True)
class RunData:
    """See `contracts.FigureData`."""

    rows: pl.DataFrame
    bounds: pl.DataFrame
    terms: Terms = NO_TERMS
    on_page: bool = False
    groupable: tuple[str, ...] = GROUPABLE

    def comparisons(self, against: str | None = None) -> pl.DataFrame:
        return comparisons(self.rows, against, self.terms)

    def choices(self, within: Sequence[str] = ()) -> pl.DataFrame:
        return choices(by_panel(self.rows) if "panel" in within else self.rows, tuple(within))

    def law_bounds(self) -> pl.DataFrame:
        return bound_on_test(self.bounds)

    def bands(self) -> pl.DataFrame:
        return bands(self.rows, self.bounds)

    def means(self, rows: pl.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pl.DataFrame:
        return over_seeds(rows, keys, values, self.terms)

    def pairs(self, rows: pl.DataFrame) -> pl.DataFrame:
        import polars as pl

        return summary(rows, self.bounds, terms=self.terms).select(
            *KEYS, "direction", "misfit", "gain", "gain_low", "gain_high", "gain_over", pl.col("n_seeds").alias("seeds"),
            pl.col("n_cells").alias("cells"))

    def by_panel(self, rows: pl.DataFrame) -> pl.DataFrame:
        return by_panel(rows)

    def short_names(self, labels: Iterable[str | None], *, nameless: bool = False) -> dict[str, str]:
        return short_names(labels, nameless=nameless)

    def one_name(self, labels: Iterable[str | None]) -> str:
        return one_name(labels)

    def parameters(self, label: str) -> dict[str, Scalar]:
        return {name: value for name, value in _read(label).params if not isinstance(value, tuple | range)}

    def without(self, label: str, parameters: Collection[str]) -> str:
        read = _read(label)
        if not read.params:
            return label
        return format_selector(replace(read, params=tuple(pair for pair in read.params if pair[0] not in parameters)))

    def in_order(self, text: object) -> tuple[tuple[int, float, str], ...]:
        return natural(text)

    def unit(self, divergence: str | None, output_unit: str | None) -> str:
        return unit_of(divergence, output_unit)

    def column_unit(self, column: str) -> str:
        unit = next((found.unit for found in row_columns() if found.name == column), "")
        return "" if unit in _NO_UNITS else unit

    def divergence(self, name: str | None) -> Divergence | None:
        return divergence_of(name)

    def law(self, divergences: Iterable[str | None]) -> str:
        return law_of(set(divergences))


def _read(label: str) -> Selector:
    try:
        return parse(label)
    except UsageError:  # somebody's table may hold names that are none of ours
        return Selector(label)
