"""The column that a teacher of the spec is made of is no input of its student."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from w2s_bench.contracts import DataError
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry

N = 40


def planned(folder: Path, task: str = "", weak: tuple[str, ...] = ("given[column=rule]",),
            supervisor: str = "as-is") -> Plan:
    rng = np.random.default_rng(8)
    pl.DataFrame({name: rng.normal(size=N) for name in ("p", "rule", "q", "other", "y")}).write_csv(folder / "a.csv")
    matrix = Matrix(tasks=(f"arrays[path={folder}/a.csv{task}]",), weak=weak, strong=("raw",), strategies=("ridge",),
                    supervisors=(supervisor,), seeds=(0,))
    return make_plan(RunSpec("own", (matrix,)), load_registry())


def x_of(plan: Plan) -> tuple[str, ...]:
    (task,) = {cell.task.key: cell.task for cell in plan.cells}.values()
    found: tuple[str, ...] = task.create().inputs_read().x
    return found


def test_the_column_of_a_given_leaves_x_and_the_plan_says_so(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    assert x_of(plan) == ("p", "q", "other")
    (line,) = plan.inputs
    assert "x is p, q, other; not in x: rule (given[column=rule] teaches with it)" in line
    splits = plan.cells[0].task.create().load(0)
    table = pl.read_csv(tmp_path / "a.csv")
    rows = [int(name.removeprefix("row ")) for name in splits.test.ids]
    assert np.array_equal(splits.test.inputs["x"], table.select("p", "q", "other").to_numpy()[rows])
    assert np.array_equal(splits.test.inputs["rule"], table["rule"].to_numpy()[rows])


def test_every_teacher_of_the_spec_leaves_x_and_others_stay(tmp_path: Path) -> None:
    assert x_of(planned(tmp_path, weak=("given[column=rule]", "given[column=other]"))) == ("p", "q")
    assert x_of(planned(tmp_path, ",exclude=p")) == ("q", "other")
    assert x_of(planned(tmp_path, weak=("raw[column=rule]",))) == ("p", "q", "other")
    assert x_of(planned(tmp_path, weak=("raw",))) == ("p", "rule", "q", "other")


def test_a_column_that_a_supervisor_fits_a_head_on_is_a_feature_as_any_other(tmp_path: Path) -> None:
    assert x_of(planned(tmp_path, weak=("raw[column=p]",), supervisor="ridge")) == ("p", "rule", "q", "other")


def test_a_column_that_is_asked_for_by_name_stays(tmp_path: Path) -> None:
    assert x_of(planned(tmp_path, ",include=rule")) == ("p", "rule", "q", "other")
    assert x_of(planned(tmp_path, ",features=q+rule")) == ("q", "rule")
    assert x_of(planned(tmp_path, ",exclude=rule")) == x_of(planned(tmp_path, ",answers=rule")) == ("p", "q", "other")


def test_show_task_says_what_x_is(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from w2s_bench.cli.show_task import command

    planned(tmp_path)
    said = CliRunner().invoke(command, [f"arrays[path={tmp_path}/a.csv,exclude=q]", "--examples", "0"]).output
    assert "x           p, rule, other" in said and "not in x    q (exclude= names it)" in said


def test_the_input_itself_is_no_teachers_column_but_a_column_of_that_name_is(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for names in (("x", "y"), ("text", "y")):
        frame = pl.DataFrame({name: rng.normal(size=N) for name in names})
        frame.with_columns(pl.col(names[0]).cast(pl.String) if names[0] == "text" else pl.col("x")).write_csv(tmp_path / "b.csv")
        task = f"text[path={tmp_path}/b.csv,label=y]" if names[0] == "text" else f"arrays[path={tmp_path}/b.csv]"
        model = "nano[width=16,layers=1,context=16,steps=0]" if names[0] == "text" else "raw"
        matrix = Matrix(tasks=(task,), weak=(model,), strong=(model,), strategies=("ridge",), supervisors=("as-is",), seeds=(0,))
        plan = make_plan(RunSpec("own", (matrix,)), load_registry())
        assert dict(plan.cells[0].task.params)["answers"] == "" and x_of(plan) == names[:1]
    pl.DataFrame({name: rng.normal(size=N) for name in ("x", "z", "y")}).write_csv(tmp_path / "c.csv")
    matrix = Matrix(tasks=(f"arrays[path={tmp_path}/c.csv]",), weak=("given[column=x]",), strong=("raw",), strategies=("ridge",),
                    supervisors=("as-is",), seeds=(0,))
    with pytest.raises(DataError, match="a column 'x' of its own"):
        make_plan(RunSpec("own", (matrix,)), load_registry())
