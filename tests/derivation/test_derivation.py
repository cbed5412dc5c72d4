"""A second program finds every number of ten runs of different kinds as the first one wrote them."""

from __future__ import annotations

import ast
from pathlib import Path

import polars as pl
import pytest

import w2s_bench as w2s
from derivation.check import discrepancies
from derivation.columns import DECIDED, DECIDED_OF_BOUNDS, undeclared
from derivation.made_runs import RUNS, made
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.measures import row_columns
from w2s_bench.scoring.columns import BOUNDS

HERE = Path(__file__).parent
STUDIES = HERE.parents[1] / "leaderboard" / "studies"
ALLOWED = {"numpy", "scipy", "polars", "derivation", "__future__", "ast", "collections", "dataclasses", "functools", "hashlib",
           "itertools", "json", "math", "pathlib", "typing"}
OVER_SEEDS = {"bias-variance"}
"""Bounds of several seeds, of which no cell has a line."""
ALWAYS_NULL = {"spearman_base": "a head before any label says one thing to all"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: made(name, tmp_path_factory.mktemp("run")) for name in RUNS}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_all_that_predictions_decide_of_a_run_is_what_they_make_it(runs: dict[str, Path], name: str) -> None:
    rows = pl.read_parquet(runs[name] / "rows.parquet")
    assert rows["error"].drop_nulls().to_list() == [] and rows["status"].unique().to_list() == ["ok"]
    assert discrepancies(runs[name]) == []


@pytest.mark.slow
@pytest.mark.parametrize("suite", ["paper-synthetic", "correlated-features", "random-features", "k-heads"])
def test_the_studies_in_their_quick_version_are_too(suite: str, tmp_path: Path) -> None:
    run = w2s.run(suite, quick=True, folder=tmp_path / "run", store=str(tmp_path / "store"), executor="here")
    assert run.rows.height >= 8 and discrepancies(Path(str(run.folder))) == []


@pytest.mark.parametrize("name", sorted(path.parent.parent.name for path in STUDIES.glob("*/predictions/facts.parquet")))
def test_a_table_that_was_published_with_its_predictions_is_what_they_make_it(name: str) -> None:
    assert discrepancies(STUDIES / name) == []


@pytest.mark.slow
def test_every_column_is_in_one_list(runs: dict[str, Path]) -> None:
    assert undeclared([column.name for column in row_columns()], [column.name for column in BOUNDS]) == []
    assert undeclared(["gain", "a new column"], ["lhs", "another"]) == ["rows.a new column is in 0 lists",
                                                                        "bounds.another is in 0 lists"]


@pytest.mark.slow
def test_the_runs_have_a_number_in_every_column_and_meet_every_divergence_bound_and_verdict(runs: dict[str, Path]) -> None:
    rows = pl.concat([pl.read_parquet(folder / "rows.parquet") for folder in runs.values()], how="diagonal_relaxed")
    bounds = pl.concat([pl.read_parquet(folder / "bounds.parquet") for folder in runs.values()])
    assert {name for name in DECIDED if rows[name].null_count() == rows.height} == set(ALWAYS_NULL)
    assert {name for name in DECIDED_OF_BOUNDS if bounds[name].null_count() == bounds.height} == set()
    ours = {kind: {entry.entry.name for entry in load_registry().entries(kind) if entry.plugin.name == "w2s_theory"}
            for kind in ("divergences", "bounds")}
    assert set(rows["divergence"]) == ours["divergences"] and set(bounds["bound"]) == ours["bounds"] - OVER_SEEDS
    assert set(bounds["verdict"]) == {"holds", "undecided", "says nothing", "no statement"}  # violated is an alarm
    assert set(bounds.filter(pl.col("verdict") == "holds")["split"]) == {"test", "train"}
    shared = rows.filter("test_shared")
    assert shared["classes"].null_count() not in (0, shared.height)  # terms of classes and of numbers are kept


def test_the_derivation_imports_nothing_of_what_it_checks() -> None:
    modules = [path for path in HERE.glob("*.py") if not path.name.startswith("test_") and path.name != "made_runs.py"]
    imported = {(path.name, name.partition(".")[0]) for path in modules for name in _imports(path)}
    assert len(modules) >= 10 and {pair for pair in imported if pair[1] not in ALLOWED} == set()
    assert not any(f"{path.stem}.made_runs" in name for path in modules for name in _imports(path))


def _imports(path: Path) -> list[str]:
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [name for node in tree for name in (
        [alias.name for alias in node.names] if isinstance(node, ast.Import)
        else [node.module or ""] if isinstance(node, ast.ImportFrom) else [])]
