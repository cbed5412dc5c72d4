"""Which columns of a table are the input x, and why the others are not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from w2s_bench.contracts import (
    Array,
    Column,
    DataError,
    InputsRead,
    Table,
    UsageError,
    is_mapped,
    nearest,
    roomy,
    row_slices,
    setting,
    side_by_side,
)

_INDEX = re.compile(r"(?i:unnamed: ?\d+.*|row[ _.]?(names?|id|num|number|index|nr)|__index_level_\d+__|level_0)")
_NUMBERING = (r"#|(s|sl|sr|ser|serial|rec|record|obs|case|seq)?[ ._]{0,2}(no|nr|num|number)\.?|serial|seq|sequence|obs\.?|"
              "observation|record|row")
_IDS = re.compile(rf"(?i:ids?|idx|index|uuid|guid|key|{_NUMBERING})|.*[ _.-](?i:ids?|idx|index|uuid)|.*[a-z](Ids?|IDs?|Idx)")

_FIRST = 4096
"""Rows of a column in a file that are looked at before all are."""


@dataclass(frozen=True)
class Wanted:
    """What the person says of x, column names each. features: the columns of x; exclude: those that stay out of it; include:
    those that are in it whatever they look like; answers: those that a teacher answers in, which are not unless asked for;
    difficulty: the one that says how hard a row is, which is not either. gaps: refuse, or what fills the gaps of a column of x,
    its mean or median over all rows.
    """

    features: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    difficulty: str = ""
    gaps: str = "refuse"

    def check(self, table: Table, columns: Mapping[str, Column]) -> None:
        """Raise DataError for a column that is not there, UsageError for one that is named twice over."""
        hard = (self.difficulty,) if self.difficulty else ()
        for noun, names in (("feature column", self.features), ("column", (*self.exclude, *self.include)),
                            ("input column of difficulty", hard)):
            for name in names:
                if name not in columns:
                    raise DataError(f"no {noun} {name!r}", where=table.source, hint=nearest(name, columns))
        both = {*self.features, *self.include} & set(self.exclude)
        if both:
            raise UsageError(f"the column {min(both)!r} is to be in x and out of it", where=table.source,
                             hint="name it once: in exclude=, or in features= or include=")


def inputs_of(table: Table, columns: Mapping[str, Column], wanted: Wanted) -> InputsRead:
    """The columns of x in order, and why each other one is not in it.

    Alone, x is the column `x` or `X` of an npz or a folder, else the only matrix, else all columns of numbers, but for row
    numbers. Raises DataError for a column of x with a gap, and for one that would be numbers but for some cells.
    """
    wanted.check(table, columns)
    left_out: dict[str, str] = {name: "exclude= names it" for name in wanted.exclude}
    left_out |= {name: f"it holds answers; {setting('include', name)} takes it in" for name in wanted.answers
                 if name not in {*wanted.features, *wanted.include}}
    if wanted.difficulty and wanted.difficulty not in {*wanted.features, *wanted.include, *left_out}:
        left_out[wanted.difficulty] = f"it says how hard a row is; {setting('include', wanted.difficulty)} takes it in"
    if wanted.features:
        chosen = [*wanted.features, *(name for name in wanted.include if name not in wanted.features)]
        left_out |= {name: "features= names others" for name in columns if name not in {*chosen, *left_out}}
    else:
        asked = {name: column for name, column in columns.items() if name not in left_out}
        chosen = _automatic(table, asked, set(wanted.include), left_out)
    sound = _finite(columns, chosen)
    for name in chosen if not sound else ():
        _check_numbers(table, name, columns[name], wanted.gaps)
    _check_own_x(table, columns, chosen)
    within = "x" in chosen and len(chosen) > 1
    note = "the file has a column x of its own, and what models read as x is all of these: raw[column=x] reads them all"
    notes = (*([note] if within else []), *_filling(columns, chosen, wanted.gaps))
    return InputsRead(tuple(chosen), left_out, frozenset({*wanted.features, *wanted.include}), notes)


def filled(columns: Mapping[str, Column], chosen: tuple[str, ...], gaps: str) -> dict[str, Column]:
    """The columns, those chosen without gaps: filled with the mean or the median of what the column holds in all rows, of its own
    column where it is a matrix."""
    return {name: _without_gaps(column, gaps) if name in chosen and gaps != "refuse" else column
            for name, column in columns.items()}


def _without_gaps(column: Column, gaps: str) -> Column:
    if is_mapped(column.values):
        gap_in = any(bool(np.isnan(column.values[rows]).any()) for rows in row_slices(len(column.values)))
        return _mapped_without_gaps(column, gaps) if gap_in else column
    gap = np.isnan(column.values)
    if not gap.any():
        return column
    middle = (np.nanmean if gaps == "mean" else np.nanmedian)(column.values, axis=0)
    return replace(column, values=np.where(gap, middle, column.values))


def _finite(columns: Mapping[str, Column], chosen: list[str]) -> bool:
    """Whether all that is chosen lies in files, and is found to be finite when it is read once, row by row."""
    values = [columns[name].values for name in chosen if columns[name].kind != "text"]
    if not values or len(values) < len(chosen) or not all(map(is_mapped, values)):
        return False
    whole = side_by_side(values)
    return all(bool(np.isfinite(whole[rows]).all()) for rows in row_slices(len(whole)))


def _mapped_without_gaps(column: Column, gaps: str) -> Column:
    """As `_without_gaps`, in another file, column by column of a matrix."""
    values = column.values.reshape(len(column.values), -1)
    middle = np.empty(values.shape[1])
    for at in range(values.shape[1]):
        middle[at] = (np.nanmean if gaps == "mean" else np.nanmedian)(values[:, at].astype(np.float64))
    filled = roomy(values.shape, np.float64, least=1)
    for rows in row_slices(len(values)):
        filled[rows] = np.where(np.isnan(values[rows]), middle, values[rows])
    return replace(column, values=filled.reshape(column.values.shape))


def _filling(columns: Mapping[str, Column], chosen: list[str], gaps: str) -> list[str]:
    """What was filled, in a sentence, if anything was."""
    if gaps == "refuse":
        return []
    counts = {name: sum(int(np.isnan(columns[name].values[rows]).sum()) for rows in row_slices(len(columns[name].values)))
              for name in chosen}
    named = [f"{name} {count}" for name, count in counts.items() if count]
    return [f"gaps are filled with the {gaps} of all rows: {', '.join(named)}"] if named else []


def matrix(columns: Mapping[str, Column], chosen: tuple[str, ...]) -> Array:
    """The chosen columns side by side, (n, d) float64, or as they lie in a file."""
    return side_by_side([columns[name].values for name in chosen])


def _automatic(table: Table, columns: Mapping[str, Column], include: set[str], left_out: dict[str, str]) -> list[str]:
    numeric: list[str] = []
    for name, column in columns.items():
        if column.kind == "text":
            _check_odd(table, name, column)
            left_out[name] = column.why
        elif name not in include and is_row_number(name, column, table):
            left_out[name] = f"row numbers, or ids; {setting('include', name)} takes it in"
        else:
            numeric.append(name)
    named_x = [name for name in numeric if name in ("x", "X") and (table.arrays or columns[name].kind == "matrix")]
    whole = sorted(named_x, reverse=True)[:1]
    whole = whole or [name for name in numeric if columns[name].kind == "matrix"]
    if len(whole) > 1:
        why = f"there are several matrices; {setting('features', whole[0])} chooses one"
        left_out |= {name: why for name in numeric if name not in include}
        return [name for name in numeric if name in include]
    if whole:
        left_out |= {name: f"{whole[0]} is the input; {setting('include', name)} takes it in too"
                     for name in numeric if name not in {*whole, *include}}
    return [name for name in numeric if not whole or name in {*whole, *include}]


def is_row_number(name: str, column: Column, table: Table) -> bool:
    """Whether a column numbers or names the rows: whole numbers that are 0, 1, … in any order, unless it is called x; that are
    an index by their name, or have none; or that are called ids and are all different.
    """
    values = column.values
    if column.kind == "numbers" and is_mapped(values) and not _are_whole(values[:_FIRST]):
        return False
    if column.kind != "numbers" or not np.isfinite(values).all() or (values != np.round(values)).any():
        return False
    ordered = np.sort(values)
    if name != "x" and ordered[0] in (0.0, 1.0) and (np.diff(ordered) == 1.0).all():
        return True
    if name in table.unnamed or _INDEX.fullmatch(name):
        return True
    return bool(_IDS.fullmatch(name)) and bool((np.diff(ordered) > 0.0).all())


def _are_whole(values: Array) -> bool:
    return bool(np.isfinite(values).all() and (values == np.round(values)).all())


def _check_odd(table: Table, name: str, column: Column) -> None:
    if column.odd is None:
        return
    odd = column.odd
    mend = f"add {odd.why}; or " if odd.why else "write it as a number without separators or units; or "
    if odd.holds != "numbers":
        mend = "leave the row out of the file; or "
    if odd.comma and not odd.why:
        mend = f"add decimal=comma where this is a decimal comma; {mend}"
    raise DataError(f"column {name!r} holds {odd.holds}, but {odd.text!r} in {table.row(odd.row)}", where=table.source,
                    hint=f"{mend}{setting('exclude', name)} leaves the column out of x")


def _check_numbers(table: Table, name: str, column: Column, gaps: str) -> None:
    if column.kind == "text":
        _check_odd(table, name, column)
        raise DataError(f"feature column {name!r} holds {column.why}", where=table.source, hint="list numeric columns only")
    if column.rounded is not None:
        cell = table.columns[name][column.rounded]
        raise DataError(f"column {name!r} holds {cell} in {table.row(column.rounded)}, more digits than a number here holds "
                        "(float64)", where=table.source, hint=f"{setting('exclude', name)} leaves it out of x")
    if column.kind == "matrix" and (empty := _hold_nothing(column.values)).any():
        raise DataError(f"column {int(empty.argmax()) + 1} of {name!r} holds nothing but gaps", where=table.source,
                        hint="leave it out of the array")
    for rows in row_slices(len(column.values)):
        values = column.values[rows]
        bad = np.isinf(values) if gaps != "refuse" else ~np.isfinite(values)
        if not bad.any():
            continue
        row = rows.start + int(np.argwhere(bad)[0][0])
        value = values[bad][0]
        what = "a gap" if np.isnan(value) else f"{value}"
        fill = "gaps=median (or mean) fills it; or " if np.isnan(value) else ""
        raise DataError(f"feature column {name!r} holds {what} in {table.row(row)}", where=table.source,
                        hint=f"{fill}leave the row out of the file; or {setting('exclude', name)} leaves the column out of x")


def _hold_nothing(values: Array) -> Array:
    """Which columns (d,) of a matrix are gaps from end to end."""
    empty = np.ones(values.shape[1], dtype=bool)
    for rows in row_slices(len(values)):
        if not empty.any():
            break
        empty &= np.isnan(values[rows]).all(axis=0)
    return empty


def _check_own_x(table: Table, columns: Mapping[str, Column], chosen: list[str]) -> None:
    """Raise DataError where models that read x would read something else than the file's own column x."""
    if "x" in columns and chosen and "x" not in chosen:
        raise DataError(f"the file has a column 'x' of its own, and models read the input {'+'.join(chosen)} by this name",
                        where=table.source, hint="rename the column; or let a model read another: raw[column=…]")


def check_varied(table: Table, columns: Mapping[str, Column], chosen: tuple[str, ...]) -> None:
    """Raise DataError where x is the same for all rows."""
    if chosen and len(table) > 1 and all(_is_constant(columns[name].values) for name in chosen):
        raise DataError(f"x is the same in all rows: {', '.join(chosen)}", where=table.source,
                        hint="nothing can be told from it; add a column that differs")


def _is_constant(values: Array) -> bool:
    return all(bool((values[rows] == values[:1]).all()) for rows in row_slices(len(values)))
