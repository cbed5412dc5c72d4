"""The summary counts and averages as it says, and its face fits the terminal."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from made_tables import make_classes, make_tables

from w2s_bench.report.finding import sentence
from w2s_bench.report.first_screen import first_screen
from w2s_bench.report.results import FLAG_LETTERS, flag_letters
from w2s_bench.report.terminal_table import render
from w2s_bench.report.wording import figure
from w2s_bench.scoring.shares import paired_difference
from w2s_bench.tables.laws import law_bounds
from w2s_bench.tables.summary import bound_on_test, summary


def drawn(width: int, rows: pl.DataFrame, bounds: pl.DataFrame) -> str:
    from rich.console import Console

    out = io.StringIO()
    render(summary(rows, bounds), rows, Console(file=out, width=width))
    return out.getvalue()


def printed(width: int, tasks: dict[str, float]) -> str:
    return drawn(width, *make_tables(tasks, failed=2))


def test_seeds_are_averaged_and_ratios_are_of_means() -> None:
    first = summary(*make_tables({"t": 10.0})).row(0, named=True)
    assert first["n_seeds"] == 3 and first["direction"] == "weak-to-strong" and first["holds"] == 3
    assert first["misfit"] == pytest.approx(3.2) and first["gain_over_misfit"] == pytest.approx(0.9)
    assert first["gain_high"] - first["gain"] == pytest.approx(4.302653 * 0.18 / 3 ** 0.5, rel=1e-5)
    assert first["gain_over"] == "seeds"


def test_one_seed_is_judged_over_test_examples() -> None:
    first = summary(*make_tables({"t": 10.0}, seeds=1)).row(0, named=True)
    assert first["gain_high"] - first["gain"] == pytest.approx(0.1 * 1.97196, rel=1e-4) and first["gain_over"] == "test examples"


def test_tasks_are_never_averaged_together() -> None:
    assert summary(*make_tables({"a": 1.0, "b": 9.0}), by=["strategy"])["task_set"].unique().sort().to_list() == ["a", "b"]


@pytest.mark.parametrize("width", [80, 100, 180])
def test_it_fits(width: int) -> None:
    text = printed(width, {"diabetes": 2900.0, "[bold]x[/bold]": 2e5})
    assert max(map(len, text.splitlines())) <= width
    assert "diabetes" in text and "holds 3/3" in text and "[bold]x[/bold]" in text and "2 failed" in text


def test_the_sentence_counts() -> None:
    said = sentence(*make_tables({"t": 10.0}, failed=1))
    assert said == ("small → large: the student gains 2.880 ± 0.447 (3 of 3 seeds; squared in kg²). "
                    "1 of 7 cells gave no score.")
    said = sentence(*make_tables({"a": 1.0, "b": 9.0}))
    assert said == ("Of 2 weak-to-strong pairs the student gains beyond noise in 2 and loses in 0; without any real difference "
                    "5 % of such tables would call one so. Of 2 strong-to-weak pairs it gains in 0 and loses in 2.")
    rows, bounds = make_tables({"a": 1.0, "b": 9.0})
    backwards = rows.filter(pl.col("direction") == "strong-to-weak")
    assert "none of them declared weak-to-strong, the student gains beyond noise in 0 and loses" in sentence(backwards, bounds)


def test_without_a_score_the_sentence_says_so() -> None:
    rows, bounds = make_tables({"t": 1.0}, failed=2)
    lost = rows.filter(pl.col("status") != "ok")
    assert "No cell" in sentence(lost, bounds) and summary(lost, bounds).is_empty()
    assert "No cell" in sentence(rows.clear(), bounds)


@pytest.mark.parametrize(("value", "shown"), [
    (None, "-"), (float("nan"), "-"), (0.0, "0.000"), (12.345, "12.35"), (1e9, "1.0e+09")])
def test_figures(value: float | None, shown: str) -> None:
    assert figure(value) == shown


@pytest.mark.parametrize("width", [80, 98, 120, 180])
def test_a_table_of_classes_shows_accuracy_whatever_it_must_leave_out(width: int) -> None:
    rows, bounds = make_classes({"sentiment": 2, "questions": 6})
    lines = drawn(width, rows, bounds).splitlines()
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "kl in nats, accuracy in %; 6 classes" in text and "accuracy, weak →" in text and "gain acc" in text
    first = summary(rows, bounds).row(0, named=True)
    shown = [figure(first[f"accuracy_{role}"], -2, 2) for role in ("weak", "student", "ceiling")]
    assert "{} → {} / {}".format(*shown) in text
    heads = text.split("> weak-to-strong")[0]
    assert ("lhs/" in heads) == (width >= 180) and heads.split().count("err") == {80: 0, 98: 0, 120: 1, 180: 6}[width]


def test_accuracy_is_averaged_over_seeds_and_one_seed_is_judged_over_test_examples() -> None:
    rows, bounds = make_classes({"t": 3})
    first = summary(rows, bounds).row(0, named=True)
    mine = rows.filter((pl.col("weak") == first["weak"]) & (pl.col("strategy") == first["strategy"]))
    gains = mine["gain_accuracy"]
    assert first["gain_accuracy"] == pytest.approx(gains.mean()) and first["classes"] == 3
    assert first["gain_accuracy_high"] - first["gain_accuracy"] == pytest.approx(4.302653 * gains.std() / 3 ** 0.5, rel=1e-5)
    alone = summary(*make_classes({"t": 3}, seeds=1)).row(0, named=True)
    one = make_classes({"t": 3}, seeds=1)[0].filter((pl.col("weak") == alone["weak"]) & (pl.col("strategy") == alone["strategy"]))
    found = paired_difference(one["gain_accuracy"][0], one["gain_accuracy_se"][0], one["n_test"][0])
    assert (alone["gain_accuracy_low"], alone["gain_accuracy_high"]) == pytest.approx((found.low, found.high))


def test_the_bound_of_kl_is_kl_explicit_and_a_promise_of_no_gain_has_no_tightness() -> None:
    rows, bounds = make_classes({"t": 2})
    both, more = make_tables({"u": 1.0})
    joined = bound_on_test(pl.concat([bounds, more]))
    assert joined.height == rows.height + both.height and law_bounds()["kl"] == "kl-explicit"
    certified = bounds.with_columns(verdict=pl.lit("holds"), all_assumptions=pl.lit(True))
    promised = certified.with_columns(lhs=pl.when(pl.col("bound") == "kl-explicit").then(0.05).otherwise("lhs"))
    tight = summary(rows, promised).filter((pl.col("weak") == "small") & (pl.col("strategy") == "bold")).row(0, named=True)
    assert tight["tightness"] == pytest.approx(0.05 / tight["gain"])
    none = certified.with_columns(lhs=pl.when(pl.col("bound") == "kl-explicit").then(-0.05).otherwise("lhs"))
    assert summary(rows, none)["tightness"].null_count() == 4
    assert "bound: kl-explicit on test" in drawn(180, rows, none) and "kl-explicit" not in drawn(180, both, more)


def test_both_kinds_of_rows_make_one_table_and_one_sentence() -> None:
    (rows, bounds), (more, of_more) = make_classes({"t": 2}), make_tables({"u": 1.0})
    both = pl.concat([rows, more]), pl.concat([bounds, of_more])
    assert summary(*both)["task_set"].unique().sort().to_list() == ["t", "u"]
    assert sentence(*both).startswith("Of 3 weak-to-strong pairs the student gains beyond noise in 3 and loses in 0;")


def test_a_tiny_test_set_is_flagged_and_its_accuracy_has_an_interval() -> None:
    rows, bounds = make_classes({"tiny": 2}, seeds=1, n=12)
    said = sentence(rows, bounds)
    assert "tiny has 12 test examples, too few" in said and "stands for anything from" in said
    text = drawn(180, rows, bounds)
    assert "F few-test-examples" in " ".join(text.split()) and "' over test examples" in " ".join(text.split())
    assert "too few" not in sentence(*make_classes({"t": 2}))


def test_one_letter_stands_for_a_missing_class_and_the_legend_says_where() -> None:
    rows, bounds = make_classes({"t": 2})
    flags = pl.lit(["class-missing-in-transfer", "class-missing-in-test"])
    text = drawn(180, rows.with_columns(flags=flags), bounds)
    assert "M class-missing-in-transfer, class-missing-in-test." in " ".join(text.split())
    assert flag_letters(["class-missing-in-test", "class-missing-in-supervise", "few-test-examples", "new"]) == "FM?"
    assert all(len(letter) == 1 for letter in FLAG_LETTERS.values())


def test_no_name_of_a_table_steers_the_terminal(ask: Callable[..., str], tmp_path: Path) -> None:
    rows, bounds = make_tables({"t": 1.0})
    hostile = rows.with_columns(pl.lit("\x1b]0;owned\x07\x1b[31mred").alias("weak"), pl.lit("t\x1b[2J").alias("task_set"))
    hostile.write_parquet(tmp_path / "rows.parquet")
    bounds.write_parquet(tmp_path / "bounds.parquet")
    for words in ((), ("--by", "weak"), ("--columns", "gain", "--by", "weak"), ("--bounds",)):
        assert "\x1b" not in ask("show", "rows.parquet", *words)
    assert r"\x1b[31mred" in ask("show", "rows.parquet")


@pytest.mark.parametrize("width", range(76, 125, 3))
def test_a_terminal_of_ascii_gets_no_line_that_is_wider_than_it_and_no_figure_is_broken(width: int) -> None:
    """± is two signs there, which decides what columns have room."""
    from rich.console import Console

    rows, bounds = make_tables({"t": 1.0, "a-task-with-a-name-that-is-longer-than-any-screen-has-room-for": 1e4})
    found = summary(rows, bounds)
    for draw in (lambda console: render(found, rows, console), lambda console: first_screen(rows, bounds, console, run="r")):
        buffer = io.BytesIO()
        console = Console(file=io.TextIOWrapper(buffer, encoding="ascii", write_through=True), width=width)
        assert console.options.ascii_only
        draw(console)
        told = buffer.getvalue().decode("ascii").splitlines()
        assert max(len(line) for line in told if "next:" not in line and "w2s-bench" not in line) <= width
        halves = [line.split("+-")[1].split() for line in told if "+-" in line and "95 %" not in line]
        assert halves and all(after and after[0][0].isdigit() for after in halves)
