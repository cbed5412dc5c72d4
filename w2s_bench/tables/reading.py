"""Several runs as one table: read, check and filter."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts.errors import DataError, UsageError, nearest
from w2s_bench.running.table_files import BOUND, ROW, read_table, table_of

if TYPE_CHECKING:
    import polars as pl

CELL = ("task", "weak", "strong", "strategy", "supervisor", "seed")
_FOLDER = "folder index"
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}
_CLAUSE = re.compile(r"""\s*(?P<column>[A-Za-z_]\w*)\s*(?P<op><=|>=|==|!=|<|>)\s*(?P<value>"[^"]*"|'[^']*'|[^\s"']+)\s*""")
_AND = re.compile(r"and\s")
_HINT = 'a filter reads like "gain > 0 and task == diabetes"; quote a text that has spaces'


def read_runs(sources: Sequence[Path], *, latest: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows and bounds of several run folders, published folders or rows files, in the order given.

    A column that a source lacks is null in its rows; one that nobody declared stands behind the declared ones (see
    running/table_files.py). Bounds of a rows file lie beside it in bounds.parquet; where there are none, none are returned. A
    cell that two sources hold is refused, or with `latest` taken from the last one that holds it.
    Raises DataError for a file that cannot be read as rows or bounds, UsageError for a cell that is held twice.
    """

    if not sources:
        raise UsageError("no run is given", hint="name one run folder or more")
    rows = _together([read_table(source if source.is_file() else source / "rows.parquet", ROW) for source in sources], sources)
    bounds = _together([_bounds_of(source) for source in sources], sources)
    if latest:
        rows = rows.unique(CELL, keep="last", maintain_order=True)
    else:
        _refuse_twice(rows, sources)
    kept = bounds.join(rows.select(_FOLDER, "run_id", "cell_key"), on=[_FOLDER, "run_id", "cell_key"], how="semi",
                       maintain_order="left")
    return rows.drop(_FOLDER), kept.drop(_FOLDER)


def _together(tables: Sequence[pl.DataFrame], sources: Sequence[Path]) -> pl.DataFrame:
    """Tables one below the other, each line with the number of its source; a column that some lack is null in these."""
    import polars as pl

    kinds: dict[str, Any] = {}
    for table, source in zip(tables, sources, strict=True):
        for name, kind in table.schema.items():
            if kinds.setdefault(name, kind) != kind:
                raise DataError(f"column {name!r} is {kind} here and {kinds[name]} in another run", where=str(source),
                                hint="show them one by one, or write the column again in one type")
    return pl.concat([table.with_columns(pl.lit(i).alias(_FOLDER)) for i, table in enumerate(tables)], how="diagonal")


def _bounds_of(source: Path) -> pl.DataFrame:
    if not source.is_file():
        return read_table(source / "bounds.parquet", BOUND)
    beside = source.with_name("bounds.parquet")
    return read_table(beside, BOUND) if beside.exists() else table_of([], BOUND)


def _refuse_twice(rows: pl.DataFrame, folders: Sequence[Path]) -> None:
    twice = rows.filter(rows.select(CELL).is_duplicated())
    if twice.is_empty():
        return
    first = twice.row(0, named=True)
    where = [str(folders[i]) for i in twice.join(twice.head(1).select(CELL), on=list(CELL), how="semi",
                                                 nulls_equal=True)[_FOLDER].to_list()]
    cell = ", ".join(f"{name} {first[name]}" for name in CELL)
    count = twice.select(CELL).n_unique()
    raise UsageError(f"{count} cell{'s are' if count > 1 else ' is'} in more than one run, such as {cell}",
                     where=" and ".join(where), hint="--latest keeps the row of the run that is named last")


def where(rows: pl.DataFrame, expression: str) -> pl.DataFrame:
    """Rows for which every clause holds: COLUMN OP VALUE, joined with `and`; OP is one of < <= > >= == !=.

    A list column such as flags is asked whether it holds the value. `null` stands for a missing value.
    Raises UsageError for anything else.
    """
    import polars as pl

    return rows.filter(pl.all_horizontal(_condition(rows, *clause) for clause in clauses(expression)))


def clauses(expression: str) -> list[tuple[str, str, str]]:
    """(column, operator, value) of each clause. Raises UsageError where the text is no filter."""
    found, at = [], 0
    while True:
        match = _CLAUSE.match(expression, at)
        if match is None:
            raise UsageError(f"cannot read the filter at {expression[at:].strip() or 'its end'!r}", hint=_HINT)
        found.append((match["column"], match["op"], match["value"]))
        at = match.end()
        if at == len(expression):
            return found
        joined = _AND.match(expression, at)
        if joined is None:
            raise UsageError(f"cannot read the filter at {expression[at:].strip()!r}", hint=_HINT)
        at = joined.end()


def _condition(rows: pl.DataFrame, name: str, op: str, text: str) -> pl.Expr:
    import polars as pl

    if name not in rows.columns:
        raise UsageError(f"no column {name!r}", where="the filter", hint=nearest(name, rows.columns))
    kind, column, equality = rows.schema[name], pl.col(name), op in ("==", "!=")
    bare = text.strip("\"'")
    if text == "null" and equality:
        return column.is_null() if op == "==" else column.is_not_null()
    if kind.is_numeric():
        return _OPERATORS[op](column, _number(name, bare))  # type: ignore[no-any-return]
    if not equality:
        raise UsageError(f"{name} has no order, so {op} says nothing", where="the filter", hint="use == or !=")
    if isinstance(kind, pl.List):
        holds = column.list.contains(bare)
        return holds if op == "==" else ~holds
    if kind == pl.Boolean:
        if bare not in ("true", "false"):
            raise UsageError(f"{name} is true or false, not {bare!r}", where="the filter")
        return _OPERATORS[op](column, pl.lit(bare == "true"))  # type: ignore[no-any-return]
    return _OPERATORS[op](column, pl.lit(bare))  # type: ignore[no-any-return]


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{name} is a number, and {text!r} is none", where="the filter", hint=_HINT) from None
