"""What a run says on one screen: it fits 80 × 24, answers in one sentence, and names what to ask next."""

from __future__ import annotations

import io
import shlex

import polars as pl
import pytest
from made_tables import make_classes, make_family, make_tables
from rich.console import Console

from w2s_bench.report.first_screen import first_screen, next_commands
from w2s_bench.scoring.columns import BOUNDS, polars_schema
from w2s_bench.tables.summary import summary

NO_BOUNDS = pl.DataFrame(schema=polars_schema(BOUNDS))


def screen(rows: pl.DataFrame, bounds: pl.DataFrame = NO_BOUNDS, width: int = 80) -> list[str]:
    out = io.StringIO()
    first_screen(rows, bounds, Console(file=out, width=width), run="w2s-runs/a run")
    return out.getvalue().splitlines()


@pytest.mark.parametrize("tasks", [1, 3, 9])
@pytest.mark.parametrize("width", [80, 100])
def test_it_fits_a_terminal_whatever_the_run(tasks: int, width: int) -> None:
    for rows, bounds in (make_tables({f"set {i}": 10.0**i for i in range(tasks)}, failed=2),
                         make_classes({f"set-{i}": 3 for i in range(tasks)}),
                         (make_family({f"a set with a long name {i}": 1.0 for i in range(tasks)}, teachers=7), NO_BOUNDS)):
        lines = screen(rows, bounds, width)
        assert len(lines) <= 24 and max(map(len, lines)) <= width, "\n".join(lines)


def test_it_names_teacher_and_student_gain_misfit_and_verdict_and_never_drops_the_misfit() -> None:
    text = "\n".join(screen(*make_tables({"diabetes": 10.0})))
    assert text.startswith("small → large: the student gains 2.880 ± 0.447 (3 of 3 seeds; squared in kg²).")
    assert "gain 2.880 ± 0.447*  misfit 3.200  holds 3/3" in text and "small → large" in text


def test_what_is_asked_next_can_be_typed() -> None:
    rows, _ = make_tables({"diabetes": 10.0}, failed=1)
    commands = next_commands(rows, "w2s-runs/a run")
    assert len(commands) == 3 and all(shlex.split(command)[2] == "w2s-runs/a run" for command in commands)
    assert commands[0] == "w2s-bench status 'w2s-runs/a run'"
    assert any("select" in command for command in next_commands(make_family({"a": 1.0}), "r"))
    assert any("--by strategy" in command for command in next_commands(make_classes({"t": 2})[0], "r"))


def test_a_student_that_is_its_teacher_has_no_gain_and_rounding_is_nothing() -> None:
    rows, bounds = make_tables({"t": 10.0})
    copied = rows.with_columns(gain=pl.lit(3e-13), misfit=pl.lit(2e-13), err_student=pl.col("err_weak"))
    text = "\n".join(screen(copied, bounds))
    assert "small → large: the student is its teacher." in text and "student = teacher  misfit 0.000" in text


def test_a_teacher_at_chance_is_in_neither_count_of_the_headline() -> None:
    rows, bounds = make_tables({"a": 1.0, "b": 9.0})
    out = rows.with_columns(flags=pl.when(pl.col("task_set") == "a").then(pl.lit(["teacher-collapsed"])).otherwise("flags"))
    said = screen(out, bounds)
    text = " ".join(" ".join(said).split())
    assert "the student gains beyond noise in 1 and loses in 0" in text
    assert "In 1 of them the teacher is no better than a constant; they are in neither count." in text
    assert summary(out, bounds).filter(pl.col("task_set") == "a")["uninformed"].to_list() == ["teacher-collapsed"] * 2


def test_a_single_pair_says_that_its_teacher_is_at_chance_and_which_seeds_are_one_row_again() -> None:
    rows, bounds = make_tables({"a": 1.0})
    ahead = rows.filter(pl.col("direction") == "weak-to-strong")
    out = ahead.with_columns(flags=pl.lit(["teacher-collapsed"]))
    assert screen(out, bounds)[0].startswith("small → large: the teacher is no better than a constant (teacher-collapsed)")
    first = ahead.filter(pl.col("seed") == 0)
    twice = pl.concat([ahead, first.with_columns(seed=pl.lit(9, pl.Int64), cell_key=pl.lit("copy"))])
    text = " ".join(" ".join(screen(twice, bounds)).split())
    assert "the student gains 0.288 ± 0.045 (3 of 3 seeds; copies of a row: 1; squared in kg²)." in text


def test_no_name_steers_the_terminal() -> None:
    rows, bounds = make_tables({"t": 1.0})
    hostile = rows.with_columns(pl.lit("\x1b]0;owned\x07\x1b[31mred").alias("weak"), pl.lit("t\x1b[2J").alias("task_set"))
    assert "\x1b" not in "\n".join(screen(hostile, bounds))
