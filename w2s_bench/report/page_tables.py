"""The tables of a page: a line a pair of models, a line a cell, strategies compared; with units in their heads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts.errors import DataError
from w2s_bench.registry.short_names import one_name, short_names
from w2s_bench.report.comparison import PAGE_COLUMNS as COMPARED
from w2s_bench.report.results import lacking, of_classes, result_figures, stars_of_gains
from w2s_bench.report.table import Shown, Table, Tone, count, number, unit_in_head, words
from w2s_bench.report.wording import PERCENT, Line, intervals_in_words, measured_in, plus_minus
from w2s_bench.tables.comparisons import comparisons, dropped, dropped_words
from w2s_bench.tables.inference import NO_TERMS, Terms
from w2s_bench.tables.laws import law_words, unit_of
from w2s_bench.tables.summary import KEYS, bound_on_test, summary

if TYPE_CHECKING:
    import polars as pl

MOST_CELLS, MOST_PAIRS = 2000, 500
"""Lines that a table of the page holds at most."""
_MOST_UNITS = 6
"""Tables of pairs beyond which one table holds them all."""
_NAMES = ("task_set", "task", "strategy", "supervisor", "direction", "seed")
"""Columns of names, left out where they say one thing."""
_FIRST = ("gain", "misfit", "gain_over_misfit", "verdict")
"""Figures that are read before the others."""


class Head(msgspec.Struct, frozen=True):
    """What stands above a column. aside: whether a narrow screen leaves the column out."""

    text: str
    unit: str
    wordy: bool
    aside: bool

    @property
    def looks(self) -> str:
        """Its classes in the style sheet."""
        return " ".join(filter(None, ("wordy" if self.wordy else "", "aside" if self.aside else "")))


class Value(msgspec.Struct, frozen=True):
    """What stands in a column. number: what it is sorted by, "" for none."""

    text: str
    number: str
    tone: Tone


class PageTable(msgspec.Struct, frozen=True):
    """One table. mark: its id on the page. lines: under the name of a line what a narrow screen says of it, and its values, of
    which the first is its name."""

    mark: str
    title: str
    about: str
    heads: tuple[Head, ...]
    lines: tuple[tuple[str, tuple[Value, ...]], ...]

    def looks(self, place: int, value: Value) -> str:
        """The classes of a value in the style sheet."""
        return f"{self.heads[place].looks} {value.tone}".strip()


def pair_tables(rows: pl.DataFrame, bounds: pl.DataFrame, terms: Terms = NO_TERMS) -> list[PageTable]:
    """A line a pair of models, strategy and supervisor, seeds averaged: a table for each unit, or one for many units."""
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok")
    if ok.is_empty():
        return []
    keys = ok.select(KEYS).unique(maintain_order=True)
    few = ok.join(keys.head(MOST_PAIRS), on=list(KEYS), how="semi", nulls_equal=True, maintain_order="left")
    cut = f" The first {MOST_PAIRS} of {keys.height} are listed." if keys.height > MOST_PAIRS else ""
    of_unit: dict[str, list[Line]] = {}
    found = summary(few, bounds, terms=terms)
    stars = stars_of_gains(found).replace("this table", "the tables of pairs")
    cut = f" {stars}{cut}" if stars else cut
    for line in found.to_dicts():
        of_unit.setdefault(measured_in(line), []).append(line)
    if len(of_unit) > _MOST_UNITS:
        of_unit = {"each in its own unit": [{**line, "unit": unit} for unit, found in of_unit.items() for line in found]}
    return [_of_pairs(place, unit, lines, cut, len(of_unit) > 1) for place, (unit, lines) in enumerate(of_unit.items())]


def _of_pairs(place: int, unit: str, lines: Sequence[Line], cut: str, several: bool) -> PageTable:
    units = (words("unit"),) if "unit" in lines[0] else ()
    figures = [column for column in result_figures() if "page" in column.places]
    first = [column for name in _FIRST for column in figures if column.name == name]
    rest = [column for column in figures if column not in first]
    tasks = list(dict.fromkeys(str(line["task_set"]) for line in lines))
    apart = f": {tasks[0].partition('[')[0]}" if len(tasks) == 1 else f", {unit}"
    table = Table(title=f"Each pair of models{apart}" if several else "Each pair of models",
                  about=f"Means over seeds. {intervals_in_words(line['gain_over'] for line in lines)}. "
                        f"Errors, gain and misfit: {unit}.{_said(lines)}{cut}",
                  columns=(*units, *first, *rest), lines=tuple(lines))
    return _on_page(f"pairs-{place}" if place else "pairs", table, ("task_set", "strategy", "supervisor", "direction"))


def cells_table(rows: pl.DataFrame, bounds: pl.DataFrame) -> PageTable | None:
    """A line a cell; None where no cell has a score, or more have than a page holds."""
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok")
    if ok.is_empty() or ok.height > MOST_CELLS:
        return None
    lines = ok.join(bound_on_test(bounds), on=["run_id", "cell_key"], how="left", maintain_order="left").to_dicts()
    units = {measured_in(line) for line in lines}
    about = f"One seed of one pair. ± is a standard error over test examples. Errors, gain and misfit: {_or_own(units)}."
    table = Table(title="Cells", about=about + _said(lines), columns=_cell_figures(), lines=tuple(lines))
    return _on_page("cells", table, ("task", "strategy", "supervisor", "direction", "seed"))


def compared_table(rows: pl.DataFrame, terms: Terms = NO_TERMS) -> PageTable | None:
    """Each strategy beside one of them on paired cells, and what makes no pair; None where no cells are paired."""
    import polars as pl

    try:
        table, lost = comparisons(rows, terms=terms), dropped(rows)
    except DataError:
        return None
    against = table["against"][0]
    about = (f"Each strategy beside {against} on paired cells only: the same task, models, supervisor and seed, both with status "
             f"ok. mean against: the mean of {against}. {intervals_in_words(table['difference_over'].to_list())}, of the "
             "paired differences. beyond: among all of this table (false discovery 5 %). "
             + " ".join(dropped_words(rows, lost) + (["Every cell has its pair."] if lost.is_empty() else [])))
    lines = tuple(table.filter(pl.col("strategy") != against).head(MOST_CELLS).to_dicts())
    if not lines:
        return None
    columns = {column.name: column for column in COMPARED}
    columns |= {name: words(name, texts=_texts(name, lines)) for name in ("task_set", "strategy")}
    heads = tuple(Head(column.head, "", column.wordy, aside=False) for column in columns.values())
    return PageTable("strategies", "Strategies, paired", about, heads,
                     tuple(("", _values(columns.values(), line)) for line in lines))


def _cell_figures() -> tuple[Shown, ...]:
    """What a cell shows, in the order in which it is read; what it shares with groups of cells is worded as there."""
    shared = {column.name: column for column in result_figures() if "page" in column.places}
    agreements = (("agreement_weak_right", "agree, weak right"), ("agreement_weak_wrong", "agree, weak wrong"))
    of_accuracy = (_with_error("gain_accuracy", PERCENT, 2), number("pgr_accuracy", "pgr, accuracy", digits=2),
                   *(number(name, head, exponent=PERCENT, digits=2) for name, head in agreements))
    own = {column.name: msgspec.structs.replace(column, when=of_classes) for column in of_accuracy}
    errors = [column for name, column in shared.items() if name.startswith(("err_", "accuracy_"))]
    return (_with_error("gain"), shared["misfit"], shared["gain_over_misfit"],
            Shown(name="verdict", head="bound", wordy=True, cell=lambda line: (line["verdict"] or "-") + lacking(line)),
            number("pgr", digits=2), *errors, *own.values(), shared["tightness"], shared["flags"])


def _with_error(name: str, exponent: int = 0, digits: int = 3) -> Shown:
    return Shown(name=name, head=f"{name.replace('_', ' ')} ± se",
                 cell=lambda line: plus_minus(line[name], line[f"{name}_se"], exponent, digits))


def _on_page(mark: str, table: Table, names: Sequence[str]) -> PageTable:
    """The table under the name of each pair, with these columns of names, without those that say one thing of all lines, which
    go into words."""
    shown = table.at("page")
    said: dict[str, str] = {}
    columns: list[Shown] = []
    for name in names:
        values = {line[name] for line in table.lines}
        texts = _texts(name, table.lines)
        if len(values) > 1:
            columns.append(count(name) if name == "seed" else words(name, texts=texts))
        else:
            said[name] = str(next(iter(values)))
    labels = [line[side] for line in table.lines for side in ("weak", "strong")]
    models = short_names(labels, nameless=True)
    if shared := one_name(labels):
        said["models"] = shared
    pair = Shown(name="pair", head="weak → strong", wordy=True,
                 cell=lambda line: f"{_name(models, line['weak'])} →\n{_name(models, line['strong'])}")
    same = f" The same in every row: {'; '.join(f'{name} {value}' for name, value in said.items())}." if said else ""
    units = {unit_of(line["divergence"], line["output_unit"]) for line in table.lines}
    unit = units.pop() if len(units) == 1 else ""
    heads = (Head(pair.head, "", True, aside=False), *(Head(column.head, "", column.wordy, aside=True) for column in columns),
             *(Head(column.head, unit_in_head(column.name, unit), column.wordy, aside=False) for column in shown.columns))
    return PageTable(mark, table.title, table.about + same, heads, tuple(
        (" · ".join(column.cell(line) for column in columns), _values((pair, *columns, *shown.columns), line))
        for line in table.lines))


def _texts(name: str, lines: Sequence[Line]) -> Mapping[str | None, str]:
    found: dict[str | None, str] = {None: "-"}
    found.update(short_names(line[name] for line in lines) if name != "seed" else {})
    return found


def _name(names: Mapping[str, str], label: str | None) -> str:
    return "-" if label is None else names[label]


def _values(columns: Iterable[Shown], line: Line) -> tuple[Value, ...]:
    return tuple(Value(column.cell(line), "" if column.wordy else _number(line.get(column.name)), column.tone(line))
                 for column in columns)


def _number(value: object) -> str:
    return f"{value:.7g}" if isinstance(value, int | float) and value == value else ""


def _said(lines: Sequence[Line]) -> str:
    bound = law_words(line["divergence"] for line in lines)
    said = f" The bound is {bound} on the test split." if bound else ""
    return said + (" Accuracy and agreement are in % of the test examples." if of_classes(lines) else "")


def _or_own(units: set[str]) -> str:
    return next(iter(units)) if len(units) == 1 else "each in its task's own unit"
