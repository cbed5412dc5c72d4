"""What makes a result stale is what it was computed with, and nothing else: each question is put to a fresh process."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import w2s_theory
from conftest import Command

import w2s_bench
from w2s_bench.planning import recipes
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import STAGES, Stage
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry

KEYS = """
import json
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry

registry = load_registry()
spec = RunSpec("t", (Matrix(("diabetes",), models=("raw", "random-features[width=8]"), strategies=("ridge",)),))
found = {"ridge on diabetes": [cell.key for cell in make_plan(spec, registry).cells]}
for kind, name in (("models", "nano"), ("models", "random-features"), ("strategies", "ridge"), ("strategies", "mlp-head"),
                   ("strategies", "hard[student=mlp-head]"), ("strategies", "adamw-head"), ("tasks", "diabetes")):
    found[name] = registry.one(kind, name).key
print(json.dumps(found))
"""


def keys(*, first: Path | None = None) -> dict[str, object]:
    """Keys as a process finds them that looks into this folder first for what it imports."""
    path = {"PYTHONPATH": str(first)} if first else {}
    done = subprocess.run([sys.executable, "-c", KEYS], env={**os.environ, **path}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@functools.cache
def keys_as_installed() -> dict[str, object]:
    return keys()


def changed_by(folder: Path) -> set[str]:
    before, after = keys_as_installed(), keys(first=folder)
    return {name for name in before if before[name] != after[name]}


def another_version(folder: Path, library: str) -> Path:
    """A folder that says of a library that another version is installed."""
    about = folder / f"{library.replace('-', '_')}-99.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {library}\nVersion: 99.0\n")
    return folder


@pytest.mark.parametrize(("library", "stale"), [
    ("transformers", {"nano"}),
    ("torch", {"nano", "mlp-head", "hard[student=mlp-head]"}),
    ("numba", {"adamw-head"}),
    ("peft", set()),
    ("scipy", {"random-features", "ridge on diabetes"}),
    ("numpy", {"ridge on diabetes"})])
def test_another_version_of_a_library_changes_the_keys_of_what_rests_on_it(
        library: str, stale: set[str], tmp_path: Path) -> None:
    assert changed_by(another_version(tmp_path, library)) == stale


def test_a_docstring_of_the_contracts_makes_nothing_stale(tmp_path: Path) -> None:
    package = Path(w2s_bench.__file__).parent
    shutil.copytree(package, tmp_path / package.name)
    for room in ("contracts/fitting.py", "compute/workshop.py", "scoring/samples.py"):
        file = tmp_path / package.name / room
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('"""', '"""Another word. ', 1), encoding="utf-8")
    assert changed_by(tmp_path) == set()


@pytest.mark.slow
def test_a_plan_names_the_divergence_or_its_package_and_no_digests_where_that_changed(tmp_path: Path) -> None:
    command = Command(tmp_path, apart=True)
    words = ("--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw", "--strategy", "ridge")
    command("run", *words, "--keep", "none", check=0)
    package = Path(w2s_theory.__file__).parent
    shutil.copytree(package, tmp_path / "changed" / package.name)
    with (tmp_path / "changed" / package.name / "quadratic.py").open("a", encoding="utf-8") as file:
        file.write("\nA_CHANGE = 1\n")
    done = subprocess.run(command.words("plan", *words), cwd=tmp_path, capture_output=True, text=True, timeout=120,
                          env={**command.environment, "PYTHONPATH": str(tmp_path / "changed")})
    assert "stale: 1 cells, because the divergence of its score job, squared, or its source package changed" in done.stdout, done


@pytest.mark.parametrize("stage", STAGES)
def test_a_raised_version_of_a_stage_changes_the_keys_of_its_jobs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    models = ("raw", "random-features[width=8]")
    planned = make_plan(RunSpec("t", (Matrix(("diabetes",), models=models, strategies=("ridge",)),)), load_registry()).jobs
    monkeypatch.setattr(recipes, "FOUNDATIONS", {**recipes.FOUNDATIONS, stage: recipes.FOUNDATIONS[stage] + 1})
    assert {made.stage for made in planned.values() if recipes.job(made.recipe).key != made.key} == {stage}
