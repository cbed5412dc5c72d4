"""What a curve runs along: a number of each setting, and the names of the curve without what only stands for that number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from w2s_bench.contracts import FigureData, UsageError, nearest

if TYPE_CHECKING:
    import polars as pl

SIDES = {"task": "task_set", "weak": "weak", "strong": "strong", "strategy": "strategy", "supervisor": "supervisor"}
"""Where a parameter may stand, and the column that holds the label."""


def along(data: FigureData, rows: pl.DataFrame, x: str) -> pl.DataFrame:
    """The rows with `x`, the number of each, and `on_task`, `on_weak`, …: their labels without what stands for that number.

    x: a numeric column, or `side.parameter`, read from the label of that side. A number that differs from seed to seed is
    averaged over them, and a measured one over draws too, but no size, which draws may be made to differ in. Rows without a
    number are left out. Raises UsageError where x names no number.
    """
    import polars as pl

    numbers = _of_label(data, rows, *x.split(".", 1)) if "." in x else _of_column(rows, x)
    found = rows.with_columns(numbers.alias("x")).filter(pl.col("x").is_finite().fill_null(False))
    if found.is_empty():
        raise UsageError(f"{x} holds no number in any of {rows.height} cells", where="--x")
    setting = [*SIDES.values(), *(["task"] if x.startswith("n_") else [])]
    found = found.with_columns(pl.col("x").mean().over(setting))
    for side, column in SIDES.items():
        values = dict(found.select(column, "x").unique(maintain_order=True).group_by(column).agg("x").iter_rows())
        found = found.with_columns(pl.col(column).replace_strict(_without_numbers(data, values), return_dtype=pl.String)
                                   .alias(f"on_{side}"))
    return found


def _of_column(rows: pl.DataFrame, x: str) -> pl.Series:
    import polars as pl

    numeric = [name for name, type_ in rows.schema.items() if type_.is_numeric()]
    if x not in numeric:
        what = f"{x} is no number, so nothing can be drawn against it" if x in rows.columns else f"no column {x!r}"
        raise UsageError(what, where="--x", hint=f"{nearest(x, numeric)}; or a parameter, as weak.width")
    return rows[x].cast(pl.Float64)


def _of_label(data: FigureData, rows: pl.DataFrame, side: str, parameter: str) -> pl.Series:
    import polars as pl

    if side not in SIDES:
        raise UsageError(f"no side is called {side!r}", where="--x", hint=nearest(side, SIDES))
    settings = {label: data.parameters(label) for label in rows[SIDES[side]].unique() if label is not None}
    if not any(parameter in params for params in settings.values()):
        known = sorted({name for params in settings.values() for name in params})
        hint = nearest(parameter, known) if known else f"these {side} labels have no parameters"
        raise UsageError(f"no {side} label has a parameter {parameter!r}", where="--x", hint=hint)
    values = {label: params.get(parameter) for label, params in settings.items()}
    for label, value in values.items():
        if value is not None and not _is_number(value):
            raise UsageError(f"{side}.{parameter} is no number, so nothing can be drawn against it", where=label)
    return rows[SIDES[side]].replace_strict(values, default=None, return_dtype=pl.Float64)


def _without_numbers(data: FigureData, values: Mapping[str, Iterable[float]]) -> dict[str, str]:
    """Each label without its numeric parameters that fix x: whose every value goes with one x, and which take several.

    values: of each label, the x at which it occurs. `transfer=16` and `transfer=32` are one curve along n_transfer.
    """
    told: dict[tuple[str, str], dict[object, set[float]]] = {}
    for label, found in values.items():
        for parameter, value in data.parameters(label).items():
            told.setdefault((_name(label), parameter), {}).setdefault(value, set()).update(found)
    fixed = {key for key, of_value in told.items() if len(of_value) > 1 and all(_is_number(value) for value in of_value)
             and all(len(found) == 1 for found in of_value.values())}
    return {label: data.without(label, [parameter for name, parameter in fixed if name == _name(label)]) for label in values}


def _name(label: str) -> str:
    return label.partition("[")[0]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
