"""A finished run folder becomes one page: the pictures, the tables and how it was made. It asks for nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts.errors import DataError
from w2s_bench.report.comparison import PAGE_COLUMNS as COMPARED
from w2s_bench.report.finding import sentence
from w2s_bench.report.page_figures import figures_section
from w2s_bench.report.rendering import filled, part
from w2s_bench.report.results import of_classes, result_figures, result_names
from w2s_bench.report.table import Shown, Table, count, number, words
from w2s_bench.report.wording import PERCENT, plus_minus
from w2s_bench.running.table_files import ROW, unknown_columns
from w2s_bench.tables.comparisons import comparisons, dropped, dropped_words
from w2s_bench.tables.laws import explicit_words
from w2s_bench.tables.reading import read_runs
from w2s_bench.tables.summary import KEYS, bound_on_test, summary

if TYPE_CHECKING:
    import polars as pl

_REASONS = ("pgr_reason", "pgr_accuracy_reason", "metrics_missing")
_MOST_CELLS, _MOST_GROUPS, _MOST_LOST = 2000, 500, 200
"""What a table of the page holds at most."""
_HOW_TO_READ = "Click a head to sort; search all columns above, one column below it. Errors are in each task's own unit."
_FIXED = ("strategy", "supervisor", "direction")
"""Columns that say nothing where they say one thing."""
_LOST = ("status", "task", "weak", "strong", "strategy", "supervisor", "seed", "error")


class Lost(msgspec.Struct, frozen=True):
    """Cells without a score: how many in words, and a list."""

    about: str
    heads: tuple[str, ...]
    lines: tuple[tuple[str | int | None, ...], ...]


def write_report(folder: Path) -> Path:
    """Write report.html into a run folder and return its path. Raises DataError where the folder is not finished."""
    rows, bounds = read_runs([folder])
    page = folder / "report.html"
    new = page.with_name("report.html.new")
    new.write_text(page_of(rows, bounds, _text(folder / "spec.toml"), _versions(folder / "env.json")), encoding="utf-8")
    os.replace(new, page)
    return page


def page_of(rows: pl.DataFrame, bounds: pl.DataFrame, spec: str, versions: Mapping[str, str]) -> str:
    """The whole page as text; every word that comes from the rows or the spec is escaped."""
    from markupsafe import Markup

    tables = [*_results(rows, bounds), *_compared(rows)]
    return filled(
        "page.html.j2", title=f"{_spec_name(spec)}: gain and misfit", finding=sentence(rows, bounds),
        style=Markup(part("page.css")), script=Markup(part("page.js")), figures=Markup(figures_section(rows, bounds)),
        tables=tables, reasons=_reasons(rows), lost=_lost(rows), spec=spec, versions=sorted(versions.items()),
        meanings=_meanings(rows))


def _results(rows: pl.DataFrame, bounds: pl.DataFrame) -> list[Table]:
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok")
    if ok.is_empty():
        return []
    return [_cells(ok, bounds) if ok.height <= _MOST_CELLS else _groups(ok, bounds)]


def _cells(ok: pl.DataFrame, bounds: pl.DataFrame) -> Table:
    bounded = ok.join(bound_on_test(bounds), on=["run_id", "cell_key"], how="left", maintain_order="left")
    names = (words("task"), *result_names(), count("seed"))
    return _without_fixed(Table(title="Cells", about=_HOW_TO_READ + _about(ok), columns=(*names, *_cell_figures()),
                                lines=tuple(bounded.to_dicts())), ("task", *_FIXED))


def _cell_figures() -> tuple[Shown, ...]:
    """What a cell shows, in the order in which it is read; what it shares with groups of cells is worded as there."""
    shared = {column.name: column for column in result_figures() if "page" in column.places}
    accuracies = tuple(shared[f"accuracy_{role}"] for role in ("weak", "student", "ceiling"))
    agreements = (("agreement_weak_right", "agree, weak right"), ("agreement_weak_wrong", "agree, weak wrong"))
    of_accuracy = (_with_error("gain_accuracy", PERCENT, 2), number("pgr_accuracy", "pgr, accuracy", digits=2),
                   *(number(name, head, exponent=PERCENT, digits=2) for name, head in agreements))
    return (
        shared["err_weak"], shared["err_student"], shared["err_ceiling"], _with_error("gain"), shared["misfit"],
        shared["gain_over_misfit"], number("pgr", digits=2), *accuracies,
        *(msgspec.structs.replace(column, when=of_classes) for column in of_accuracy),
        shared["tightness"], words("verdict", "bound"), shared["flags"])


def _with_error(name: str, exponent: int = 0, digits: int = 3) -> Shown:
    return Shown(name=name, head=f"{name.replace('_', ' ')} ± se",
                 cell=lambda line: plus_minus(line[name], line[f"{name}_se"], exponent, digits))


def _groups(ok: pl.DataFrame, bounds: pl.DataFrame) -> Table:
    """Groups instead of cells, so that the page stays small enough for a browser."""
    keys = ok.select(KEYS).unique(maintain_order=True)
    few = ok.join(keys.head(_MOST_GROUPS), on=list(KEYS), how="semi", nulls_equal=True, maintain_order="left")
    first = f" The first {_MOST_GROUPS} of {keys.height} groups." if keys.height > _MOST_GROUPS else ""
    note = (f"{ok.height} cells, too many for a page: means over seeds and draws of each pair of models.{first} ± is half a "
            "95 % interval over seeds (Student-t), ' over test examples. Every cell is in rows.parquet beside this page; "
            f"w2s-bench show RUN --csv prints them. {_HOW_TO_READ}{_about(ok)}")
    columns = (words("task_set"), *result_names(), count("n_cells", "cells"), *result_figures())
    lines = tuple(summary(few, bounds).to_dicts())
    return _without_fixed(Table(title="Cells, summed up", about=note, columns=columns, lines=lines), ("task_set", *_FIXED))


def _without_fixed(table: Table, names: Sequence[str]) -> Table:
    """The table as the page shows it, without the columns among `names` that say one thing of all lines, which go into words."""
    fixed = {name: table.lines[0][name] for name in names if len({line[name] for line in table.lines}) == 1}
    same = f" The same in every row: {'; '.join(f'{name} {value}' for name, value in fixed.items())}." if fixed else ""
    return msgspec.structs.replace(table.at("page").without(list(fixed)), about=table.about + same)


def _about(ok: pl.DataFrame) -> str:
    bound = explicit_words(ok["divergence"].to_list())
    said = f" The bound is {bound} on the test split." if bound else ""
    return said + (" Accuracy and agreement are in % of the test examples." if ok["classes"].is_not_null().any() else "")


def _compared(rows: pl.DataFrame) -> list[Table]:
    """Each strategy beside one of them on paired cells, and what makes no pair; nothing where no cells are paired."""
    import polars as pl

    try:
        table, lost = comparisons(rows), dropped(rows)
    except DataError:
        return []
    against = table["against"][0]
    note = (f"Each strategy beside {against} on paired cells only: the same task, models, supervisor and seed, both with status "
            f"ok. mean against: the mean of {against}. low and high: 95 %, Student-t over seed means of the paired differences. "
            "A misfit that grows with the gain is what the law promises. "
            f"{' '.join(dropped_words(rows, lost)) or 'Every cell has its pair.'}")
    lines = table.filter(pl.col("strategy") != against).head(_MOST_CELLS).to_dicts()
    return [Table(title="Strategies, paired", about=note, columns=COMPARED, lines=tuple(lines))]


def _reasons(rows: pl.DataFrame) -> list[tuple[str, str, int]]:
    """Why numbers are missing in cells that have a score, counted: (column, reason, cells)."""
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok").with_columns(pl.col("metrics_missing").list.join("; "))
    found = [ok.filter(pl.col(name).is_not_null() & (pl.col(name) != "")).group_by(pl.col(name).alias("reason")).len().select(
        pl.lit(name.removesuffix("_reason")).alias("column"), "reason", pl.col("len").alias("cells")) for name in _REASONS]
    return pl.concat(found).sort("column", "cells", "reason", descending=[False, True, False]).head(_MOST_LOST).rows()


def _lost(rows: pl.DataFrame) -> Lost:
    import polars as pl

    lost = rows.filter(pl.col("status") != "ok")
    first = f" The first {_MOST_LOST} are listed; rows.parquet holds all." if lost.height > _MOST_LOST else ""
    shown = lost.select(_LOST).sort(_LOST, nulls_last=True).head(_MOST_LOST)
    return Lost(f"{lost.height} of {rows.height} cells ended otherwise.{first}", _LOST, tuple(shown.rows()))


def _meanings(rows: pl.DataFrame) -> list[tuple[str, str, str, str, str]]:
    """What each column means: name, meaning, unit, whether it needs ground truth, source."""
    known = [(column.name, column.meaning, column.unit, "yes" if column.uses_truth else "", column.source)
             for column in ROW.columns]
    return known + [(name, "not declared by this version of w2s-bench or its plugins", "", "", "")
                    for name in unknown_columns(rows, ROW)]


def _spec_name(spec: str) -> str:
    import tomllib

    try:
        return str(tomllib.loads(spec).get("name") or "run")
    except tomllib.TOMLDecodeError:
        return "run"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _versions(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        raise DataError("not valid JSON", where=str(path)) from None
