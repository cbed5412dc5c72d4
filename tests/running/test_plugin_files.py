"""A run with a plugin in one file: its source is in the keys, its rows say so, and its folder keeps it and goes on from it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypedDict

import polars as pl
import pytest
from conftest import Command, untimed_rows

import w2s_bench as w2s
from w2s_bench.contracts import UsageError
from w2s_bench.registry.one_file import as_it_was

SOURCE = '''
"""The mean label, drawn towards zero."""

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import StrategyEntry, hookimpl

requires_api = ">=1,<2"


@hookimpl
def w2s_strategies():
    yield StrategyEntry("drawn", "of_mine:Drawn")


@dataclass(frozen=True)
class Level:
    value: np.ndarray

    def predict(self, features):
        return np.repeat(self.value[None, :], len(features), axis=0)

    def to_arrays(self):
        return {"value": self.value}


class Drawn:
    outputs = frozenset({"regression"})
    needs, convex_in, exact = "features", None, False

    def fit(self, problem):
        return Level(SHARE * problem.labels.values.mean(axis=0))

    def from_arrays(self, arrays):
        return Level(arrays["value"])


SHARE = 0.5
'''
SPEC = """
name = "mine"
[plugins]
files = ["of_mine.py"]
[[matrix]]
tasks = ["diabetes"]
weak = ["random-features[width=8]"]
strong = ["raw"]
strategies = ["ridge", "drawn"]
supervisors = ["ridge"]
seeds = "0..1"
"""


class Words(TypedDict):
    tasks: str
    weak: str
    strong: str
    strategies: list[str]


WORDS: Words = {"tasks": "diabetes", "weak": "random-features[width=8]", "strong": "raw", "strategies": ["ridge", "drawn"]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "of_mine.py").write_text(SOURCE)
    return tmp_path / "of_mine.py"


def _flags(seeds: str = "0") -> list[str]:
    return ["--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw", "--strategy", "ridge",
            "--strategy", "drawn", "--seeds", seeds, "--executor", "here"]


def test_rows_name_the_file_and_the_folder_alone_goes_on(w2s: Command, file: Path) -> None:
    w2s("run", *_flags(), "-o", "run", "--plugin", "of_mine.py", check=0)
    kept, folder = w2s.folder / "run" / "plugins" / "of_mine.py", w2s.folder / "run"
    rows = pl.read_parquet(folder / "rows.parquet")
    digest = hashlib.sha256(SOURCE.encode()).hexdigest()[:12]
    assert dict(rows.select("strategy", "given").iter_rows()) == {"ridge": None, "drawn": f"strategy: of_mine.py {digest}"}
    assert kept.read_text() == SOURCE and 'files = ["plugins/of_mine.py"]' in (folder / "spec.toml").read_text()
    file.unlink()
    w2s("run", "run", "--seeds", "0..1", "--executor", "here", check=0)
    longer = pl.read_parquet(folder / "rows.parquet")
    assert longer["status"].to_list() == ["ok"] * 4 and set(rows["cell_key"]) < set(longer["cell_key"])


@pytest.mark.slow
def test_a_changed_file_is_another_key_and_does_not_pass_for_what_a_run_keeps(w2s: Command, file: Path) -> None:
    w2s("run", *_flags(), "-o", "run", "--plugin", "of_mine.py", check=0)
    before = untimed_rows(w2s.folder / "run")
    file.write_text(SOURCE.replace("0.5", "0.25"))
    refused = w2s("run", "run", "--plugin", "of_mine.py", check=2)
    assert "two plugin files are called of_mine.py, and differ" in refused.stderr
    w2s("run", *_flags(), "-o", "run", "--plugin", "of_mine.py", check=0)
    after = untimed_rows(w2s.folder / "run")
    same = before["cell_key"] == after["cell_key"]
    assert same.to_list() == [True, False] and after["given"][1] != before["given"][1]


def test_python_takes_files_too_and_has_what_they_offer_from_then_on(
        tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with as_it_was():
        assert len(w2s.plan(plugins=[file], **WORDS).plan.cells) == 2
        assert len(w2s.plan(plugins=[str(file)], **WORDS).plan.cells) == 2
    with as_it_was(), pytest.raises(UsageError, match="unknown strategy 'drawn'"):
        w2s.plan(**WORDS)


def test_an_object_is_named_in_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = w2s.run(tasks="diabetes", weak="random-features[width=8]", strong="raw", strategies=[Plain()], supervisors="ridge",
                   folder=tmp_path / "run", store=str(tmp_path / "store"))
    assert done.rows["given"].to_list() == [f"strategy: the object {done.rows['strategy'][0]}"]
    assert done.rows["strategy"][0].startswith("Plain-")


class Plain:
    outputs = frozenset({"regression"})
    needs, convex_in, exact = "features", None, False

    def fit(self, problem):  # type: ignore[no-untyped-def]
        return Levels(problem.labels.values.mean(axis=0))

    def from_arrays(self, arrays):  # type: ignore[no-untyped-def]
        return Levels(arrays["value"])


class Levels:
    def __init__(self, value):  # type: ignore[no-untyped-def]
        self.value = value

    def predict(self, features):  # type: ignore[no-untyped-def]
        return self.value[None, :].repeat(len(features), axis=0)

    def to_arrays(self):  # type: ignore[no-untyped-def]
        return {"value": self.value}


@pytest.mark.slow
def test_workers_shards_and_what_is_published_have_the_file(w2s: Command, file: Path) -> None:
    (w2s.folder / "mine.toml").write_text(SPEC)
    w2s("run", "mine.toml", "-o", "whole", check=0)
    for shard in ("1/2", "2/2"):
        w2s("run", "mine.toml", "--shard", shard, "--store", f"store-{shard[0]}", check=0)
    w2s("merge", "mine.toml", "-o", "merged", check=0)
    assert untimed_rows(w2s.folder / "merged").equals(untimed_rows(w2s.folder / "whole"))
    assert (w2s.folder / "merged" / "plugins" / "of_mine.py").read_text() == SOURCE
    script = w2s("slurm", *_flags("0..9")[:-2], "--plugin", "of_mine.py", check=0).stdout.split("run=(")[1]
    assert f"--plugin\n  {file}\n" in script
    w2s("show", "whole", "--publish", "published", check=0)
    file.unlink()
    w2s("run", "published/spec.toml", "-o", "again", check=0)
    assert untimed_rows(w2s.folder / "again").equals(untimed_rows(w2s.folder / "whole"))
    assert w2s("rescore", "again", check=0).stdout.startswith("again: 4 of 4 cells measured again")
