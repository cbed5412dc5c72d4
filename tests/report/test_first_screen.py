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


@pytest.mark.slow
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


def test_pairs_of_one_family_leave_its_name_to_the_head_and_three_of_them_fit() -> None:
    rows, bounds = make_tables({"a": 1.0})
    ahead = rows.filter(pl.col("direction") == "weak-to-strong")
    sizes = [ahead.with_columns(weak=pl.lit("net[layers=2]"), strong=pl.lit(f"net[layers={size}]"), gain=pl.col("gain") * size,
                                cell_key=pl.col("cell_key") + str(size)) for size in (4, 8, 16, 32)]
    text = screen(pl.concat(sizes), bounds)
    pairs = [line.split("gain")[0].strip() for line in text if line.startswith("  layers")]
    assert any(line.startswith("a  net  4 pairs") for line in text)
    assert pairs[0] == "layers=2 → layers=32" and pairs[-1] == "layers=2 → layers=4" and len(pairs) == 3


def test_no_number_of_a_head_is_cut_and_a_mixed_verdict_is_the_one_of_most_seeds() -> None:
    rows, bounds = make_tables({"a task set whose name goes on and on[and=on]": 1.0})
    named = rows.with_columns(err_constant=pl.lit(1.2345678), weak=pl.lit("net[layers=2]"), strong=pl.lit("net[layers=3]"))
    more = [named.with_columns(strong=pl.lit(f"net[layers={k}]"), cell_key=pl.col("cell_key") + str(k)) for k in (3, 4)]
    first = bounds.with_columns(verdict=pl.when(pl.col("cell_key").str.ends_with("-0")).then(pl.lit("no statement")).otherwise(
        "verdict"))
    mixed = [first.with_columns(cell_key=pl.col("cell_key") + str(k)) for k in (3, 4)]
    text = screen(pl.concat(more), pl.concat(mixed), 60)
    assert any(line.rstrip().endswith(("a constant 1.235", "(constant 1.235)")) for line in text), text
    assert any(line.rstrip().endswith("holds 2/3") for line in text)


def test_the_headline_says_where_the_gain_reaches_the_misfit_and_what_it_lacks_elsewhere() -> None:
    rows, bounds = make_tables({"a": 1.0, "b": 1.0, "c": 1.0})
    parts = rows.with_columns(
        gain=pl.when(pl.col("task_set") == "a").then(pl.col("misfit") * 1.1).otherwise("gain"),
        projection=pl.when(pl.col("task_set") == "b").then(-0.01).otherwise(0.05),
        realizability=pl.when(pl.col("task_set") == "a").then(0.0).otherwise(-0.02))
    said = " ".join(" ".join(screen(parts, bounds, 200)).split())
    assert "Of 3 strong-to-weak pairs it gains in 1 and loses in 2." in said
    assert ("The mean gain is the misfit or more in 1 of 3; below 0 in the ledger of the other 2: realizability in 2, "
            "projection in 1.") in said


def test_no_name_steers_the_terminal() -> None:
    rows, bounds = make_tables({"t": 1.0})
    hostile = rows.with_columns(pl.lit("\x1b]0;owned\x07\x1b[31mred").alias("weak"), pl.lit("t\x1b[2J").alias("task_set"))
    assert "\x1b" not in "\n".join(screen(hostile, bounds))
