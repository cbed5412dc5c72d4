"""`import w2s_bench`: the Python face, as a person in a program or a notebook meets it."""

from __future__ import annotations

import json
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import numpy as np
import polars as pl
import pytest
from conftest import Command

import w2s_bench as w2s
from w2s_bench.contracts import DataError, ShapeError, UsageError

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ROOT / "leaderboard" / "studies"
MATRIX = {"tasks": "diabetes", "models": ["raw", "random-features[width=[8,16]]"], "strategies": ["ridge", "least-squares"],
          "seeds": range(2)}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> w2s.Run:
    folder = tmp_path_factory.mktemp("face")
    return w2s.run(**MATRIX, folder=folder / "r", store=str(folder / "store"))  # type: ignore[arg-type]


def test_a_run_holds_rows_bounds_and_says_what_they_show(small: w2s.Run) -> None:
    assert small.statuses == {"ok": 24} and small.rows.height == 24 and small.bounds.height > 24
    assert "the student gains beyond noise in" in small.finding and repr(small) == f"<Run {small.folder}: 24 ok>"
    assert small.executed > 0 and not small.interrupted


def test_the_same_call_computes_nothing_and_plan_knows_it(small: w2s.Run) -> None:
    assert small.folder is not None
    store = str(small.folder.parent / "store")
    again = w2s.run(**MATRIX, folder=small.folder, store=store)  # type: ignore[arg-type]
    assert again.executed == 0 and again.rows.equals(small.rows)
    planned = w2s.plan(**MATRIX, store=store)  # type: ignore[arg-type]
    assert planned.cells.height == 24 and set(planned.remaining.values()) == {0} and "nothing to compute" in str(planned)


def test_the_command_line_and_python_are_one(small: w2s.Run, w2s_command: Command) -> None:
    words = ("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=[8,16]]", "--strategy", "ridge",
             "--strategy", "least-squares", "--seeds", "0..1", "-o", "r")
    w2s_command(*words, check=0)
    told, computed = w2s.read(w2s_command.folder / "r"), small
    names = [name for name in computed.rows.columns if not name.startswith(("seconds_", "peak_"))]
    assert told.rows.select(names).equals(computed.rows.select(names)) and told.bounds.equals(computed.bounds)


@pytest.fixture
def w2s_command(tmp_path: Path) -> Command:
    return Command(tmp_path)


@pytest.mark.slow
def test_a_run_is_read_filtered_summed_compared_and_drawn(small: w2s.Run) -> None:
    read = w2s.read(small.folder or "")
    assert read.rows.equals(small.rows)
    kept = read.where("weak = 'raw' and seed < 1")
    assert kept.rows.height == 4 and set(kept.bounds["cell_key"]) == set(kept.rows["cell_key"])
    assert read.summary(by=["strategy"]).height == 3 * 1 or read.summary(by=["strategy"]).height > 1
    table = w2s.compare(read, by="strategy", against="ridge")
    assert set(table["strategy"]) == {"ridge", "least-squares"} and set(table["against"]) == {"ridge"}
    assert read.figure("gain-misfit").to_dict()["$schema"]
    assert read.report().read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "<table" in read._repr_html_()


def test_strategies_and_models_may_be_compared_by_any_side(small: w2s.Run) -> None:
    table = small.compare(by="weak", against="raw")
    assert set(table["weak"]) == {"raw", "random-features[width=8]", "random-features[width=16]"}


def test_what_cannot_be_is_said_in_words(small: w2s.Run) -> None:
    with pytest.raises(UsageError, match="no such run"):
        w2s.read("nowhere")
    with pytest.raises(UsageError, match="shade"):
        small.compare(by="shade")
    with pytest.raises(DataError, match="one strategy"):
        small.where("strategy = 'ridge'").compare()
    with pytest.raises(UsageError, match="gain-misfit"):
        small.figure("gain-misfits")
    with pytest.raises(UsageError, match="one run"):
        small.where("seed = 0").report()


def test_a_run_is_measured_again_from_what_it_kept(small: w2s.Run) -> None:
    again = w2s.rescore(small.folder or "")
    assert again.rows.drop("flags").equals(small.rows.drop("flags")) and again.bounds.equals(small.bounds)


def test_arrays_of_anybody_are_scored_as_a_cell_is() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200)
    weak, ceiling = truth + rng.normal(size=200), truth + 0.1 * rng.normal(size=200)
    scored = w2s.score(truth=truth, weak=weak, student=0.7 * weak, ceiling=ceiling)
    assert scored.row["gain"] == pytest.approx(scored.row["misfit"] + scored.row["projection"] + scored.row["realizability"])
    assert scored.row["misfit"] == pytest.approx(np.mean((0.3 * weak) ** 2)) and not scored.bounds["all_assumptions"].any()
    with pytest.raises(UsageError, match="no divergence is called"):
        w2s.score(truth, weak, weak, ceiling, divergence="squard")
    with pytest.raises(ShapeError):
        w2s.score(truth, weak[:-1], weak, ceiling)


def test_help_names_every_function_with_what_it_takes_and_gives() -> None:
    text = pydoc.render_doc(w2s, renderer=pydoc.plaintext)
    for name in ("run", "plan", "read", "score", "rescore", "compare"):
        assert re.search(rf"^    {name}\(", text, flags=re.MULTILINE), name
        assert (getattr(w2s, name).__doc__ or "").strip().endswith(".")
    assert "lazy" not in text.lower()


@pytest.mark.slow
def test_the_page_about_python_runs_as_it_stands(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert len(blocks) >= 7
    (tmp_path / "page.py").write_text("\n".join(blocks), encoding="utf-8")
    (tmp_path / "leaderboard").symlink_to(ROOT / "leaderboard")
    done = subprocess.run([sys.executable, "page.py"], cwd=tmp_path, env=Command(tmp_path).environment, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_notebook_runs_in_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leaderboard").symlink_to(ROOT / "leaderboard")
    for name, value in Command(tmp_path).environment.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(ROOT / "docs" / "first-look.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "a notebook is kept without its outputs"
    nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = json.dumps([cell.outputs for cell in notebook.cells if cell.cell_type == "code"])
    assert "vega-lite" in shown and "gain / misfit" in shown


def test_every_name_that_is_offered_is_there() -> None:
    assert all(getattr(w2s, name) is not None for name in w2s.__all__) and isinstance(w2s.read(PUBLISHED / "k-heads"), w2s.Run)
    with pytest.raises(AttributeError, match="runn"):
        w2s.runn  # type: ignore[attr-defined]  # noqa: B018


def test_rows_of_several_runs_are_one_table(small: w2s.Run) -> None:
    several = w2s.compare(small.where("seed = 0"), small.where("seed = 1"))
    assert several.filter(pl.col("measure") == "gain")["pairs"].max() == 8
