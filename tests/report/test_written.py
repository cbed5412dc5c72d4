"""The tables that `show` prints for others to paste: Markdown as it is published, LaTeX that a paper takes as it is."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from made_tables import make_classes, make_tables

from w2s_bench.report.publish import markdown
from w2s_bench.report.rendering import as_latex
from w2s_bench.report.written import latex_tables, markdown_tables

HOSTILE = r"\input{/etc/passwd}_50%&#${x}^~|"


def cells(latex: str) -> list[list[str]]:
    """The lines of the tables: heads, and lines of cells."""
    return [[cell.strip() for cell in re.split(r"(?<!\\)&", line[:-2])] for line in latex.splitlines() if line.endswith(r"\\")]


def test_markdown_is_what_a_published_folder_holds() -> None:
    rows, bounds = make_tables({"t": 1.0, "u": 2900.0})
    text = markdown_tables(rows, bounds, None)
    tables, notes = text.rsplit("\n\n", 1)
    published = markdown(rows, bounds, "w2s-bench show")
    assert tables in published and notes.strip() in published and text.count("\n## ") + text.startswith("## ") == 2


def test_latex_has_rules_units_and_intervals() -> None:
    rows, bounds = make_tables({"t": 1.0})
    text = latex_tables(rows, bounds, None)
    for rule in ("toprule", "midrule", "bottomrule"):
        assert text.count(f"\\{rule}") == 1
    heads, *lines = cells(text)
    assert r"gain $\pm$ 95 \%, kg$^2$" in heads and "misfit, kg$^2$" in heads and "gain / misfit" in heads
    (columns,) = re.findall(r"\\begin\{tabular\}\{([lr]+)\}", text)
    assert len(lines) == 2 and {len(line) for line in (heads, *lines)} == {len(columns)}
    gain = lines[0][heads.index(r"gain $\pm$ 95 \%, kg$^2$")]
    assert re.fullmatch(r"0\.288 \$\\pm\$ 0\.045\*", gain), gain
    assert "strategy: ridge. supervisor: least-squares." in text and "ridge" not in heads


def test_no_name_is_a_command_of_latex() -> None:
    rows, bounds = make_classes({HOSTILE: 2}, ("plain", "bold"))
    text = latex_tables(rows.with_columns(strategy=pl.col("strategy") + HOSTILE), bounds, None)
    assert "\\input" not in text and "textbackslash{}input\\{/etc/passwd\\}\\_50\\%\\&\\#\\$\\{x\\}" in text
    assert {len(line) for line in cells(text)} == {len(cells(text)[0])}


def test_numbers_are_set_as_in_a_formula() -> None:
    assert as_latex("-0.5 ± 3.5e-06") == r"$-$0.5 $\pm$ $3.5\times10^{-6}$"
    assert as_latex("-1.2e+07") == r"$-1.2\times10^{7}$" and as_latex("weak-to-strong") == "weak-to-strong"
    assert as_latex("width=1e3, a_b") == r"width=1e3, a\_b" and as_latex("theorem2-explicit") == "theorem2-explicit"


def test_show_prints_them_by_any_group_and_one_at_a_time(ask: Callable[..., str], tmp_path: Path) -> None:
    rows, bounds = make_tables({"t": 1.0})
    rows.write_parquet(tmp_path / "rows.parquet")
    bounds.write_parquet(tmp_path / "bounds.parquet")
    assert "| strategy |" in ask("show", "rows.parquet", "--markdown", "--by", "strategy")
    assert cells(ask("show", "rows.parquet", "--latex", "--by", "seed"))[0][0] == "seed"
    assert "--markdown does not go with --latex" in ask("show", "rows.parquet", "--latex", "--markdown", code=2)
    assert "--latex does not go with --csv" in ask("show", "rows.parquet", "--latex", "--csv", code=2)


@pytest.mark.parametrize(("letter", "written"), [
    ("\\", r"\textbackslash{}"), ("{", r"\{"), ("}", r"\}"), ("$", r"\$"), ("&", r"\&"), ("#", r"\#"), ("_", r"\_"), ("%", r"\%"),
    ("^", r"\textasciicircum{}"), ("~", r"\textasciitilde{}"), ("<", r"\textless{}"), (">", r"\textgreater{}"),
    ("|", r"\textbar{}"), ('"', "''"), ("±", r"$\pm$"),
    ("µ", r"$\mu$"), ("é", "é"), ("中", r"\textbackslash{}u4e2d"), ("α", "alpha"), ("⁻", "$^-$"), ("±½", r"$\pm$1/2")])
def test_every_special_letter_is_set_as_itself(letter: str, written: str) -> None:
    assert as_latex(f"a{letter}b") == f"a{written}b"


def test_no_letter_of_ascii_is_left_that_latex_reads_as_something_else() -> None:
    every = as_latex("".join(map(chr, range(33, 127))))
    bare = re.sub(r"\\(text[a-z]+\{\}|[{}$&#_%])", "", every)
    assert not set(bare) & set('\\{}$&#_%^~<>|"')


@pytest.mark.parametrize("name", ["[x]", "*x", "[1em]"])
def test_a_line_that_begins_with_what_the_line_before_would_take_is_kept_from_it(name: str) -> None:
    assert as_latex(name) == "{}" + name and as_latex(f"a{name}") == f"a{name}"


@pytest.mark.skipif(not any(map(shutil.which, ("tectonic", "pdflatex"))), reason="no TeX here")
def test_latex_compiles(tmp_path: Path) -> None:
    rows, bounds = make_tables({"t": 1.0, "[u]_%": 1e4})
    text = latex_tables(rows.with_columns(strategy=pl.col("strategy") + HOSTILE), bounds, None)
    page = tmp_path / "tables.tex"
    page.write_text(f"\\documentclass{{article}}\\usepackage{{booktabs}}\\begin{{document}}\n{text}\\end{{document}}\n",
                    encoding="utf-8")
    program = shutil.which("tectonic")
    command = [program, page.name] if program else [str(shutil.which("pdflatex")), "-interaction=nonstopmode", "-halt-on-error",
                                                    page.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and (tmp_path / "tables.pdf").exists(), done.stdout[-2000:]
