"""A finished run folder becomes one page: the picture, the table and how it was made. It asks for nothing."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts.errors import DataError
from w2s_bench.report.finding import sentence
from w2s_bench.report.page_figures import figures_section
from w2s_bench.scoring.columns import ROWS
from w2s_bench.tables.comparisons import comparisons, dropped, dropped_words
from w2s_bench.tables.reading import read_runs
from w2s_bench.tables.summary import ACCURACIES, EXPLICIT, KEYS, bound_on_test, summary

if TYPE_CHECKING:
    import polars as pl

_SHOWN = ("task", "weak", "strong", "strategy", "supervisor", "direction", "seed", "err_weak", "err_student", "err_ceiling",
          "gain", "gain_se", "misfit", "gain_over_misfit", "pgr", "tightness", "verdict", "flags")
_SHOWN_OF_CLASSES = ("accuracy_weak", "accuracy_student", "accuracy_ceiling", "gain_accuracy", "gain_accuracy_se", "pgr_accuracy",
                     "agreement_weak_right", "agreement_weak_wrong")
_REASONS = ("pgr_reason", "pgr_accuracy_reason", "metrics_missing")
_FIXED_OF_GROUPS = ("task_set", "strategy", "supervisor", "direction")
_WHEN_SEVERAL = ("task", "strategy", "supervisor", "direction")
_HEADS = {"gain_se": "± se", "gain_half": "gain ±", "n_seeds": "seeds", "n_cells": "cells", "holds": "bound: holds",
          "undecided": "bound: undecided", "violated": "bound: violated",
          "gain_over_misfit": "gain / misfit", "tightness": "bound: tightness", "verdict": "bound: verdict",
          "gain_accuracy_se": "gain_accuracy ± se", "gain_accuracy_half": "gain_accuracy ±"}
_SHOWN_OF_GROUPS = ("task_set", "weak", "strong", "strategy", "supervisor", "direction", "n_seeds", "n_cells", "err_weak",
                    "err_student", "err_ceiling", "gain", "gain_half", "misfit", "gain_over_misfit", "tightness", "holds",
                    "undecided", "violated", "flags")
_MOST_CELLS, _MOST_GROUPS, _MOST_LOST = 2000, 500, 200
"""What a table of the page holds at most."""
_HOW_TO_READ = "Click a head to sort; search all columns above, one column below it. Errors are in each task's own unit."
_NO_NETWORK = ("default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; style-src 'unsafe-inline' data: blob:; "
               "img-src data: blob:; font-src data:")
_STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #fcfcfb; color: #1f2328; font: 16px/1.55 system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 2.5rem 2rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .6rem; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .6rem; padding-top: 1.1rem; border-top: 1px solid #e3e3df; }
p { max-width: 46rem; margin: .4rem 0 .9rem; }
p.finding { font-size: 1.12rem; max-width: 52rem; }
p.note, figcaption { color: #5b6169; font-size: .88rem; max-width: 52rem; }
figure { margin: 1.4rem 0 0; }
figure, .wide { overflow-x: auto; }
pre { background: #f4f4f1; padding: .9rem 1rem; overflow-x: auto; font-size: .82rem; line-height: 1.45; border-radius: 4px; }
table.plain { border-collapse: collapse; font-size: .85rem; }
table.plain th { text-align: left; font-weight: 600; border-bottom: 1px solid #8d939a; }
table.plain th, table.plain td { padding: .25rem .9rem .25rem 0; vertical-align: top; }
table.plain td { border-bottom: 1px solid #ecece8; overflow-wrap: anywhere; }
table.plain td:first-child { white-space: nowrap; }
summary { cursor: pointer; color: #0b3c6f; margin: .6rem 0; }
.wide { font-size: .76rem; font-variant-numeric: tabular-nums; }
.wide table.dataTable { margin: 0 !important; }
.wide table.dataTable tfoot input { width: 100%; min-width: 3.2rem; box-sizing: border-box; font: inherit; }
input { font: inherit; padding: .2rem .4rem; border: 1px solid #b9bec4; border-radius: 3px; background: #fff; color: inherit; }
"""


def write_report(folder: Path) -> Path:
    """Write report.html into a run folder and return its path. Raises DataError where the folder is not finished."""
    rows, bounds = read_runs([folder])
    page = folder / "report.html"
    new = page.with_name("report.html.new")
    new.write_text(page_of(rows, bounds, _text(folder / "spec.toml"), _versions(folder / "env.json")), encoding="utf-8")
    os.replace(new, page)
    return page


def page_of(rows: pl.DataFrame, bounds: pl.DataFrame, spec: str, versions: Mapping[str, Any]) -> str:
    """The whole page as text; every word that comes from the rows or the spec is escaped."""
    title = f"{_spec_name(spec)}: gain and misfit"
    sections = [
        f"<h1>{escape(title)}</h1>\n<p class=\"finding\">{escape(sentence(rows, bounds))}</p>", figures_section(rows, bounds),
        _rows_section(rows, bounds), _compared_section(rows), _reasons_section(rows), _lost_section(rows),
        _made_section(spec, versions), _columns_section(),
    ]
    body = "\n".join(section for section in sections if section)
    return (f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_NO_NETWORK}">\n'
            f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n")


def _rows_section(rows: pl.DataFrame, bounds: pl.DataFrame) -> str:
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok")
    if ok.is_empty():
        return ""
    return _cells(ok, bounds) if ok.height <= _MOST_CELLS else _groups(ok, bounds)


def _cells(ok: pl.DataFrame, bounds: pl.DataFrame) -> str:
    import polars as pl

    bounded = ok.join(bound_on_test(bounds), on=["run_id", "cell_key"], how="left", maintain_order="left")
    fixed = [name for name in _WHEN_SEVERAL if ok[name].n_unique() == 1]
    columns = [*_SHOWN[:-3], *(_SHOWN_OF_CLASSES if ok["classes"].is_not_null().any() else ()), *_SHOWN[-3:]]
    shown = bounded.select([name for name in columns if name not in fixed]).with_columns(pl.col("flags").list.join(", "))
    return _section("Cells", _HOW_TO_READ + _about_bound(ok) + _same(ok, fixed), shown)


def _groups(ok: pl.DataFrame, bounds: pl.DataFrame) -> str:
    """Groups instead of cells, so that the page stays small enough for a browser."""
    import polars as pl

    keys = ok.select(KEYS).unique(maintain_order=True)
    few = ok.join(keys.head(_MOST_GROUPS), on=list(KEYS), how="semi", nulls_equal=True, maintain_order="left")
    table = summary(few, bounds)
    fixed = [name for name in _FIXED_OF_GROUPS if table[name].n_unique() == 1]
    of_classes = (*ACCURACIES, "gain_accuracy_half") if table["classes"].is_not_null().any() else ()
    columns = [*_SHOWN_OF_GROUPS[:-5], *of_classes, *_SHOWN_OF_GROUPS[-5:]]
    shown = table.select([name for name in columns if name not in fixed]).with_columns(pl.col("flags").list.join(", "))
    first = f" The first {_MOST_GROUPS} of {keys.height} groups." if keys.height > _MOST_GROUPS else ""
    note = (f"{ok.height} cells, too many for a page: means over seeds and draws of each pair of models.{first} gain ± is half a "
            "95 % interval over seeds (Student-t). Every cell is in rows.parquet beside this page; w2s-bench show RUN --csv "
            f"prints them. {_HOW_TO_READ}{_about_bound(ok)}{_same(table, fixed)}")
    return _section("Cells, summed up", note, shown)


def _about_bound(ok: pl.DataFrame) -> str:
    found = sorted({EXPLICIT[name] for name in ok["divergence"].unique().to_list() if name in EXPLICIT}, reverse=True)
    words = f" The bound is {' or, in nats, '.join(found)} on the test split." if found else ""
    return words + (" Accuracy and agreement are shares of the test examples." if ok["classes"].is_not_null().any() else "")


def _compared_section(rows: pl.DataFrame) -> str:
    """Each strategy beside one of them on paired cells, and what makes no pair; nothing where no cells are paired."""
    import polars as pl

    try:
        table, lost = comparisons(rows), dropped(rows)
    except DataError:
        return ""
    against = table["against"][0]
    names = ("task_set", "direction", "strategy", "measure", "pairs", "seeds", "mean", "mean_against", "difference",
             "difference_low", "difference_high")
    shown = table.filter(pl.col("strategy") != against).select(names).head(_MOST_CELLS).rename(
        {"mean_against": f"mean of {against}"})
    note = (f"Each strategy beside {against} on paired cells only: the same task, models, supervisor and seed, both with status "
            "ok. low and high: 95 %, Student-t over seed means of the paired differences. A misfit that grows with the gain is "
            f"what the law promises. {' '.join(dropped_words(rows, lost)) or 'Every cell has its pair.'}")
    return _section("Strategies, paired", note, shown, "strategies")


def _reasons_section(rows: pl.DataFrame) -> str:
    """Why numbers are missing in cells that have a score, counted."""
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok").with_columns(pl.col("metrics_missing").list.join("; "))
    found = [ok.filter(pl.col(name).is_not_null() & (pl.col(name) != "")).group_by(pl.col(name).alias("reason")).len().select(
        pl.lit(name.removesuffix("_reason")).alias("column"), "reason", pl.col("len").alias("cells")) for name in _REASONS]
    table = pl.concat(found).sort("column", "cells", "reason", descending=[False, True, False])
    if table.is_empty():
        return ""
    return (f"<h2>Numbers that are missing, and why</h2>\n<div class=\"wide\">"
            f"{_plain_table(('column', 'reason', 'cells'), table.head(_MOST_LOST).rows())}</div>")


def _same(table: pl.DataFrame, fixed: Iterable[str]) -> str:
    words = "; ".join(f"{name} {table[name][0]}" for name in fixed)
    return f" The same in every row: {words}." if words else ""


def _section(title: str, note: str, table: pl.DataFrame, name: str = "cells") -> str:
    html = interactive(table, name, scripts=name == "cells")
    return f"<h2>{title}</h2>\n<p class=\"note\">{escape(note)}</p>\n<div class=\"wide\">\n{html}\n</div>"


def interactive(table: pl.DataFrame, name: str = "cells", *, scripts: bool = True) -> str:
    """A table that can be searched, filtered and sorted, with DataTables inside the page, which the first of its tables holds."""
    import itables.options
    import pandas
    from itables import to_html_datatable
    from itables.javascript import generate_init_offline_itables_html

    frame = pandas.DataFrame({_HEADS.get(column.name, column.name): column.to_list() for column in table})
    with pandas.option_context("display.float_format", number):
        html = to_html_datatable(
            frame, table_id=name, connected=False, display_logo_when_loading=False, showIndex=False, column_filters="footer",
            maxBytes=0, allow_html=False, classes="compact stripe nowrap", style="width:100%", paging=table.height > 50,
            pageLength=50, layout={"topStart": "info", "topEnd": "search", "bottomStart": None,
                                   "bottomEnd": "paging" if table.height > 50 else None})
    script = _without_notes(generate_init_offline_itables_html(itables.options.dt_bundle)) if scripts else ""
    return f"{script}\n{_without_notes(html)}"


def _without_notes(html: str) -> str:
    """Leave out what itables says to readers of notebooks, with its links."""
    kept = re.sub(r"<noscript>.*?</noscript>", "", html, flags=re.DOTALL)
    kept = re.sub(r"<a href=[^>]*itables\.org[^>]*>.*?</a>", "", kept, flags=re.DOTALL)
    return re.sub(r"<tr>\s*<td[^>]*>\s*Loading ITables.*?</tr>", "", kept, flags=re.DOTALL)


def number(value: float) -> str:
    """Four significant digits, without an exponent from 0.0001 to 9 999 999."""
    if value == 0.0 or not math.isfinite(value):
        return "0" if value == 0.0 else ""
    if not 1e-4 <= abs(value) < 1e7:
        return f"{value:.3e}"
    return f"{value:.{max(0, 3 - math.floor(math.log10(abs(value))))}f}"


def _lost_section(rows: pl.DataFrame) -> str:
    import polars as pl

    lost = rows.filter(pl.col("status") != "ok")
    if lost.is_empty():
        return ""
    names = ("status", "task", "weak", "strong", "strategy", "supervisor", "seed", "error")
    shown = lost.select(names).sort(names, nulls_last=True).head(_MOST_LOST)
    first = f" The first {_MOST_LOST} are listed; rows.parquet holds all." if lost.height > _MOST_LOST else ""
    return (f"<h2>Cells without a score</h2>\n<p>{lost.height} of {rows.height} cells ended otherwise.{first}</p>\n"
            f"<div class=\"wide\">{_plain_table(names, shown.rows())}</div>")


def _made_section(spec: str, versions: Mapping[str, Any]) -> str:
    table = _plain_table(("what", "version"), sorted((str(name), value) for name, value in versions.items()))
    command = "<pre>w2s-bench run spec.toml</pre>"
    return (f"<h2>How it was made</h2>\n<p>With this spec, saved as <code>spec.toml</code>:</p>\n<pre>{escape(spec)}</pre>\n"
            f"{command}\n{table}")


def _columns_section() -> str:
    facts = [(column.name, column.meaning, column.unit, "yes" if column.uses_truth else "", column.source) for column in ROWS]
    heads = ("column", "meaning", "unit", "needs ground truth", "source")
    return ("<h2>What the columns mean</h2>\n<p class=\"note\">D is the unit of the row's divergence; for the squared error the "
            "square of the label's unit. A student is fitted on weak labels only; the columns marked here need ground truth "
            f"to be computed.</p>\n<details><summary>All {len(facts)} columns</summary>\n"
            f"<div class=\"wide\">{_plain_table(heads, facts)}</div></details>")


def _plain_table(heads: Iterable[str], lines: Iterable[Iterable[Any]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{escape('' if cell is None else str(cell))}</td>" for cell in line) + "</tr>"
                     for line in lines)
    return f'<table class="plain"><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>'


def _spec_name(spec: str) -> str:
    import tomllib

    try:
        return str(tomllib.loads(spec).get("name") or "run")
    except tomllib.TOMLDecodeError:
        return "run"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _versions(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        raise DataError("not valid JSON", where=str(path)) from None
