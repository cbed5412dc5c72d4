"""What `w2s-bench show --across-seeds` says: of each configuration, what bounds over its seeds say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts import SeedTerm
from w2s_bench.registry.measures import measures
from w2s_bench.report.listing import print_csv, print_json, print_table, printable, say, short, table_console
from w2s_bench.report.table import Shown, Table, count, interval, number, words
from w2s_bench.report.wording import Line, counted, measured_in, scale_of
from w2s_bench.tables.across_seeds import NOT_KEPT, SIDES, across_seeds, seed_terms

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

_NAMES = ("weak", "strong", "strategy", "supervisor")
_NAME = 16
"""Width to which a name may be folded."""
_OVER = ("±: 95 %, over test examples, of these very seeds. For them the terms are arithmetic; of new seeds they are estimates, "
         "and what these would add to ± is not in it.")


def show_across_seeds(rows: pl.DataFrame, sources: Sequence[Path], as_json: bool, as_csv: bool) -> None:
    """Compute and print; as CSV the lines alone."""
    found = across_seeds(rows, sources)
    if as_json:
        print_json({"lines": found.lines.to_dicts(), "unsaid": found.unsaid.to_dicts()})
        return
    if as_csv:
        print_csv(found.lines)
        return
    console = table_console()
    for bound, terms in seed_terms().items():
        lines, unsaid = (table.filter(table["bound"] == bound) for table in (found.lines, found.unsaid))
        for _, part in lines.group_by("task", maintain_order=True):
            print_table(_table(part, terms, console), console)
        if lines.height:
            say([f"{bound}, {measures().bounds[bound].statement}.", _meanings(terms), _OVER, *_shows(lines, terms)])
        say(_left_out(bound, unsaid))


def _table(part: pl.DataFrame, terms: Sequence[SeedTerm], console: Console) -> Table:
    """A line a configuration of one task. What something is concluded from has its interval."""
    first = part.row(0, named=True)
    exponent = scale_of(part["mean"].to_list())
    sizes = {name: part[name].unique().to_list() for name in ("seeds", "examples")}
    said = [counted(sizes[name][0], word) for name, word in (("seeds", "seed"), ("examples", "test example"))
            if len(sizes[name]) == 1]
    names = [words(name, texts=short(part[name].unique(maintain_order=True).to_list())) for name in _NAMES
             if name in _NAMES[:2] or part[name].n_unique() > 1]
    columns = [*names, *(count(name) for name, found in sizes.items() if len(found) > 1)]
    columns += [_column(term, exponent, sheds=len(terms) - place) for place, term in enumerate(terms)]
    table = Table(title=first["task"], about="; ".join([first["bound"], measured_in(first, exponent), *said]),
                  columns=tuple(columns), lines=tuple(_wide(part)))
    return printable(table, console).fitted(console.width, _NAME)


def _column(term: SeedTerm, exponent: int, sheds: int) -> Shown:
    head = term.name.replace("_", " ")
    if term.above or term.below or term.zero:
        return interval(term.name, head, exponent=exponent)
    return number(term.name, head, exponent=exponent, sheds=sheds)


def _wide(part: pl.DataFrame) -> list[Line]:
    """The terms of each configuration beside each other."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for line in part.to_dicts():
        name = line["term"]
        of_one = found.setdefault(tuple(line[key] for key in _NAMES), {key: line[key] for key in (*_NAMES, "seeds", "examples")})
        of_one |= {name: line["mean"], f"{name}_low": line["low"], f"{name}_high": line["high"]}
    return list(found.values())


def _meanings(terms: Sequence[SeedTerm]) -> str:
    told = "; ".join(f"{term.name.replace('_', ' ')}: {term.meaning}" for term in terms)
    return f"Means over seeds and test examples. {told}."


def _shows(lines: pl.DataFrame, terms: Sequence[SeedTerm]) -> list[str]:
    """What the terms show, and of how many configurations."""
    said = []
    for term in terms:
        sides = lines.filter(lines["term"] == term.name)["side"].to_list()
        if not any((term.above, term.below, term.zero)):
            continue
        name = term.name.replace("_", " ")
        clauses = {"above": term.above or f"{name} is above 0", "below": term.below or f"{name} is below 0",
                   "zero": term.zero or f"{name} is 0", "noise": f"{name} cannot be told from 0"}
        told = [f"{clauses[side]} in {sides.count(side)}" for side in SIDES if side in sides]
        said.append(f"Of {counted(len(sides), 'configuration')}: {', '.join(told)}.")
    return said


def _left_out(bound: str, unsaid: pl.DataFrame) -> list[str]:
    """Of how many configurations nothing is said, and why."""
    if unsaid.is_empty():
        return []
    reasons: dict[str, int] = {}
    for line in unsaid.to_dicts():
        reasons[line["reason"]] = reasons.get(line["reason"], 0) + 1
    told = "; ".join(f"{reason} ({many})" for reason, many in reasons.items())
    way = " `w2s-bench run` keeps predictions with --keep all or --keep test." if NOT_KEPT in reasons else ""
    return [f"{bound} says nothing of {counted(unsaid.height, 'configuration')}: {told}.{way}"]
