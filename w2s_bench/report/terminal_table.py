"""The summary of a run as a person meets it in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from w2s_bench.contracts.data import DIRECTIONS
from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.registry.short_names import one_name, short_names
from w2s_bench.report.listing import print_table, printable
from w2s_bench.report.plain_text import plain
from w2s_bench.report.results import FLAG_LETTERS, result_figures, stars_of_gains
from w2s_bench.report.table import Shown, Table, count, number, words
from w2s_bench.report.wording import Line, intervals_in_words, measured_in, scale_of
from w2s_bench.tables.laws import law_words
from w2s_bench.tables.summary import group_keys, verdicts
from w2s_bench.tables.uninformed import left_out_words

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

_ARROWS = {"weak-to-strong": ">", "strong-to-weak": "<", "same": "=", "undirected": "~"}
_NARROW, _STACKED = 98, 160
"""Widths below which names may be folded shorter, and below which they stand one above the other."""

_FAILS = 20
"""Width to which the names of assumptions may be folded."""
_VERDICT_COLUMNS = (
    words("bound", least=None), count("rows"), count("no_statement", short="no\nstatement"),
    count("exceeded", short="ex-\nceeded"), count("certified", short="certi-\nfied", sheds=2),
    count("says_nothing", short="says\nnothing"), count("holds"), count("undecided", short="un-\ndecided"),
    count("violated", short="vio-\nlated"), number("tightness", digits=2, short="lhs/\nrhs", sheds=3),
    Shown(name="fails", head="not certified", wordy=True, least=_FAILS, sheds=1,
          cell=lambda line: ", ".join(line["fails"]).replace("_", " ")))


def render(found: pl.DataFrame, rows: pl.DataFrame, console: Console, *, by: list[str] | None = None,
           sort: str | None = None) -> None:
    """Print one table a task set, weak-to-strong first, then what its marks mean. A narrow terminal gets fewer columns.

    found: the `summary` of the rows by these columns.
    """
    import polars as pl

    table = _sorted(found, sort) if sort else found
    titles = short_names(table["task_set"].unique().to_list())
    for task in table["task_set"].unique(maintain_order=True).to_list():
        group = table.filter(pl.col("task_set") == task)
        print_table(_task_table(titles[task], group.to_dicts(), _name_columns(group, by), console), console)
    if not table.is_empty():
        _say(console, _legend(table))
    if out := left_out_words(rows, group_keys(by)):
        _say(console, out)
    lost = rows.filter(pl.col("status") != "ok")
    if lost.height:
        counts = lost["status"].value_counts().sort("status").rows()
        _say(console, f"{lost.height} of {rows.height} cells are not in the table: "
             + ", ".join(f"{count} {status}" for status, count in counts))


def render_verdicts(bounds: pl.DataFrame, console: Console) -> None:
    """Print what became of each bound, a table a split, and what its heads mean."""
    import polars as pl

    found = verdicts(bounds)
    for split in found["split"].unique().sort().to_list():
        lines = tuple(found.filter(pl.col("split") == split).to_dicts())
        table = Table(title=f"bounds on {split}", columns=_VERDICT_COLUMNS, lines=lines)
        print_table(printable(table, console).fitted(console.width, _FAILS), console)
    _say(console, "no statement: an assumption is not certified on that sample; exceeded: so many of these lie above the right "
                  "side beyond noise. certified = says nothing (true of any two predictors, or of a student that is no better "
                  "than its teacher) + holds + undecided + violated. lhs/rhs: tightness, a ratio of means, of the last three.")


def _sorted(table: pl.DataFrame, sort: str) -> pl.DataFrame:
    """Lines of each task by one of the table's columns; a leading minus sorts downwards. Raises UsageError."""
    name = sort.lstrip("-")
    if name not in table.columns or table.schema[name].is_nested():
        raise UsageError(f"the table has no column {name!r} to sort by", hint=nearest(name, table.columns))
    return table.sort("task_set", name, descending=[False, sort.startswith("-")], nulls_last=True, maintain_order=True)


def _say(console: Console, text: str) -> None:
    console.print(plain(text) if console.options.ascii_only else text, style="dim", markup=False, highlight=False)


def _name_columns(table: pl.DataFrame, by: list[str] | None) -> list[str]:
    if by:
        return [key for key in group_keys(by) if key not in ("task_set", "direction")]
    extra = [key for key in ("strategy", "supervisor") if table[key].n_unique() > 1]
    return ["weak", "strong", *extra]


def _task_table(task: str, lines: Sequence[Line], names: Sequence[str], console: Console) -> Table:
    exponent = scale_of([line[name] for line in lines for name in ("err_weak", "err_student", "misfit")])
    classes = lines[0]["classes"]
    family = one_name(_sides(lines, names))
    about = (f"{family}; " if family else "") + measured_in(lines[0], exponent)
    about += f", accuracy in %; {classes} classes" if classes is not None else ""
    least = 12 if console.width < _NARROW else 16
    named = _names(lines, names, stacked=console.width < _STACKED, least=least)
    table = Table(title=task, about=about, columns=(*named, *result_figures(exponent)), lines=tuple(lines),
                  parted_by="direction")
    return printable(table, console).fitted(console.width, least)


def _names(lines: Sequence[Line], names: Sequence[str], *, stacked: bool, least: int) -> tuple[Shown, ...]:
    """Names without what all of one table share, which is said above it, with spaces at which they may be broken; side by side,
    or one above the other."""
    short = short_names(str(line[name]) for line in lines for name in names) | short_names(_sides(lines, names), nameless=True)

    def labels(*shown: str) -> Callable[[Line], str]:
        def cell(line: Line) -> str:
            arrow = f"{_ARROWS.get(line['direction'], '?')} "
            return "\n".join((arrow if name == "strong" else "") + short[str(line[name])] for name in shown)

        return cell

    if stacked:
        return (Shown(name=names[0], head="\n".join(names), wordy=True, least=least, cell=labels(*names)),)
    return tuple(Shown(name=name, head=name, wordy=True, least=least, cell=labels(name)) for name in names)


def _sides(lines: Sequence[Line], names: Sequence[str]) -> list[str]:
    """The models that a table names."""
    return [str(line[name]) for line in lines for name in names if name in ("weak", "strong")]


def _legend(table: pl.DataFrame) -> str:
    flags = {flag for found in table["flags"].to_list() for flag in found}
    directions = [d for d in DIRECTIONS if d in table["direction"].to_list()]
    parts = [", ".join(f"{_ARROWS[d]} {d}" for d in directions), "n: seeds; means over them"]
    parts += [text for text in (intervals_in_words(table["gain_over"].to_list()), stars_of_gains(table).rstrip(".")) if text]
    if bound := law_words(table["divergence"].to_list()):
        parts.append(f"bound: {bound} on test; no statement: not certified; says nothing: certified, and promises nothing; "
                     "lhs/rhs: its tightness")
    parts += ["gain acc: student − weak in percentage points"] if table["classes"].is_not_null().any() else []
    named = [f"{letter} {', '.join(of_letter)}" for letter in dict.fromkeys(FLAG_LETTERS.values())
             if (of_letter := [flag for flag in FLAG_LETTERS if FLAG_LETTERS[flag] == letter and flag in flags])]
    named += ["? " + ", ".join(sorted(flags - set(FLAG_LETTERS)))] if flags - set(FLAG_LETTERS) else []
    return ". ".join(part for part in [*parts, ("flags: " + ", ".join(named)) if named else ""] if part) + "."
