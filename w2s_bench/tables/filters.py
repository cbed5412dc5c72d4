"""`--where`: a condition on rows as SQL says it, on the columns that are there.

    gain > 0 and (task = 'diabetes' or strategy like 'ridge%')
    gain / misfit > 0.5 and seed in (0, 1)

It is one expression of polars' SQL and never a query: it sees the columns of the rows, and no file. Some things may be said
shorter: == for =; a text of one word without quotes after == or !=, unless a column is called so; "double quotes" about a
text; == null; and == or != on a column of lists, which ask whether it holds a text.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from w2s_bench.contracts.errors import UsageError, nearest

if TYPE_CHECKING:
    import polars as pl

_TEXT = r"""'(?:[^']|'')*'|"[^"]*\""""
_POWER = r"(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+"
_PIECE = re.compile(rf"(?P<text>{_TEXT})|(?P<word>[A-Za-z_]\w*)|(?P<power>{_POWER})|(?P<other>--|/\*|.)", re.DOTALL)
_EQUALS = re.compile(rf"\s*(?P<op>==|=(?!=)|!=|<>)\s*(?P<value>{_TEXT}|[^\s\"'()]++(?!\s*\())")
_OF_QUERIES = frozenset(("select", "from", "with", "values", "table", "exists", "join", "union", ";", "--", "/*"))
_HINT = "a filter reads like \"gain > 0 and (task == diabetes or strategy like 'ridge%')\"; quote a text that has spaces"


def where(rows: pl.DataFrame, condition: str) -> pl.DataFrame:
    """The rows that meet the condition; one for which it is null does not.

    Raises UsageError for anything that is no condition on columns of these rows.
    """
    import polars as pl

    met = _expression(rows, condition)
    try:
        kind = rows.head(0).select(met).to_series().dtype
        if kind != pl.Boolean:
            raise UsageError(f"a filter is true or false, and this is {kind}", where=condition, hint=_HINT)
        return rows.filter(met)
    except pl.exceptions.PolarsError as error:
        raise _unreadable(condition, error) from None


def matching(rows: pl.DataFrame, bounds: pl.DataFrame, condition: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that meet the condition, and their bounds. Raises UsageError as `where`, and where no row is left."""
    import polars as pl

    kept = where(rows, condition)
    if kept.is_empty() and not rows.is_empty():
        raise UsageError(f"no row of {rows.height} meets the filter", where=condition, hint="loosen the filter")
    return kept, bounds.filter(pl.col("cell_key").is_in(kept["cell_key"].to_list()))


def _expression(rows: pl.DataFrame, condition: str) -> pl.Expr:
    import polars as pl

    try:
        met = pl.sql_expr(as_sql(condition, dict(rows.schema)))
        if met.meta.has_multiple_outputs():
            raise UsageError("a filter names its columns one by one", where=condition, hint=_HINT)
        if not met.meta.undo_aliases().meta.eq(met):
            raise UsageError(f"cannot read the filter at {met.meta.output_name()!r}", where=condition, hint=_HINT)
    except pl.exceptions.PolarsError as error:
        raise _unreadable(condition, error) from None
    names = met.meta.root_names()
    if not names:
        raise UsageError("a filter asks something of a column", where=condition, hint=_HINT)
    for name in names:
        if name not in rows.columns:
            raise UsageError(f"no column {name!r}", where=condition,
                             hint=f"{nearest(name, rows.columns)} (a text goes in quotes: '{name}')")
    return met


def as_sql(condition: str, columns: dict[str, pl.DataType]) -> str:
    """The condition as an expression of polars' SQL. Raises UsageError where it asks for more than the columns."""
    said, at, depth = [], 0, 0
    while piece := _PIECE.match(condition, at):
        at = piece.end()
        if piece["text"]:
            said.append(_quoted(piece["text"]))
            continue
        if piece["power"]:
            said.append(_number(piece["power"]))
            continue
        depth += {"(": 1, ")": -1}.get(piece[0], 0)
        if depth < 0:
            raise UsageError(f"cannot read the filter at {condition[at - 1:]!r}", where=condition, hint=_HINT)
        if piece[0].lower() in _OF_QUERIES:
            raise UsageError(f"a filter sees the columns of its rows and nothing else, so it has no {piece[0]!r}",
                             where=condition, hint=_HINT)
        asked = _EQUALS.match(condition, at) if piece["word"] in columns else None
        if asked is None:
            said.append(piece[0])
        else:
            at = asked.end()
            said.append(_equality(piece[0], asked["op"] in ("==", "="), asked["value"], columns))
    return "".join(said)


def _equality(name: str, equal: bool, value: str, columns: dict[str, pl.DataType]) -> str:
    """COLUMN = VALUE or its contrary, with what may be left out put in."""
    import polars as pl

    kind, op, bare = columns[name], "=" if equal else "<>", value.strip("\"'")
    if value.lower() == "null":
        return f"{name} IS {'' if equal else 'NOT '}NULL"
    if value in columns:
        return f"{name} {op} {value}"
    if isinstance(kind, pl.List):
        return f"({'' if equal else 'NOT '}array_contains({name}, {_quoted(value)}))"
    if kind == pl.Boolean and bare.lower() in ("true", "false"):
        return f"{name} {op} {bare}"
    if kind.is_numeric() and _is_number(bare):
        return f"{name} {op} {_number(bare)}"
    plain = (kind.is_numeric() or kind == pl.Boolean) and value == bare
    return f"{name} {op} {value if plain else _quoted(value)}"


def _quoted(text: str) -> str:
    """A text in whichever quotes, or in none, as SQL quotes it."""
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        return text
    inside = text[1:-1] if text.startswith('"') and text.endswith('"') and len(text) > 1 else text
    return "'" + inside.replace("'", "''") + "'"


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _number(text: str) -> str:
    """A number without a power of ten, which not every version of polars reads."""
    return format(Decimal(text), "f")


def _unreadable(condition: str, error: Exception) -> UsageError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return UsageError(f"cannot read the filter: {reason}", where=condition, hint=_HINT)
