"""The summary counts and averages as it says, and its face fits the terminal."""

from __future__ import annotations

import io

import polars as pl
import pytest
from made_tables import make_tables

from w2s_bench.summary import sentence, summary
from w2s_bench.terminal_table import figure, render


def printed(width: int, tasks: dict[str, float]) -> str:
    from rich.console import Console

    out = io.StringIO()
    render(*make_tables(tasks, failed=2), Console(file=out, width=width))
    return out.getvalue()


def test_seeds_are_averaged_and_ratios_are_of_means() -> None:
    first = summary(*make_tables({"t": 10.0})).row(0, named=True)
    assert first["n_seeds"] == 3 and first["direction"] == "weak-to-strong" and first["holds"] == 3
    assert first["misfit"] == pytest.approx(3.2) and first["gain_over_misfit"] == pytest.approx(0.9)
    assert first["gain_half"] == pytest.approx(4.302653 * 0.18 / 3 ** 0.5, rel=1e-5) and first["gain_over"] == "seeds"


def test_one_seed_is_judged_over_test_examples() -> None:
    first = summary(*make_tables({"t": 10.0}, seeds=1)).row(0, named=True)
    assert first["gain_half"] == pytest.approx(0.196, rel=1e-3) and first["gain_over"] == "test examples"


def test_tasks_are_never_averaged_together() -> None:
    assert summary(*make_tables({"a": 1.0, "b": 9.0}), by=["strategy"])["task_set"].unique().sort().to_list() == ["a", "b"]


@pytest.mark.parametrize("width", [80, 100, 180])
def test_it_fits(width: int) -> None:
    text = printed(width, {"diabetes": 2900.0, "[bold]x[/bold]": 2e5})
    assert max(map(len, text.splitlines())) <= width
    assert "diabetes" in text and "holds 3/3" in text and "[bold]x[/bold]" in text and "2 failed" in text


def test_the_sentence_counts() -> None:
    said = sentence(make_tables({"t": 10.0}, failed=1)[0])
    assert "In 3 of 3 weak-to-strong cells" in said and "slope 0.90" in said and "1 of 7 cells gave no score" in said


def test_without_a_score_the_sentence_says_so() -> None:
    rows, bounds = make_tables({"t": 1.0}, failed=2)
    lost = rows.filter(pl.col("status") != "ok")
    assert "No cell" in sentence(lost) and summary(lost, bounds).is_empty()
    assert "No cell" in sentence(rows.clear())


@pytest.mark.parametrize(("value", "shown"), [
    (None, "-"), (float("nan"), "-"), (0.0, "0.000"), (12.345, "12.35"), (1e9, "1.0e+09")])
def test_figures(value: float | None, shown: str) -> None:
    assert figure(value) == shown
