"""`--where`: a condition on rows as SQL says it, on the columns that are there.

    gain > 0 and (task = 'diabetes' or strategy like 'ridge%')
    gain / misfit > 0.5 and seed in (0, 1)

It is one expression of polars' SQL and never a query: it sees the columns of the rows, and no file. Some things may be said
shorter: == for =; a text of one word without quotes after == or !=, unless a column is called so; "double quotes" about a
text; == null; and == or != on a column of lists, which ask whether it holds a text. A task, a model or a strategy may be
said as the table of its task shows it, without the parameters that tell nothing apart there; `like` takes a text as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.registry.short_names import meant, short_names

if TYPE_CHECKING:
    import polars as pl

_TEXT = r"""'(?:[^']|'')*'|"[^"]*\""""
_POWER = r"(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+"
_PIECE = re.compile(rf"(?P<text>{_TEXT})|(?P<word>[A-Za-z_]\w*)|(?P<power>{_POWER})|(?P<other>--|/\*|.)", re.DOTALL)
_INNER = r"\[[^\[\]\"'()]*+\]"
_WORD = rf"(?:[^\s\"'()\[\],]|,(?=\S)|\[(?:[^\[\]\"'()]|{_INNER})*+\])++"
_EQUALS = re.compile(rf"\s*(?P<op>==|=(?!=)|!=|<>)\s*(?P<value>{_TEXT}|{_WORD}(?!\s*\())")
_ITEM = re.compile(rf"\s*({_TEXT}|(?:[^\s\"'()\[\],]|\[(?:[^\[\]\"'()]|{_INNER})*+\])++)\s*(?:,|$)")
_AMONG = re.compile(rf"\s+(?P<op>(?:not\s+)?in)\s*\((?P<items>(?:{_TEXT}|[^()\"'])*)\)", re.IGNORECASE)
_OF_QUERIES = frozenset(("select", "from", "with", "values", "table", "exists", "join", "union", ";", "--", "/*"))
_NAMES = ("task", "task_set", "weak", "strong", "strategy", "supervisor")
_LISTED = 8
_HINT = "a filter reads like \"gain > 0 and (task == diabetes or strategy like 'ridge%')\"; quote a text that has spaces"


def where(rows: pl.DataFrame, condition: str) -> pl.DataFrame:
    """The rows that meet the condition; one for which it is null does not.

    Raises UsageError for anything that is no condition on columns of these rows.
    """
    return _kept(rows, _expression(rows, condition), condition)


def _kept(rows: pl.DataFrame, met: pl.Expr, condition: str) -> pl.DataFrame:
    import polars as pl

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

    met = _expression(rows, condition)
    kept = _kept(rows, met, condition)
    if kept.is_empty() and not rows.is_empty():
        held = [f"{name}: {_held(rows[name])}" for name in dict.fromkeys(met.meta.root_names())]
        raise UsageError(f"no row of {rows.height} meets the filter", where=condition, hint="the rows have " + "; ".join(held))
    return kept, bounds.filter(pl.col("cell_key").is_in(kept["cell_key"].to_list()))


def _expression(rows: pl.DataFrame, condition: str) -> pl.Expr:
    import polars as pl

    try:
        met = pl.sql_expr(as_sql(condition, rows))
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


def as_sql(condition: str, rows: pl.DataFrame) -> str:
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
        asked = _asked(piece[0], condition, at, rows) if piece["word"] in rows.columns else None
        text, at = asked or (piece[0], at)
        said.append(text)
    return "".join(said)


def _asked(name: str, condition: str, at: int, rows: pl.DataFrame) -> tuple[str, int] | None:
    """What is asked of a column from here on, in SQL, and where it ends: COLUMN = VALUE, or a text COLUMN in (VALUES)."""
    import polars as pl

    if found := _EQUALS.match(condition, at):
        return _equality(name, found["op"] in ("==", "="), found["value"], condition, rows), found.end()
    found = _AMONG.match(condition, at) if rows.schema[name] == pl.String else None
    items = _items(found["items"]) if found else []
    if found is None or not items:
        return None
    terms = [f"{name} = {item}" if item in rows.columns else _named(name, item, condition, rows) for item in items]
    return f"{'NOT ' if found['op'].lower().startswith('not') else ''}({' OR '.join(terms)})", found.end()


def _items(text: str) -> list[str]:
    """The texts of a list, [] where it is none of texts alone."""
    items, at = [], 0
    while at < len(text):
        found = _ITEM.match(text, at)
        if not found or found[1].lower() in _OF_QUERIES:
            return []
        items.append(found[1])
        at = found.end()
    return items


def _named(name: str, value: str, condition: str, rows: pl.DataFrame) -> str:
    """COLUMN = TEXT for a column of texts; a name may be said as the table of each task shows it.

    Raises UsageError where it may be several of one task.
    """
    text = _unquoted(value)
    parts: dict[str | None, pl.DataFrame] = {None: rows}
    if not name.startswith("task") and "task_set" in rows.columns:
        parts = {task: part for (task,), part in rows.group_by("task_set", maintain_order=True)}
    tasks_of: dict[str, list[str | None]] = {}
    for task, part in parts.items() if name in _NAMES else ():
        found = meant(text, part[name].unique().to_list())
        if len(found) > 1:
            raise UsageError(f"{text!r} may be several of the column {name}", where=condition,
                             hint=f"{_listed(found)}; all of them: {name} like '{text}%'")
        for label in found:
            tasks_of.setdefault(label, []).append(task)
    terms = [_label_of(name, label, [task for task in tasks if task is not None], parts) for label, tasks in tasks_of.items()]
    return f"({' OR '.join(terms)})" if len(terms) > 1 else terms[0] if terms else f"{name} = {_sql_text(text)}"


def _label_of(name: str, label: str, tasks: Sequence[str], parts: Mapping[str | None, pl.DataFrame]) -> str:
    """COLUMN = LABEL, in these tasks alone where others hold the label too and the text does not mean it there."""
    term = f"{name} = {_sql_text(label)}"
    others = [task for task, part in parts.items() if task not in tasks and label in part[name].unique().to_list()]
    return term if not tasks or not others else f"({term} AND task_set IN ({', '.join(map(_sql_text, tasks))}))"


def _held(column: pl.Series) -> str:
    """What a column holds, in a few words: its texts, or from where to where its numbers go."""
    import polars as pl

    held = (column.explode() if isinstance(column.dtype, pl.List) else column).drop_nulls()
    if held.is_empty():
        return "nothing"
    if column.dtype.is_numeric() and held.n_unique() > _LISTED:
        numbers = held.to_list()
        return f"{min(numbers):.4g} to {max(numbers):.4g}"
    texts = [str(value) for value in held.unique().sort().to_list()]
    return _listed(list(short_names(texts).values()) if column.name in _NAMES else texts)


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_LISTED]) + (f" and {len(texts) - _LISTED} more" if len(texts) > _LISTED else "")


def _equality(name: str, equal: bool, value: str, condition: str, rows: pl.DataFrame) -> str:
    """COLUMN = VALUE or its contrary, with what may be left out put in."""
    import polars as pl

    kind, op, bare = rows.schema[name], "=" if equal else "<>", value.strip("\"'")
    if value.lower() == "null":
        return f"{name} IS {'' if equal else 'NOT '}NULL"
    if value in rows.columns:
        return f"{name} {op} {value}"
    if isinstance(kind, pl.List):
        return f"({'' if equal else 'NOT '}array_contains({name}, {_quoted(value)}))"
    if kind == pl.Boolean and bare.lower() in ("true", "false"):
        return f"{name} {op} {bare}"
    if kind.is_numeric() and _is_number(bare):
        return f"{name} {op} {_number(bare)}"
    if kind == pl.String:
        return f"{'' if equal else 'NOT '}({_named(name, value, condition, rows)})"
    plain = (kind.is_numeric() or kind == pl.Boolean) and value == bare
    return f"{name} {op} {value if plain else _quoted(value)}"


def _quoted(text: str) -> str:
    """A text in whichever quotes, or in none, as SQL quotes it."""
    return _sql_text(_unquoted(text))


def _unquoted(text: str) -> str:
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        return text[1:-1].replace("''", "'")
    return text[1:-1] if text.startswith('"') and text.endswith('"') and len(text) > 1 else text


def _sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


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
