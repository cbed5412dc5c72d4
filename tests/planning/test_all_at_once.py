"""What cannot work is found before anything runs, all of it together; and what nobody names is what is usual for the task."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import Command

from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.loading import load_registry


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def planned(registry: Registry, *tasks: str, strategies: tuple[str, ...] = (), supervisors: tuple[str, ...] = (),
            weak: str = "raw", strong: str = "random-features[width=8]") -> Plan:
    matrix = Matrix(tasks, weak=(weak,), strong=(strong,), strategies=strategies, supervisors=supervisors)
    return make_plan(RunSpec("t", (matrix,)), registry)


def fitters(plan: Plan) -> set[tuple[str, str, str]]:
    return {(cell.task.label, cell.supervisor.label, cell.strategy.label) for cell in plan.cells}


def test_each_task_takes_the_usual_strategy_of_its_kind_for_both_roles(registry: Registry) -> None:
    assert fitters(planned(registry, "diabetes", "class-mixture")) == {
        ("diabetes", "ridge", "ridge"), ("class-mixture", "logistic", "logistic")}
    assert fitters(planned(registry, "diabetes", strategies=("least-squares",))) == {("diabetes", "ridge", "least-squares")}


def test_a_wrapper_fits_what_is_usual_where_its_student_is_not_named(registry: Registry) -> None:
    wrappers = ("mix", "mix[truth=0.5,student=relabel]", "shuffled-weak")
    assert {strategy for _, _, strategy in fitters(planned(registry, "diabetes", strategies=wrappers))} == {
        "mix[student=ridge]", "mix[truth=0.5,student=relabel[student=ridge]]", "shuffled-weak[student=ridge]"}
    of_classes = planned(registry, "class-mixture", strategies=wrappers)
    assert {strategy for _, _, strategy in fitters(of_classes)} == set(wrappers), "names of classes stay as they were"
    with pytest.raises(UsageError, match="the strategy mix.student=logistic. fits classes and preferences, and"):
        planned(registry, "diabetes", strategies=("mix[student=logistic]",))


def test_all_that_cannot_work_is_said_at_once(w2s: Command) -> None:
    (w2s.folder / "t.csv").write_text("a,b,y\n" + "".join(f"{i},x{i},{i % 3}.5\n" for i in range(12)))
    done = w2s("plan", "--task", "diabetesx", "--task", "arrays[path=t.csv,label=z]", "--task", "sst2-local[path=nowhere]",
               "--weak", "random-features[width=3]", "--strong", "hf[path=./no/folder]", "--strong", "raw",
               "--strategy", "rigde", "--supervisor", "logistic", "--task", "diabetes", check=2)
    said = done.stderr
    for text in ("unknown task 'diabetesx'", "has no column 'z'", "nowhere: no such folder", "width=3 is out of range",
                 "./no/folder", "unknown strategy 'rigde'"):
        assert text in said, said
    assert "things cannot work" in said and "Traceback" not in said and not Path(w2s.folder, "w2s-runs").exists()
    again = w2s("run", "--task", "diabetes", "--weak", "raw", "--strong", "raw", "--strategy", "logistic", "--supervisor", "hard",
                check=2).stderr
    assert "the strategy logistic fits classes" in again and "the supervisor hard fits classes" in again


def test_files_of_a_hub_that_are_not_here_are_named_with_where_they_were_looked_for(w2s: Command) -> None:
    done = w2s("plan", "--task", "boolq", "--weak", "gpt2", "--strong", "hf[path=owner/model]", check=0).stdout
    for name, kind in (("google/boolq@main", "datasets"), ("openai-community/gpt2@main", "hub"), ("owner/model@main", "hub")):
        (line,) = (line for line in done.splitlines() if name in line)
        assert f"/{kind}, and the hub does not give it now" in line and "hf download" in line and "path=FOLDER" in line


def test_a_model_that_reads_what_a_task_does_not_have_is_refused_by_the_plan(registry: Registry) -> None:
    """Text for numbers, numbers for text, and a column that is not in the file: each by its role."""
    with pytest.raises(UsageError) as refused:
        planned(registry, "diabetes", "python-functions[limit=30]", weak="raw", strong="nano[steps=8]")
    said = str(refused.value)
    assert "the strong model nano[steps=8] reads the input 'text', and diabetes has x (1 cell)" in said
    assert "the weak model raw reads the input 'x', and python-functions[limit=30] has text (1 cell)" in said


@pytest.mark.parametrize(("supervisor", "strategy", "role"), [
    ("as-is", "ridge", "supervisor"), ("ridge", "as-is", "strategy")])
def test_a_failed_cell_says_in_which_role_a_component_failed(w2s: Command, supervisor: str, strategy: str, role: str) -> None:
    """Two outputs of a matrix of labels, and one column of features: as-is has too few."""
    rng = np.random.default_rng(1)
    np.savez(w2s.folder / "t.npz", x=rng.normal(size=(40, 1)), y=rng.normal(size=(40, 2)))
    said = w2s("run", "--task", "arrays[path=t.npz]", "--weak", "raw", "--strong", "raw", "--supervisor", supervisor,
               "--strategy", strategy, "--no-page", "--executor", "here", check=3).stderr
    assert f"of as-is (w2s_probes), the {role}: " in said and "2 outputs" in said


@pytest.mark.parametrize("own", ["arrays", "text"])
def test_ids_and_parts_that_no_run_could_use_are_refused_by_the_plan(registry: Registry, tmp_path: Path, own: str) -> None:
    n = 30
    parts = ["supervise", "transfer", "test"] * (n // 3)

    def refused(match: str, **columns: list[object]) -> None:
        made = {"p": np.linspace(0, 1, n), "text": [f"text {row}" for row in range(n)], "label": ["no", "yes"] * (n // 2)}
        pl.DataFrame({**made, **columns}).write_csv(tmp_path / "a.csv")
        with pytest.raises(DataError, match=match):
            planned(registry, f"{own}[path={tmp_path / 'a.csv'},label=label,output=classes]")

    refused("share the id '7'", id=[7, 7, *range(8, n + 6)])
    refused("split of row 1 is 'left', not one of supervise", split=["left", *parts[1:]])
    refused("column 'split' puts no row into 'transfer'", split=["test" if part == "transfer" else part for part in parts])
    refused("column 'split' puts rows of one class only into 'supervise'", split=[*parts],
            label=["no" if part == "supervise" else ("no", "yes")[row % 2] for row, part in enumerate(parts)])
