"""A finished run folder becomes one page that needs no network."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s_bench.columns import ROWS
from w2s_bench.errors import UsageError
from w2s_bench.plots import gain_misfit
from w2s_bench.terminal_table import SHOWN_BOUND, sentence

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = ("status", "task", "direction", "weak", "strong", "strategy", "supervisor", "seed", "err_weak", "err_student",
            "err_ceiling", "gain", "gain_se", "misfit", "projection", "realizability", "gain_over_misfit", "pgr", "flags")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 2.5rem auto; max-width: 78rem;
  padding: 0 1.5rem; }
h1 { font-size: 1.7rem; margin-bottom: .3rem } h2 { font-size: 1.15rem; margin-top: 2.4rem }
.finding { font-size: 1.1rem; max-width: 60rem } .note, footer { color: #555; font-size: .9rem; max-width: 60rem }
pre { background: #f6f6f4; padding: .8rem 1rem; overflow-x: auto; font-size: .85rem }
.table { overflow-x: auto; font-size: .85rem } table.plain td, table.plain th { text-align: left; padding: .15rem .8rem .15rem 0;
  vertical-align: top; border-bottom: 1px solid #eee; font-size: .85rem }
"""


def write_report(folder: Path) -> Path:
    """Write report.html into a run folder and return its path. Raises UsageError where there are no rows."""
    import polars as pl

    if not (folder / "rows.parquet").exists():
        raise UsageError("there are no rows yet", where=str(folder), hint="finish the run first")
    rows, bounds = pl.read_parquet(folder / "rows.parquet"), pl.read_parquet(folder / "bounds.parquet")
    page = folder / "report.html"
    new = page.with_name("report.html.new")
    new.write_text(_page(folder, rows, bounds), encoding="utf-8")
    new.replace(page)
    return page


def _page(folder: Path, rows: pl.DataFrame, bounds: pl.DataFrame) -> str:
    name = html.escape(folder.name)
    spec = (folder / "spec.toml").read_text(encoding="utf-8") if (folder / "spec.toml").exists() else ""
    made = json.loads((folder / "env.json").read_text(encoding="utf-8")) if (folder / "env.json").exists() else {}
    versions = ", ".join(f"{html.escape(str(key))} {html.escape(str(value))}" for key, value in sorted(made.items()))
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title><style>{_STYLE}</style></head><body>
<h1>{name}</h1><p class="finding">{html.escape(sentence(rows))}</p>
<h2>Gain against misfit</h2>{_figure(rows)}
<p class="note">Each point is a cell, hover for its names. On the dashed line the gain is the misfit, as Theorem 1 says for a convex
class that holds the truth. The bar behind a point is the explicit band, misfit ± 2·√(misfit · ceiling's error), where exact
projection onto a linear class must put the gain.</p>
<h2>Cells</h2><div class="table">{_table(rows, bounds)}</div>{_faults(rows)}
<h2>How it was made</h2><pre>{html.escape(spec)}</pre><p class="note">{versions}</p>
<h2>What the columns mean</h2>{_meanings()}
</body></html>
"""


def _figure(rows: pl.DataFrame) -> str:
    import polars as pl

    if rows.filter(pl.col("status") == "ok").is_empty():
        return "<p>No cell is ok, so there is nothing to draw.</p>"
    fragment: str = gain_misfit(rows, width=430).to_html(inline=True, fullhtml=False, output_div="gain-misfit")
    return fragment


def _table(rows: pl.DataFrame, bounds: pl.DataFrame) -> str:
    import itables
    import polars as pl

    shown = bounds.filter((pl.col("bound") == SHOWN_BOUND) & (pl.col("split") == "test"))
    table = rows.join(shown.select("cell_key", "verdict", "tightness"), on="cell_key", how="left")
    texts = [name for name in _COLUMNS if table.schema[name] == pl.String]
    numbers = [name for name in (*_COLUMNS, "tightness") if table.schema[name] == pl.Float64]
    table = table.select(*_COLUMNS[:-1], "tightness", "verdict", pl.col("flags").list.join(" ")).with_columns(
        *(pl.col(name).fill_null("").map_elements(html.escape, return_dtype=pl.String) for name in (*texts, "verdict", "flags")),
        *(pl.col(name).map_elements(lambda value: float(f"{value:.4g}"), return_dtype=pl.Float64) for name in numbers))
    fragment: str = itables.to_html_datatable(table, connected=False, table_id="cells", allow_html=True, maxBytes=0, classes="compact",
                                              lengthMenu=[25, 100, 1000], style="width:100%")
    return fragment


def _faults(rows: pl.DataFrame) -> str:
    import polars as pl

    bad = rows.filter(pl.col("status") != "ok")
    if bad.is_empty():
        return ""
    return "<h2>Cells that are not ok</h2>" + _plain_table(
        ("status", "task", "weak", "strong", "strategy", "seed", "error"),
        bad.select("status", "task", "weak", "strong", "strategy", "seed", "error").rows())


def _meanings() -> str:
    return _plain_table(("column", "unit", "meaning", "needs truth", "source"),
                        [(c.name, c.unit, c.meaning, "yes" if c.uses_truth else "", c.source) for c in ROWS])


def _plain_table(heads: tuple[str, ...], body: list[tuple[Any, ...]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    lines = "".join("<tr>" + "".join(f"<td>{html.escape('' if v is None else str(v))}</td>" for v in row) + "</tr>" for row in body)
    return f'<table class="plain"><tr>{head}</tr>{lines}</table>'
