"""A spec in parts on several machines, and the parts as one run: nothing is computed twice, and no byte tells."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import breaking_components
import polars as pl
import pytest
from conftest import Command
from distributions import install
from hypothesis import given
from hypothesis import strategies as st
from run_bytes import run_bytes

from w2s_bench.contracts import UsageError
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.shards import Shard, cells_of, part_of, shard_from

MATRIX = ("--executor", "here", "--task", "diabetes", "--task", "mlp", "--models", "raw", "--models", "random-features[width=8]",
          "--strategy", "ridge", "--strategy", "least-squares", "--seeds", "0..1")
SMALL = ("--executor", "here", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--store", "s")
RIDGE = (*SMALL, "--strategy", "ridge")


def plan_of(tasks: Sequence[str] = ("diabetes", "mlp"), seeds: Sequence[int] = (0, 1, 2), strategies: Sequence[str] = ("ridge",),
            models: Sequence[str] = ("raw", "random-features[width=8]")) -> Plan:
    matrix = Matrix(tuple(tasks), models=tuple(models), strategies=tuple(strategies), seeds=tuple(seeds))
    return make_plan(RunSpec("p", (matrix,)), load_registry())


def same_bytes(one: Path, other: Path) -> None:
    assert run_bytes(one) == run_bytes(other)


@pytest.mark.parametrize("stores", [["one", "one", "one"], ["a", "b", "c"]], ids=["one store", "a store each"])
def test_merged_shards_are_the_unsharded_run_byte_for_byte(w2s: Command, stores: list[str]) -> None:
    w2s("run", *MATRIX, "--store", "whole", "-o", "r", check=0)
    for number, store in enumerate(stores, start=1):
        w2s("run", *MATRIX, "--store", store, "--shard", f"{number}/3", "-o", f"r{number}", check=0)
    for store in stores:
        shutil.rmtree(w2s.folder / store, ignore_errors=True)  # what the folders keep is enough
    w2s("merge", "r3", "r1", "r2", "-o", "m", check=0)
    same_bytes(w2s.folder / "r", w2s.folder / "m")
    assert (w2s.folder / "m" / "terms.parquet").exists(), "seeds of diabetes share test examples, which no shard knows"


@pytest.mark.slow
def test_shards_that_overlap_are_merged_and_each_cell_is_there_once(w2s: Command) -> None:
    w2s("run", *MATRIX, "--store", "s", "-o", "r", check=0)
    for shard in ("1/2", "2/4", "3/4", "4/4"):
        w2s("run", *MATRIX, "--store", "s", "--shard", shard, "-o", shard.replace("/", "of"), check=0)
    w2s("merge", "1of2", "2of4", "3of4", "4of4", "1of2", "-o", "m", check=0)
    same_bytes(w2s.folder / "r", w2s.folder / "m")


@pytest.mark.slow
def test_a_missing_shard_is_named_and_its_cells_are_interrupted_until_it_is_merged_too(w2s: Command) -> None:
    w2s("run", *MATRIX, "--store", "s", "-o", "r", check=0)
    spec = str(w2s.folder / "r" / "spec.toml")
    for number in (1, 3):
        w2s("run", spec, "--store", "s", "--shard", f"{number}/4", check=0)
    done = w2s("merge", spec, "-o", "m", check=3)
    assert [line for line in done.stderr.splitlines() if line.startswith("warning:")] == [
        "warning: shard 2/4 is missing: 4 of its 4 cells are in none of these folders",
        "warning: shard 4/4 is missing: 4 of its 4 cells are in none of these folders"]
    rows = pl.read_parquet(w2s.folder / "m" / "rows.parquet")
    assert rows["cell_key"].to_list() == pl.read_parquet(w2s.folder / "r" / "rows.parquet")["cell_key"].to_list()
    assert dict(rows["status"].value_counts().iter_rows()) == {"interrupted": 8, "ok": 8}
    assert w2s("status", "m", check=0).stdout.startswith("m: 16 cells; 8 interrupted, 8 ok")
    for number in (2, 4):
        w2s("run", spec, "--store", "s", "--shard", f"{number}/4", check=0)
    missing = sorted((w2s.folder / "w2s-runs").glob("*-[24]-of-4"))
    w2s("merge", *map(str, missing), "-o", "m", check=0)  # what m held of the others stays
    same_bytes(w2s.folder / "r", w2s.folder / "m")


@pytest.mark.slow
def test_a_merged_run_goes_on_as_a_run_and_computes_what_is_missing_alone(w2s: Command) -> None:
    w2s("run", *MATRIX, "--store", "whole", "-o", "r", check=0)
    w2s("run", *MATRIX, "--store", "s", "--shard", "1/2", "-o", "r1", check=0)
    w2s("merge", "r1", "-o", "m", check=3)
    done = w2s("run", *MATRIX, "--store", "s", "-o", "m", check=0)
    fresh = w2s("run", *MATRIX, "--store", "other", "--shard", "2/2", "-o", "r2", check=0)
    assert computed(done.stdout) == computed(fresh.stdout) > 0
    same_bytes(w2s.folder / "r", w2s.folder / "m")


def computed(text: str) -> int:
    return int(next(line for line in text.splitlines() if "jobs computed" in line).split("; ")[1].split()[0])


@pytest.mark.slow
def test_failures_keep_their_words_and_what_is_ok_somewhere_is_taken_from_there(
        w2s: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Path(breaking_components.__file__)
    install(w2s.folder / "site", monkeypatch, "their-dist", {"theirs": "breaking_components"})
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(w2s.folder / "site"), str(source.parent), str(source.parents[1])]))
    matrix = ("--task", "words", "--weak", "letters", "--strong", "letters[degree=[2,3]]", "--supervisor", "lines", "--strategy",
              "lines", "--strategy", "breaking", "--executor", "here", "--store", "s")
    w2s("run", *matrix, "-o", "r", check=3)
    w2s("run", *matrix, "--shard", "1/2", "-o", "r1")
    w2s("run", *matrix, "--shard", "2/2", "-o", "r2")
    w2s("merge", "r2", "r1", "-o", "m", check=3)
    same_bytes(w2s.folder / "r", w2s.folder / "m")
    assert set(pl.read_parquet(w2s.folder / "m" / "rows.parquet")["status"]) == {"ok", "failed"}
    assert sorted((w2s.folder / "m" / "journal.jsonl").read_text().splitlines()) == sorted(
        line for name in ("r1", "r2") for line in (w2s.folder / name / "journal.jsonl").read_text().splitlines())


@pytest.mark.slow
def test_second_tasks_are_merged_too(w2s: Command) -> None:
    matrix = (*RIDGE, "--also", "mlp", "--seeds", "0..1")
    w2s("run", *matrix, "-o", "r")
    for number in (1, 2):
        w2s("run", *matrix, "--shard", f"{number}/2", "-o", f"r{number}")
    w2s("merge", "r1", "-o", "half", check=3)
    w2s("merge", "r2", "r1", "-o", "m")
    same_bytes(w2s.folder / "r", w2s.folder / "m")
    whole, half = (pl.read_parquet(w2s.folder / name / "also.parquet") for name in ("r", "half"))
    assert whole["cell_key"].to_list() == half["cell_key"].to_list() and "interrupted" in half["status"].to_list()


def test_shards_of_another_spec_or_of_other_versions_are_refused_with_names(w2s: Command) -> None:
    w2s("run", *SMALL, "--strategy", "ridge", "--shard", "1/2", "-o", "a", check=0)
    w2s("run", *SMALL, "--strategy", "least-squares", "--shard", "2/2", "-o", "b", check=0)
    done = w2s("merge", "a", "b", "-o", "m", check=2)
    assert "b: this folder is of another spec" in done.stderr and not (w2s.folder / "m").exists()
    rows = pl.read_parquet(w2s.folder / "a" / "rows.parquet")
    older = rows.with_columns(pl.lit("0" * 64).alias("cell_key"), pl.col("versions").str.replace(
        r"(w2s_probes/ridge )\d+ \w+", r"${1}99 0123456789ab"))
    older.write_parquet(w2s.folder / "a" / "rows.parquet")
    done = w2s("merge", "a", "-o", "m", check=2)
    assert "a: 1 of its cells are not those that this spec has here: strategy w2s_probes/ridge 99 0123456789ab there, " \
        "w2s_probes/ridge " in done.stderr


def test_a_folder_holds_one_shard_and_is_gone_on_with_by_its_name(w2s: Command) -> None:
    w2s("run", *RIDGE, "--shard", "1/2", "-o", "a", check=0)
    for words in ((*RIDGE, "--shard", "2/2"), RIDGE):
        assert "this folder holds shard 1/2" in w2s("run", *words, "-o", "a", check=2).stderr
    assert "1 ok; 0 jobs computed" in w2s("run", "a", "--store", "s", check=0).stdout
    w2s("run", *RIDGE, "-o", "r", check=0)
    assert "this folder holds the whole run" in w2s("run", *RIDGE, "--shard", "1/2", "-o", "r", check=2).stderr


def test_a_shard_without_cells_is_a_run_that_ends_well(w2s: Command) -> None:
    small = ("--executor", "here", "--task", "diabetes", "--weak", "raw", "--strong", "random-features[width=8]", "--store", "s")
    empty = w2s("run", *small, "--shard", "3/3", "-o", "c", check=0, page=True)
    assert "no cell; 0 jobs computed" in empty.stdout and "Traceback" not in empty.stderr
    assert "nothing for a page" in w2s("report", "c", check=2).stderr
    for number in (1, 2):
        w2s("run", *small, "--shard", f"{number}/3", "-o", f"r{number}", check=0)
    w2s("run", *small, "-o", "r", check=0)
    w2s("merge", "r1", "r2", "c", "-o", "m", check=0)
    same_bytes(w2s.folder / "r", w2s.folder / "m")


def test_a_folder_that_keeps_less_is_said(w2s: Command) -> None:
    w2s("run", *RIDGE, "--shard", "1/2", "-o", "a", "--keep", "none", check=0)
    w2s("run", *RIDGE, "--shard", "2/2", "-o", "b", check=0)
    assert "a keeps no predictions, others more" in w2s("merge", "a", "b", "-o", "m", check=0).stderr
    w2s("rescore", "m", check=0)


PLAN = plan_of(strategies=("ridge", "least-squares"), models=("raw", "random-features[width=8]", "random-features[width=16]"))


@given(st.integers(1, 90))
def test_shards_are_a_partition_of_the_cells(of: int) -> None:
    shards = cells_of(PLAN, of)
    keys = [cell.key for cells in shards for cell in cells]
    assert len(shards) == of and sorted(keys) == sorted(cell.key for cell in PLAN.cells)
    assert all(shards[: len(PLAN.cells)]), "none is empty while there are cells for it"


def test_no_job_is_in_two_shards_where_there_are_groups_enough() -> None:
    plan = plan_of(tasks=("mlp", "mlp[scale=0.5]"))
    for of in (1, 2, 3, 6):
        parts = [part_of(plan, Shard(number, of)) for number in range(1, of + 1)]
        assert sum(len(part.jobs) for part in parts) == len(plan.jobs) == len(set().union(*(part.jobs for part in parts)))
        assert {len(part.cells) for part in parts} == {12 // of}, "six groups of the same size"


def test_few_groups_are_divided_so_that_every_machine_has_work() -> None:
    one = plan_of(tasks=("diabetes",), seeds=(0,), strategies=("ridge", "least-squares"),
                  models=("raw", "random-features[width=8]", "random-features[width=16]"))
    sizes = [len(cells) for cells in cells_of(one, 3)]
    assert sum(sizes) == len(one.cells) == 12 and max(sizes) == min(sizes) == 4


def test_the_seeds_of_a_task_that_is_read_once_stay_together_where_that_is_little(tmp_path: Path) -> None:
    names = [str(tmp_path / f"{name}.csv") for name in "abcde"]
    for name in names:
        pl.DataFrame({"text": [f"word {i} of {name}" for i in range(60)], "label": [1.0, 2.0] * 30}).write_csv(name)
    for side in ("weak", "strong"):
        (tmp_path / f"{side}.txt").write_text(f"word 1.0 {len(side)}.0\nof 0.5 2.0\n")
    tables = [f"embedding-table[path={tmp_path / side}.txt]" for side in ("weak", "strong")]
    texts = plan_of([f"text[path={name}]" for name in names], range(2), ("ridge",), tables)
    assert [len({cell.task.key for cell in cells}) for cells in cells_of(texts, 2)] == [3, 2]
    assert sorted(len(cells) for cells in cells_of(texts, 4)) == [4, 4, 6, 6], "half a shard is little, a whole one is much"


def test_the_part_follows_from_the_plan_alone() -> None:
    first, second = (cells_of(plan_of(), 4) for _ in range(2))
    assert [[cell.key for cell in cells] for cells in first] == [[cell.key for cell in cells] for cells in second]
    for one, other in pairwise([part_of(plan_of(), Shard(k, 3)) for k in (1, 2, 3)]):
        assert one.run_id == other.run_id == plan_of().run_id


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/3/4", "1/999999", "½", "1 / 2"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no shard"):
        shard_from(text)
