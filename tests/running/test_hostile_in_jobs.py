"""Plugins of other owners that are hostile in a job: every other row has the same bytes as without them, and each is named."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import made_components
import pytest
from conftest import untimed_rows
from distributions import install
from hostile_in_jobs import CHANGING, CONTAINED, Hostile, module_of
from polars.testing import assert_frame_equal

import w2s_bench as w2s
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.running.audience import Audience

HERE = Path(made_components.__file__).parent
CALM = "from word_hooks import w2s_tasks, w2s_models, LINES\n@hookimpl\ndef w2s_strategies():\n    yield LINES\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a calm plugin of words installed beside."""
    install(tmp_path / "site", monkeypatch, "calm-dist", {"calm": "calm_plugin"}, calm_plugin=CALM)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), str(HERE)]))
    return tmp_path


def _install(folder: Path, monkeypatch: pytest.MonkeyPatch, plugins: Mapping[str, Hostile]) -> None:
    for name, hostile in plugins.items():
        module = module_of(name)
        install(folder / "site", monkeypatch, module, {module: module}, **{module: hostile.source(name)})


def _spec(plugins: Mapping[str, Hostile]) -> RunSpec:
    """The calm cell, and one with each plugin in its place."""
    named = {kind: tuple(name for name, hostile in plugins.items() if hostile.kind == kind)
             for kind in ("tasks", "models", "strategies")}
    words, strong = ("words",), ("letters[degree=2]",)
    places = [(words, strong, ("lines", *named["strategies"])), (words, named["models"], ("lines",)),
              (named["tasks"], strong, ("lines",))]
    return RunSpec("hostile", tuple(Matrix(tasks, weak=("letters",), strong=models, strategies=strategies, supervisors=("lines",))
                                    for tasks, models, strategies in places if tasks and models))


def _run(folder: Path, name: str, plugins: Mapping[str, Hostile], **means: Any) -> tuple[w2s.Run, list[str]]:
    said: list[str] = []
    quick: dict[str, Any] = {"silence": 60.0, "idle": 15.0, "retries": 0, "workers": 3, "memory": 2100.0, **means}
    with contextlib.chdir(folder):
        return w2s.run(_spec(plugins), folder=name, store=f"{name}-store", audience=Audience(said.append), **quick), said


def _calm_row_is_that_of_a_run_without_them(folder: Path, name: str) -> None:
    _run(folder, "calm", {}, workers=1)
    rows = [untimed_rows(folder / each).filter(task="words", strong="letters[degree=2]", strategy="lines").drop("run_id")
            for each in ("calm", name)]
    assert rows[0].height == 1
    assert_frame_equal(*rows, check_exact=True)


def _ends(done: w2s.Run) -> dict[str, tuple[str, str]]:
    """By the hostile component of a cell, or "", its status and what was said."""
    known, roles = {**CONTAINED, **CHANGING}, ("task", "strong", "strategy")
    return {next((row[role] for role in roles if row[role] in known), ""): (row["status"], row["error"] or "")
            for row in done.rows.iter_rows(named=True)}


def _accused(said: list[str]) -> dict[str, str]:
    """By component, what it is said to have changed. Nobody is named twice, and the project's own code is not named."""
    lines = [line for line in said if " changed its process: " in line]
    names = [line.split(" of ")[1].split(" (")[0] for line in lines]
    assert len(set(names)) == len(names) and all("\n" not in line for line in lines)
    return {name: line.partition(" changed its process: ")[2] for name, line in zip(names, lines, strict=True)}


@pytest.mark.slow
def test_plugins_that_fail_in_every_stage_cost_their_own_cells_and_poison_no_store(
        folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(folder, monkeypatch, CONTAINED)
    done, said = _run(folder, "r", CONTAINED)
    ends = _ends(done)
    assert {name: (ends[name][0], hostile.error in ends[name][1]) for name, hostile in CONTAINED.items()} == {
        name: (hostile.status, True) for name, hostile in CONTAINED.items()}
    assert all(module_of(name) in error.partition("\n")[0] for name, (status, error) in ends.items() if status != "ok")
    assert ends[""] == ("ok", "") and _accused(said) == {}
    _calm_row_is_that_of_a_run_without_them(folder, "r")
    with contextlib.chdir(folder):
        again = w2s.run(_spec({}), folder="again", store="r-store", audience=Audience(said.append))
    assert again.executed == 0 and dict(again.statuses) == {"ok": 1}
    _calm_row_is_that_of_a_run_without_them(folder, "again")


@pytest.mark.slow
@pytest.mark.parametrize("isolate", ["never", "auto"])
def test_plugins_that_change_their_process_are_named_and_nobody_else_is_computed_in_it(
        folder: Path, monkeypatch: pytest.MonkeyPatch, isolate: str) -> None:
    _install(folder, monkeypatch, CHANGING)
    done, said = _run(folder, "r", CHANGING, isolate=isolate, workers=1 if isolate == "never" else 3, idle=60.0)
    assert _ends(done) == dict.fromkeys(["", *CHANGING], ("ok", ""))
    accused = _accused(said)
    assert accused.keys() == CHANGING.keys()
    assert [name for name, hostile in CHANGING.items() if hostile.changes not in accused[name]] == [], accused
    _calm_row_is_that_of_a_run_without_them(folder, "r")
