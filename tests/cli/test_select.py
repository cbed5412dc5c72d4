"""Teachers are chosen by what a rule may see, and every choice is paid for in the open."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from made_tables import make_family, make_tables

from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.tables.choices import RULES, choices, lone_students
from w2s_bench.tables.regret import by_setting, over_suite
from w2s_bench.tables.teachers import teachers

Ask = Callable[..., str]
NAMES = [rule.name for rule in RULES]


@pytest.fixture
def family(tmp_path: Path) -> pl.DataFrame:
    """Two task sets of different units; a run folder `r` and a rows file `rows.parquet` that hold it."""
    rows = make_family({"a": 1.0, "b": 1e4}, seeds=4)
    rows.write_parquet(tmp_path / "rows.parquet")
    return rows


def halved(rows: pl.DataFrame, spread: float = 0.0) -> pl.DataFrame:
    """The rows with means over two halves, which differ from the whole by noise of this size that criterion and error share."""
    noise = np.random.default_rng(1).normal(0.0, spread, rows.height)
    terms = [(pl.col(name) + sign * sway * pl.Series(noise)).alias(f"{name}_half{half}")
             for name, sway in (("err_weak", 1.0), ("err_student", 1.0), ("misfit", 0.0)) for half, sign in ((1, 1.0), (2, -1.0))]
    return rows.with_columns(terms)


def of(table: pl.DataFrame, rule: str) -> dict[str, object]:
    return table.filter(pl.col("rule") == rule).row(0, named=True)


def test_each_rule_takes_the_teacher_that_its_criterion_names(family: pl.DataFrame) -> None:
    made = choices(family)
    assert made.height == 2 * 2 * 4 * len(RULES) and made["rule"].head(6).to_list() == NAMES
    taken = {rule: set(made.filter(pl.col("rule") == rule)["chosen"]) for rule in NAMES}
    assert taken == {"predicted-error": {"teacher-0"}, "lowest-err-weak": {"teacher-0"}, "highest-misfit": {"teacher-2"},
                     "lowest-projection-gap": {"teacher-2"}, "random": {None}, "oracle": set(made["best"])}


def test_misfit_corrects_the_order_of_the_teachers_where_the_law_holds() -> None:
    """Teacher 1 is the best to learn from though teacher 0 errs less: only the misfit rule sees it."""
    rows = make_family({"a": 1.0}, noise=0.0).with_columns(
        misfit=pl.when(pl.col("weak") == "teacher-1").then(0.9).otherwise("misfit"))
    rows = rows.with_columns(gain="misfit", err_student=pl.col("err_weak") - pl.col("misfit"))
    table = by_setting(choices(rows))
    assert of(table, "predicted-error")["hits"] == 1.0 and of(table, "predicted-error")["tau"] == pytest.approx(1.0)
    assert of(table, "lowest-err-weak")["hits"] == 0.0 and of(table, "predicted-error")["regret"] == 0.0
    line = of(over_suite(choices(rows)), "lowest-err-weak")
    assert (line["wins"], line["ties"], line["losses"], line["win_rate"]) == (6, 0, 0, 1.0)


def test_regret_is_never_below_zero_and_the_oracle_has_none(family: pl.DataFrame) -> None:
    made = choices(family)
    assert (made["regret"] >= 0).all() and made.filter(pl.col("rule") == "oracle")["regret"].max() == 0.0
    chance = made.filter(pl.col("rule") == "random")
    expected = family.group_by("task_set", "task", "seed").agg(pl.col("err_student").mean())
    assert sorted(chance["err_student"]) == pytest.approx(sorted(expected["err_student"]))


def test_draws_of_a_seed_are_one_value_of_the_interval(family: pl.DataFrame) -> None:
    made = choices(family)
    line = of(by_setting(made), "highest-misfit")
    assert (line["students"], line["seeds"]) == (8, 4)
    mine = made.filter((pl.col("rule") == "highest-misfit") & (pl.col("task_set") == "a"))
    seeds = mine.group_by("seed").agg(pl.col("regret").mean())["regret"]
    assert line["regret"] == pytest.approx(seeds.mean())
    half = 3.182446305284263 * float(seeds.std()) / 2.0  # type: ignore[arg-type]
    assert line["regret_high"] - line["regret"] == pytest.approx(half)  # type: ignore[operator]


def test_the_suite_speaks_of_other_tasks_from_eight_task_sets_on(family: pl.DataFrame) -> None:
    few = of(over_suite(choices(family)), "highest-misfit")
    assert (few["regret_over"], few["relative_regret"], few["task_sets"]) == (None, None, 2)
    alone = of(over_suite(choices(family.filter(pl.col("task_set") == "a"))), "highest-misfit")
    assert (alone["regret_over"], alone["task_sets"]) == ("seeds", 1) and alone["relative_regret"] is not None
    many = of(over_suite(choices(make_family({f"t{i}": 10.0**i for i in range(8)}))), "highest-misfit")
    assert (many["regret_over"], many["task_sets"], many["students"]) == ("task sets", 8, 48)


def test_a_scale_does_not_change_a_relative_regret() -> None:
    alone = of(over_suite(choices(make_family({"a": 1.0}))), "highest-misfit")
    large = of(over_suite(choices(make_family({"a": 1e6}))), "highest-misfit")
    assert alone["relative_regret"] == pytest.approx(large["relative_regret"])


def test_a_rule_that_lacks_its_column_chooses_nothing_and_says_so(family: pl.DataFrame, ask: Ask) -> None:
    gap = pl.when((pl.col("weak") == "teacher-1") & (pl.col("task_set") == "a")).then(None).otherwise("projection_gap")
    family.with_columns(projection_gap=gap).write_parquet("rows.parquet")
    found = json.loads(ask("select", "rows.parquet", "--json"))
    (line,) = (line for line in found["settings"] if line["rule"] == "lowest-projection-gap" and line["task_set"] == "a")
    assert (line["students"], line["without"], line["chosen"], line["regret"]) == (0, 8, None, None)
    assert any("lowest-projection-gap could not choose for 8 students" in text for text in found["says"])


def test_students_with_one_teacher_are_left_out_and_named(family: pl.DataFrame, ask: Ask) -> None:
    lone = family.filter((pl.col("seed") > 0) | (pl.col("weak") == "teacher-0"))
    assert lone_students(lone).height == 4 and choices(lone)["seed"].min() == 1
    lone.write_parquet("rows.parquet")
    assert "4 students have one candidate and are left out, such as task a[task=0]" in ask("select", "rows.parquet")


def test_panels_keep_their_candidates_apart(ask: Ask) -> None:
    rows = make_family({"a": 1.0}, panel="one").with_columns(panels=pl.when(pl.col("weak") == "teacher-2").then(
        pl.lit(["one", "two"])).when(pl.col("weak") == "teacher-1").then(pl.lit(["two"])).otherwise("panels"))
    rows.write_parquet("rows.parquet")
    found = json.loads(ask("select", "rows.parquet", "--by", "panel", "--json", "--detail"))
    taken = {(line["panel"], line["chosen"]) for line in found["choices"] if line["rule"] == "lowest-err-weak"}
    assert taken == {("one", "teacher-0"), ("two", "teacher-1")}
    assert {line["candidates"] for line in found["choices"]} == {2}
    assert {line["students"] for line in found["suite"]} == {12} and {line["settings"] for line in found["suite"]} == {2}


def test_the_command_prints_what_each_rule_may_look_at_and_the_duels(family: pl.DataFrame, ask: Ask) -> None:
    shown = ask("select", "rows.parquet", "--detail")
    for text in ("teacher's labelled error, unlabelled inputs", "nothing", "truth", "whole suite", "every choice",
                 "16 of 16 students are judged on the very examples that chose", "2 task sets are too few", "in (unit of a)²",
                 "the teacher to take"):
        assert text in shown
    lines = ask("select", "rows.parquet", "--csv", "--where", "task_set == a").splitlines()
    assert len(lines) == 1 + len(RULES) and lines[0].startswith("task_set,strong,strategy,supervisor,divergence")
    detail = ask("select", "rows.parquet", "--csv", "--detail").splitlines()
    assert len(detail) == 1 + 16 * len(RULES)


def test_classes_have_a_regret_in_accuracy_too(family: pl.DataFrame, ask: Ask) -> None:
    accuracy = pl.when(pl.col("weak") == "teacher-0").then(0.7).when(pl.col("weak") == "teacher-1").then(0.9).otherwise(0.5)
    of_classes = family.with_columns(accuracy_student=accuracy, divergence=pl.lit("kl"), output_unit=pl.lit(""))
    table = by_setting(choices(of_classes))
    assert of(table, "predicted-error")["regret_accuracy"] == pytest.approx(0.2)
    assert of(table, "highest-misfit")["regret_accuracy"] == pytest.approx(0.4)
    chance = of(table, "random")
    assert chance["regret_accuracy"] == pytest.approx(0.2) and chance["accuracy_student"] == pytest.approx(0.7)
    assert by_setting(choices(family))["regret_accuracy"].null_count() == table.height
    of_classes.write_parquet("rows.parquet")
    assert "regret of" in ask("select", "rows.parquet") and "20.0 %" in ask("select", "rows.parquet")
    family.write_parquet("rows.parquet")
    assert "accuracy" not in ask("select", "rows.parquet")


def test_a_rule_chooses_on_one_half_and_is_judged_on_the_other() -> None:
    rows = halved(make_family({"a": 1.0}, draws=1, seeds=1), 0.0).with_columns(
        err_student_half1=pl.Series([1.0, 2.0, 3.0]), err_student_half2=pl.Series([2.5, 2.0, 1.0]),
        err_weak_half1=pl.Series([0.0, 1.0, 2.0]), err_weak_half2=pl.Series([5.0, 4.0, 3.0]),
        misfit_half1=pl.Series([0.0] * 3), misfit_half2=pl.Series([0.0] * 3))
    made = choices(rows)
    rule, oracle, chance = of(made, "predicted-error"), of(made, "oracle"), of(made, "random")
    assert rule["crossed"] and rule["err_student"] == (2.5 + 3.0) / 2.0  # taken on 1: the first, judged on 2; on 2: the third
    least, crossed = 1.75, (2.5 + 3.0) / 2.0
    assert (rule["regret_least"], rule["regret_most"]) == (2.75 - crossed, 2.75 - least)
    assert rule["regret"] == pytest.approx(2.75 - (least + crossed) / 2.0) and rule["hit"] == 0.0 and rule["tau"] == -1.0
    assert oracle["err_student"] == 2.75 and oracle["hit"] == 0.0
    assert chance["err_student"] == pytest.approx(11.5 / 6.0) and chance["hit"] == pytest.approx(1.0 / 3.0)


def test_a_column_without_halves_chooses_once_and_is_judged_on_both(family: pl.DataFrame) -> None:
    made = choices(halved(family))
    assert of(made, "lowest-projection-gap")["chosen"] == "teacher-2"
    whole = choices(family)
    for name in ("err_student", "hit", "tau"):
        assert made[name].to_list() == pytest.approx(whole[name].to_list(), nan_ok=True)


def test_noise_that_chooses_no_longer_judges() -> None:
    """Three equal teachers: judged on the examples that chose, each rule seems to beat chance by as much as there is noise."""
    rows = make_family({"a": 1.0}, draws=40, noise=0.0).with_columns(
        err_student=pl.lit(1.0), err_weak=pl.lit(1.2), misfit=pl.lit(0.2))
    made = choices(halved(rows, 0.3))
    errors = {name: made.filter(pl.col("rule") == name)["err_student"].mean() for name in NAMES}
    assert errors["predicted-error"] == pytest.approx(errors["oracle"]) and errors["oracle"] > errors["random"]
    assert made.filter(pl.col("rule") == "random")["regret_most"].mean() > 0.0


def test_rows_with_halves_are_judged_apart_and_the_output_says_against_what(family: pl.DataFrame, ask: Ask) -> None:
    halved(family, 0.01).write_parquet("rows.parquet")
    shown = ask("select", "rows.parquet")
    assert "Each rule, the oracle too, chooses on one half" in shown and "very examples that chose" not in shown
    found = json.loads(ask("select", "rows.parquet", "--json"))
    assert all(line["crossed"] == 1.0 and line["regret_least"] <= line["regret"] <= line["regret_most"]
               for line in found["settings"])


def test_accuracy_is_judged_on_the_other_half_too(family: pl.DataFrame) -> None:
    accuracy = pl.when(pl.col("weak") == "teacher-0").then(0.7).when(pl.col("weak") == "teacher-1").then(0.9).otherwise(0.5)
    rows = halved(family).with_columns(accuracy_student=accuracy, accuracy_student_half1=accuracy - 0.1,
                                       accuracy_student_half2=accuracy + 0.1)
    line = of(choices(rows), "predicted-error")
    assert line["accuracy_student"] == pytest.approx(0.7) and line["regret_accuracy"] == pytest.approx(0.2)


def test_the_teacher_to_take_is_named_with_its_runner_up_and_whether_they_can_be_told_apart(ask: Ask) -> None:
    rows = make_family({"a": 1.0}, seeds=6)
    rows.write_parquet("rows.parquet")
    last = ask("select", "rows.parquet").splitlines()[-1]
    assert last == "Take teacher-0; the runner-up is teacher-1. They can be told apart, over 6 seeds."
    rng = np.random.default_rng(3)
    noisy = rows.with_columns(err_weak=pl.col("err_weak") + pl.Series(rng.normal(0.0, 0.4, rows.height)))
    noisy.write_parquet("rows.parquet")
    assert "They cannot be told apart, over 6 seeds." in ask("select", "rows.parquet").splitlines()[-1]
    line = teachers(noisy).row(0, named=True)
    criterion = noisy.with_columns(c=pl.col("err_weak") - pl.col("misfit")).group_by("weak", "seed").agg(pl.col("c").mean())
    by = {weak: part.sort("seed")["c"].to_numpy() for (weak,), part in criterion.group_by("weak")}
    apart = by[line["runner_up"]] - by[line["take"]]
    half = 3.163381 * apart.std(ddof=1) / 6**0.5  # Student's t on 5 degrees of freedom at 97.5 %: 95 % for two comparisons
    assert line["difference"] == pytest.approx(apart.mean()) and line["difference_high"] - apart.mean() == pytest.approx(half)


def test_one_seed_tells_no_teachers_apart_and_a_teacher_without_every_seed_is_left_out() -> None:
    line = teachers(make_family({"a": 1.0}, seeds=1)).row(0, named=True)
    assert line["tied"] == ["teacher-1", "teacher-2"] and line["difference_low"] is None
    lacking = make_family({"a": 1.0}).filter((pl.col("weak") != "teacher-0") | (pl.col("seed") > 0))
    line = teachers(lacking).row(0, named=True)
    assert (line["take"], line["candidates"], line["left_out"]) == ("teacher-1", 2, ["teacher-0"])


def test_a_misfit_above_the_teachers_error_is_not_to_be_trusted(ask: Ask) -> None:
    make_family({"a": 1.0}).with_columns(misfit=pl.col("err_weak") + 1.0).write_parquet("rows.parquet")
    assert "no law allows: the rule is not to be trusted there" in ask("select", "rows.parquet")


def test_nothing_to_choose_from_is_explained(tmp_path: Path, ask: Ask) -> None:
    rows, _ = make_tables({"t": 1.0}, failed=2)
    for name, table in (("one", rows), ("none", rows.filter(pl.col("status") != "ok")),
                        ("blind", rows.with_columns(err_student=pl.lit(None, dtype=pl.Float64)))):
        table.write_parquet(tmp_path / f"{name}.parquet")
    said = ask("select", "one.parquet", code=2)
    assert "one candidate only: each of 6 students has a single teacher, such as task t, strong large" in said
    assert "none of 2 rows has status ok" in ask("select", "none.parquet", code=2)
    assert "no row of 6 holds err_student" in ask("select", "blind.parquet", code=2)
    assert "meets the filter" in ask("select", "one.parquet", "--where", "seed > 1000", code=2)
    assert "no run is given" in ask("select", code=2) and "no such run" in ask("select", "nowhere", code=2)


def test_mixed_units_and_groups_that_cannot_be_are_refused(family: pl.DataFrame, ask: Ask) -> None:
    said = ask("select", "rows.parquet", "--by", "strong", code=2)
    assert "mixed units" in said and "squared of unit of a; squared of unit of b" in said and "--by task_set" in said
    assert "cannot group by 'weak'" in ask("select", "rows.parquet", "--by", "weak", code=2)
    with pytest.raises(UsageError, match="mixed units"):
        by_setting(choices(family.with_columns(task_set=pl.lit("one"))))


def test_choices_without_candidates_raise(family: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="none of 0 rows"):
        choices(family.clear())
