"""Each kind of plugin as `plugin new` writes it: installed, tested, listed and run in an environment of its own."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from fresh_environment import Environment, build_settings

from w2s_bench.cli.new.parts import PARTS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the environments share: the backend by which plugins are built, and what mypy knows of other packages."""
    folder = tmp_path_factory.mktemp("shared")
    yield {**build_settings(folder / "backend"), "MYPY_CACHE_DIR": str(folder / "mypy")}


def _rows(project: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(file) for file in sorted(project.glob("w2s-runs/*/rows.parquet"))], how="diagonal")


def _bounds(project: Path) -> set[str]:
    return {name for file in project.glob("w2s-runs/*/bounds.parquet") for name in pl.read_parquet(file)["bound"]}


def _events(project: Path) -> list[str]:
    lines = [line for file in project.glob("w2s-runs/*/sparrow.jsonl") for line in file.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line)["event"] for line in lines]


IN_USE: dict[str, Callable[[Path, str], bool]] = {
    "task": lambda project, said: set(_rows(project)["task"]) == {"sparrow"},
    "model": lambda project, said: set(_rows(project)["strong"]) == {"sparrow[width=256]"},
    "strategy": lambda project, said: "sparrow" in set(_rows(project)["strategy"]),
    "loss": lambda project, said: set(_rows(project)["strategy"]) == {"mlp-head[loss=sparrow]"},
    "metric": lambda project, said: 0 < _rows(project)["sparrow_student"][0] < 1,
    "bound": lambda project, said: "sparrow" in _bounds(project),
    "divergence": lambda project, said: set(_rows(project).select("divergence", "status").row(0)) == {"sparrow", "ok"},
    "figure": lambda project, said: (project / "sparrow.png").stat().st_size > 10_000,
    "executor": lambda project, said: len((project / "jobs.csv").read_text().splitlines()) > 10,
    "command": lambda project, said: r"\begin{tabular}" in said and r"ridge & 5 & " in said,
    "suite": lambda project, said: _rows(project).height == 40,
    "observer": lambda project, said: _events(project) == ["cell", "run"],
}
"""How the folder in which it ran, and what was printed, show that what the plugin adds was used."""


@pytest.mark.parametrize("kind", PARTS)
def test_a_new_plugin_installs_passes_its_tests_is_listed_and_leaves_a_row(kind: str, tmp_path: Path, settings: dict[str, str],
                                                                          record_property: Callable[[str, object], None]) -> None:
    environment = Environment.made(tmp_path / "environment", **settings)
    project, begun = tmp_path / "sparrow", time.monotonic()
    next_ = environment(f"w2s-bench plugin new sparrow --kind {kind}", tmp_path)
    install, test, run = (line[6:] for line in next_.splitlines())
    assert f"{test}\n{run}\n```" in (project / "README.md").read_text(encoding="utf-8")
    environment(install, tmp_path)
    environment(test, project)
    assert re.search(r"^sparrow +sparrow 0\.1\.0 +ok$", environment("w2s-bench plugin ls", project), re.MULTILINE)
    assert kind == "observer" or "sparrow/sparrow" in environment(f"w2s-bench ls {_plural(kind)}", project)
    said = environment(run, project)
    seconds = time.monotonic() - begun
    assert IN_USE[kind](project, said), said
    assert kind == "divergence" or set(_rows(project)["status"]) == {"ok"}  # `score` prints what would be its row
    environment("python -m ruff check && python -m mypy", project)
    record_property("seconds", round(seconds, 1))
    print(f"{kind}: {seconds:.1f} s from `plugin new` to a row, {time.monotonic() - begun - seconds:.1f} s for ruff and mypy")


def _plural(kind: str) -> str:
    from w2s_bench.registry.catalogue import SINGULAR

    return next(plural for plural, singular in SINGULAR.items() if singular == kind)
