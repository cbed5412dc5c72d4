"""Side effects: what was fitted on one task is scored on a second one, and nothing is fitted for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import Command

from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Also, Embed, Fit, Predict
from w2s_bench.planning.spec import Matrix, RunSpec, spec_from_toml
from w2s_bench.registry.loading import load_registry

N = 60
PARTS = np.repeat(["supervise", "transfer", "test"], N // 3)
MODELS = ("--weak", "raw[column=p]", "--strong", "raw")


def table(seed: int, slope: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    p, q = rng.normal(size=(2, N)).round(6)
    return {"p": p, "q": q, "y": (p + slope * q + 0.3 * rng.normal(size=N)).round(6)}


def written(name: str, columns: dict[str, np.ndarray], **more: object) -> str:
    pl.DataFrame({**columns, "split": PARTS, **more}).write_csv(name)
    return f"arrays[path={name}]"


def line(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights of least squares with an intercept."""
    return np.linalg.lstsq(np.column_stack([np.ones(len(x)), x]), y, rcond=None)[0]


def at(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(x)), x]) @ weights


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
def test_a_second_task_is_scored_by_what_was_fitted_on_the_first(w2s: Command) -> None:
    one, two = table(1, 2.0), table(2, -1.0)
    tasks = "--task", written("one.csv", one), "--also", written("two.csv", two)
    said = w2s("run", *tasks, *MODELS, "-o", "r", check=0).stdout
    assert "1 ok" in said
    (row,) = pl.read_parquet("r/also.parquet").to_dicts()

    supervise, transfer, test = (np.flatnonzero(part == PARTS) for part in ("supervise", "transfer", "test"))
    x = np.column_stack([one["p"], one["q"]])
    weak = line(one["p"][supervise], one["y"][supervise])
    student = line(x[transfer], at(weak, one["p"][transfer]))
    ceiling = line(x[transfer], one["y"][transfer])
    there, truth = np.column_stack([two["p"], two["q"]])[test], two["y"][test]
    errors = {"err_weak": at(weak, two["p"][test]), "err_student": at(student, there), "err_ceiling": at(ceiling, there)}
    for name, answers in errors.items():
        assert row[name] == pytest.approx(((truth - answers) ** 2).mean(), rel=1e-4), name
    assert row["gain"] == pytest.approx(row["err_weak"] - row["err_student"]) and row["n_test"] == len(test)
    assert row["task"] == "arrays[path=two.csv] fitted on arrays[path=one.csv]" and row["status"] == "ok"
    assert row["direction"] == "weak-to-strong" and row["misfit"] > 0
    shown = w2s("show", "r", "--also", "--columns", "task,err_student", "--csv", check=0).stdout
    assert shown.splitlines()[1].startswith("arrays[path=two.csv] fitted on arrays[path=one.csv],")


def planned(*also: str, **more: tuple[str, ...]) -> Plan:
    words = {"weak": ("raw[column=p]",), "strong": ("raw",)} | more
    return make_plan(RunSpec("r", (Matrix(tasks=("arrays[path=one.csv]",), also=also, **words),)), load_registry())


def test_no_cell_changes_and_nothing_is_fitted_for_a_second_task() -> None:
    written("one.csv", table(1, 2.0))
    plain, both = planned(), planned(written("two.csv", table(2, 1.0)), written("three.csv", table(3, 1.0)))
    assert [cell.key for cell in plain.cells] == [cell.key for cell in both.cells] and not plain.also
    assert plain.stages()["fit"] == both.stages()["fit"] and plain.jobs.items() <= both.jobs.items()
    more = {key: both.jobs[key].stage for key in both.jobs.keys() - plain.jobs.keys()}
    assert sorted(more.values()) == ["embed"] * 4 + ["load"] * 4 + ["predict"] * 6 + ["score"] * 2


def test_a_model_that_is_made_from_a_task_reads_the_second_one_as_it_was_made_for_the_first() -> None:
    texts = {"text": [f"word{row} and more" for row in range(N)], "label": table(1, 1.0)["y"], "split": PARTS}
    for name in ("one.csv", "two.csv"):
        pl.DataFrame(texts | {"other": [name] * N}).write_csv(name)
    spec = RunSpec("r", (Matrix(tasks=("text[path=one.csv]",), also=("text[path=two.csv]",), weak=("tfidf",),
                                strong=("tfidf[terms=50]",)),))
    plan = make_plan(spec, load_registry())
    (second,) = plan.also[plan.cells[0].key]
    recipe = plan.jobs[second.key].recipe
    assert isinstance(recipe, Also)
    for key in (recipe.weak, recipe.student, recipe.ceiling):
        there = plan.jobs[key].recipe
        assert isinstance(there, Predict)
        fitted, read = plan.jobs[there.fit].recipe, plan.jobs[there.embeds[0]].recipe
        assert isinstance(fitted, Fit) and isinstance(read, Embed)
        made = plan.jobs[fitted.embeds[0]].recipe
        assert isinstance(made, Embed) and made.prepare is not None and read.prepare == made.prepare
        assert there.load == recipe.load != fitted.load == recipe.fitted_load


def test_a_task_with_another_output_is_refused_by_name(w2s: Command) -> None:
    one = written("one.csv", table(1, 1.0))
    written("two.csv", table(2, 1.0), label=["no", "yes", "so"] * 20)
    classes = "arrays[path=two.csv,label=label,output=classes]"
    said = w2s("plan", "--task", one, "--also", classes, *MODELS, check=2).stderr
    assert "3 classes" in said and "and what is fitted on arrays[path=one.csv] predicts a number" in said
    both = "--supervisor", "logistic", "--strategy", "logistic", *MODELS
    written("three.csv", table(3, 1.0), label=["no", "yes"] * 30)
    said = w2s("plan", "--task", "arrays[path=three.csv,label=label,output=classes]", "--also", classes, *both, check=2).stderr
    assert "3 classes" in said and "predicts 2 classes" in said
    assert "four.csv: no such file" in w2s("plan", "--task", one, "--also", "arrays[path=four.csv]", *MODELS, check=2).stderr


def test_the_cells_own_task_is_no_second_one_and_several_tasks_cross() -> None:
    tasks = written("one.csv", table(1, 2.0)), written("two.csv", table(2, 1.0))
    matrix = Matrix(tasks=tasks, also=tasks, weak=("raw[column=p]",), strong=("raw",))
    plan = make_plan(RunSpec("r", (matrix,)), load_registry())
    crossed = [(cell.task.label, [second.task.label for second in plan.also[cell.key]]) for cell in plan.cells]
    assert crossed == [(tasks[0], [tasks[1]]), (tasks[1], [tasks[0]])]


@pytest.mark.slow
def test_a_second_task_that_cannot_be_read_costs_its_own_line_alone(w2s: Command) -> None:
    other = table(2, 1.0)
    other["r"] = other.pop("p")
    tasks = "--task", written("one.csv", table(1, 2.0)), "--also", written("two.csv", other)
    done = w2s("run", *tasks, *MODELS, "-o", "r", check=0)
    assert "1 of 1 cells have no score on a second task" in " ".join((done.stdout + done.stderr).split())
    (row,) = pl.read_parquet("r/also.parquet").to_dicts()
    assert row["status"] == "failed" and "reads the column 'p'" in row["error"] and row["err_student"] is None
    assert pl.read_parquet("r/rows.parquet")["status"].to_list() == ["ok"]


@pytest.mark.slow
def test_examples_that_were_fitted_on_are_found_in_the_second_test_part(w2s: Command) -> None:
    one = table(1, 2.0)
    moved = {name: np.roll(values, N // 3) for name, values in one.items()}
    own = {name: values.copy() for name, values in table(2, 2.0).items()}
    tasks = "--task", written("one.csv", one), "--also", written("moved.csv", moved), "--also", written("own.csv", own)
    w2s("run", *tasks, *MODELS, "-o", "r", check=0)
    flags = dict(pl.read_parquet("r/also.parquet").select("task", "flags").iter_rows())
    assert ["splits-overlap" in flags[f"arrays[path={name}.csv] fitted on arrays[path=one.csv]"] for name in ("moved", "own")] \
        == [True, False]


@pytest.mark.slow
def test_second_tasks_stand_in_the_spec_and_a_run_without_them_says_how_to_ask(w2s: Command) -> None:
    spec = RunSpec("r", (Matrix(tasks=(written("one.csv", table(1, 2.0)),), weak=("raw[column=p]",), strong=("raw",),
                                also=("arrays[path=two.csv]", "diabetes")),))
    assert spec_from_toml(spec.to_toml(), where="spec") == spec
    assert 'also = ["arrays[path=two.csv]", "diabetes"]' in spec.to_toml()
    w2s("run", "--task", "arrays[path=one.csv]", *MODELS, "-o", "r", check=0)
    assert "run --also TASK" in w2s("show", "r", "--also", check=2).stderr and not Path("r/also.parquet").exists()
