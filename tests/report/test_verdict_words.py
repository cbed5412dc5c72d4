"""What is printed of bounds: counts that add up, one word a group, and the assumption that is not certified."""

from __future__ import annotations

import io

import polars as pl
from made_tables import make_tables
from rich.console import Console

from w2s_bench.report.page import page_of
from w2s_bench.report.publish import markdown
from w2s_bench.report.results import verdict_text
from w2s_bench.report.terminal_table import render_verdicts
from w2s_bench.scoring.verdict import VERDICTS
from w2s_bench.tables.summary import summary, verdicts


def made(words: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows and bounds of one task whose six cells have these verdicts, three a direction, with what goes with them."""
    rows, bounds = make_tables({"t": 1.0})
    open_ = [word == "no statement" for word in words]
    return rows, bounds.with_columns(
        pl.Series("verdict", words), pl.Series("all_assumptions", [not each for each in open_]),
        pl.Series("fails", [["exact_projection"] if each else [] for each in open_]),
        pl.Series("exceeded", [word == "violated" or at == 5 for at, word in enumerate(words)]),
        pl.Series("tightness", [None if word in VERDICTS[3:] else 0.5 for word in words], pl.Float64))


MIXED = ["holds", "undecided", "says nothing", "holds", "no statement", "no statement"]


def test_the_counts_of_a_bound_add_up() -> None:
    _, bounds = made(MIXED)
    (line,) = verdicts(bounds).to_dicts()
    assert line["rows"] == 6 == line["no_statement"] + line["certified"]
    assert line["certified"] == line["says_nothing"] + line["holds"] + line["undecided"] + line["violated"] == 4
    assert line["exceeded"] == 1 and line["fails"] == ["exact_projection"]
    for width in (80, 120):
        out = io.StringIO()
        render_verdicts(bounds, Console(file=out, width=width))
        assert max(map(len, out.getvalue().splitlines())) <= width and ("exact projection" in out.getvalue()) == (width > 80)


def test_the_tightness_of_a_bound_is_of_the_rows_in_which_it_says_something() -> None:
    _, bounds = made(["holds", "says nothing", "no statement"] * 2)
    (line,) = verdicts(bounds).to_dicts()
    said = bounds.filter(pl.col("verdict") == "holds")
    assert line["tightness"] == said["lhs"].mean() / said["rhs"].mean()  # type: ignore[operator]
    assert verdicts(made(["says nothing"] * 6)[1])["tightness"].item() is None


def test_a_group_has_one_word_or_the_count_of_each() -> None:
    of_three = {
        ("holds", "holds", "holds"): "holds 3/3", ("no statement",) * 3: "no statement", ("says nothing",) * 3: "says nothing",
        ("undecided", "holds", "holds"): "holds 2, undecided 1", ("no statement", "holds", "no statement"):
        "holds 1, no statement 2", ("violated",) * 3: "violated 3/3"}
    for words, said in of_three.items():
        first = summary(*made([*words, "holds", "holds", "holds"])).row(0, named=True)
        assert verdict_text(first) == said and first["n_seeds"] == 3
    assert verdict_text(summary(make_tables({"t": 1.0})[0], make_tables({"t": 1.0})[1].clear()).row(0, named=True)) == "-"


def test_a_page_and_markdown_name_the_assumption_that_is_not_certified() -> None:
    tables = made(["no statement"] * 6)
    assert "no statement: exact projection" in markdown(*tables, "w2s-bench show r")
    assert "no statement: exact projection" in page_of(*tables, ())
    assert "no statement" not in markdown(*made(["holds"] * 6), "w2s-bench show r")
