"""What there is, in a line each; all about one name; the runs, and the latest one without its name."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from conftest import Command

from w2s_bench.contracts.kinds import KINDS

SMALL = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=[8,16]]")
Ask = Callable[..., str]


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Two runs under w2s-runs/; the tables of `second` were written last."""
    command = Command(tmp_path_factory.mktemp("runs"))
    for hours, name in enumerate(("first", "second"), start=1):
        command("run", *SMALL, "-o", f"w2s-runs/{name}", "--executor", "here", "--quiet", check=0)
        for path in (command.folder / "w2s-runs" / name).iterdir():
            os.utime(path, (1e9 + 3600 * hours, 1e9 + 3600 * hours))
    return command


@pytest.mark.parametrize("kind", [kind.plural for kind in KINDS if kind.plural not in ("commands", "losses")])
def test_each_name_has_one_line_of_80_columns(ask: Ask, kind: str) -> None:
    heading, *lines = ask("ls", kind).splitlines()
    listed = json.loads(ask("ls", kind, "--json"))[kind]
    assert heading == f"{kind}:" and len(lines) == len(listed) > 0
    assert all(len(line) <= 80 and re.match(r"  \S+  +\S", line) for line in lines), lines


def test_a_name_tells_all_about_itself(ask: Ask) -> None:
    told = ask("ls", "ridge")
    for text in ("w2s_probes/ridge: ridge regression", "version", "bundled", "w2s_probes.ridge:Ridge", "outputs",
                 "convex in", "can            fit_many, streams, untrained", "penalty = 1e-06", "number 0..; or auto"):
        assert text in told, told
    assert "licence        public data" in ask("ls", "w2s_tabular/diabetes")
    assert "must be given  path" in ask("ls", "hf") and "a place: its" in ask("ls", "hf")
    assert "statement" in ask("ls", "theorem1") and "[[matrix]]" in ask("ls", "quickstart")
    assert all(len(line) <= 80 for name in ("hf", "quickstart", "text", "local") for line in ask("ls", name).splitlines()
               if not line.startswith("    "))


@pytest.mark.slow
def test_every_name_that_is_offered_can_be_told_about(ask: Ask) -> None:
    listed = json.loads(ask("ls", "--json"))
    assert set(listed) == {kind.plural for kind in KINDS}
    for entry in (entry for entries in listed.values() for entry in entries):
        assert entry["name"] in ask("ls", entry["name"]), entry


def test_a_glob_and_a_tag_list_what_they_mean(ask: Ask) -> None:
    assert {line.split()[0] for line in ask("ls", "adamw*").splitlines()} == {"strategies:", "adamw-head"}
    assert "diabetes" in ask("ls", "@small") and "hf" not in ask("ls", "@small")


@pytest.mark.parametrize(("word", "near"), [("rigde", "ridge"), ("strategy", "strategies"), ("diabets", "diabetes"),
                                            ("@smal", "small"), ("zzzzz", "`w2s-bench ls` lists all"), ("run", "runs")])
def test_what_is_not_there_is_named_with_the_near_one_of_every_kind(ask: Ask, word: str, near: str) -> None:
    assert near in ask("ls", word, code=2)


def test_runs_are_listed_the_latest_first(two_runs: Command) -> None:
    lines = two_runs("ls", "runs", check=0).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["second", "first"]
    assert all(re.search(r"2001-09-09 \d\d:\d\d +6 of 6 +ok +\d\.\d MB  w2s-runs/", line) for line in lines), lines
    assert json.loads(two_runs("ls", "runs", "--json", check=0).stdout)[0]["folder"] == "w2s-runs/second"


@pytest.mark.slow
def test_without_a_run_the_commands_mean_the_latest_and_say_so(two_runs: Command) -> None:
    for words in (("show",), ("status",), ("report",), ("predict",), ("select",), ("show", "--json"), ("plot", "gain-misfit"),
                  ("relate", "--x", "misfit", "--y", "gain")):
        done = two_runs(*words, check=0)
        assert done.stderr.startswith("the latest run: w2s-runs/"), done.stderr
        named = two_runs(*words, done.stderr.split()[3], check=0)
        assert named.stdout == done.stdout and "the latest" not in named.stderr


def test_where_there_is_no_run_how_to_start_one_is_said(ask: Ask) -> None:
    assert "w2s-bench run" in ask("show", code=2) and "w2s-bench run" in ask("show", "nowhere", code=2)
    assert "no run is under w2s-runs/ yet" in ask("ls", "runs")


def test_a_misspelt_run_is_named_with_the_near_one(two_runs: Command) -> None:
    assert "did you mean second?" in two_runs("show", "secnd", check=2).stderr


def test_the_status_of_a_published_table_says_what_it_is(two_runs: Command, tmp_path: Path) -> None:
    two_runs("show", "first", "--publish", "published", check=0)
    said = two_runs("status", "published", check=0).stdout
    assert "published: a published table, not a run: 6 cells (6 ok) of 1 task" in said
    assert "w2s-bench run published/spec.toml" in said and "w2s-bench show published" in said
    (two_runs.folder / "empty").mkdir()
    assert "holds no run and no table" in two_runs("status", "empty", check=2).stderr


def test_a_published_table_names_no_folder_of_the_machine(two_runs: Command, tmp_path: Path) -> None:
    inside = two_runs.folder / "tables" / "published"
    for target, named in ((inside, "tables/published"), (tmp_path / "elsewhere", "elsewhere")):
        two_runs("show", "first", "--publish", str(target), check=0)
        page = (target / "README.md").read_text(encoding="utf-8")
        assert str(target.parent) not in page and f"w2s-bench run {named}/spec.toml" in page and f"--publish {named}" in page


def test_a_filter_reads_what_the_table_shows(two_runs: Command) -> None:
    shown = two_runs("show", "first", "--where", "strong == random-features[width=16] and strategy == ridge", "--json", check=0)
    assert {row["strong"] for row in json.loads(shown.stdout)} == {"random-features[width=16]"}
    nothing = two_runs("show", "first", "--where", "weak == rwa", check=2).stderr
    assert "weak: random-features[width=16], random-features[width=8], raw" in nothing


def test_a_run_that_goes_on_is_the_latest_for_status_alone(two_runs: Command) -> None:
    begun = two_runs.folder / "w2s-runs" / "begun"
    begun.mkdir()
    try:
        pl.DataFrame({"cell_key": ["a", "b"]}).write_parquet(begun / "plan.parquet")
        assert "begun: 2 cells; 2 interrupted" in two_runs("status", check=0).stdout
        assert "w2s-runs/begun" not in two_runs("show", check=0).stderr
    finally:
        shutil.rmtree(begun)
