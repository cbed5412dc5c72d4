"""Rows in groups that have one unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from w2s_bench.contracts.errors import UsageError
from w2s_bench.registry.names import natural
from w2s_bench.scoring.intervals import Estimate
from w2s_bench.tables.panels import by_panel

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Schema, Values

UNIT = ("divergence", "output_unit")
"""What the errors of a row are measured in."""


def groups(rows: pl.DataFrame, by: Sequence[str], *, one_unit: bool = True) -> Iterator[tuple[Values, pl.DataFrame]]:
    """(values of the columns `by`, their rows), in natural order; all rows as one group where `by` is empty.

    `panel` counts a row once in each panel that it belongs to. Raises UsageError where a group mixes units, unless
    `one_unit` is false.
    """
    rows = by_panel(rows) if "panel" in by and "panel" not in rows.columns else rows
    keys = list(dict.fromkeys(by))
    parts = list(rows.group_by(keys, maintain_order=True)) if keys else [((), rows)]
    for values, part in sorted(parts, key=lambda found: [natural(value) for value in found[0]]):
        names = dict(zip(keys, values, strict=True))
        if one_unit:
            _check_unit(names, part)
        yield names, part


def has_panels(rows: pl.DataFrame) -> bool:
    """Whether any row belongs to a panel."""
    return bool((rows["panels"].list.len().fill_null(0) > 0).any())


def units(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """The different (divergence, output unit) of the rows, sorted."""
    return sorted((str(divergence), str(unit or "1")) for divergence, unit in rows.select(UNIT).unique().iter_rows())


def fields(name: str, found: Estimate | None) -> dict[str, float | None]:
    """The columns `name`, `name_low`, `name_high` of an estimate; null where there is none."""
    values = (found.mean, found.low, found.high) if found else (None, None, None)
    return {f"{name}{end}": value if value is not None and value == value else None
            for end, value in zip(ENDS, values, strict=True)}


ENDS = ("", "_low", "_high")


def interval_schema(*names: str) -> Schema:
    """The columns that `fields` fills."""
    import polars as pl

    return {f"{name}{end}": pl.Float64 for name in names for end in ENDS}


def _check_unit(names: Values, part: pl.DataFrame) -> None:
    found = units(part)
    if len(found) > 1:
        listed = "; ".join(f"{divergence} of {unit}" for divergence, unit in found)
        where = ", ".join(f"{key} {value}" for key, value in names.items()) or "all rows"
        raise UsageError(f"mixed units in one group: {listed}", where=where, hint="group with --by task_set, or keep rows of one "
                         "unit with --where")
