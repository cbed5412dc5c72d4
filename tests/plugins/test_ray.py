"""Jobs on a Ray cluster of two nodes on this machine: the same bytes, whatever happens to a node or to the run itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import cluster_components
import polars as pl
import pytest
from conftest import Command
from distributions import install
from run_bytes import run_bytes

cluster_utils = pytest.importorskip("ray.cluster_utils", reason="Ray is not installed: pip install 'w2s-bench[ray]'")
pytestmark = pytest.mark.slow

SOURCE = Path(cluster_components.__file__)
MATRIX = ("--task", "words", "--weak", "letters", "--strong", "letters[degree=[2,3]]", "--supervisor", "marked",
          "--seeds", "0..2")


class Place:
    """A cluster, and a command that computes on it or in its own process."""

    def __init__(self, w2s: Command) -> None:
        self.w2s, self.marks = Command(w2s.folder, apart=True), w2s.folder / "marks"
        with mock.patch.dict(os.environ, {cluster_components.NODE: "first"}):
            self.cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})

    def add(self, **offers: Any) -> Any:
        with mock.patch.dict(os.environ, {cluster_components.NODE: "second"}):
            return self.cluster.add_node(num_cpus=1, **offers)

    @property
    def executor(self) -> tuple[str, ...]:
        return "--executor", f"ray[address={self.cluster.address},wait=40.0]", "--threads", "1", "-j", "auto", "--store", "shared"

    def nodes(self) -> list[str]:
        """The nodes that have computed, one a fit."""
        return [line.split()[0] for line in self.marks.read_text().splitlines()] if self.marks.exists() else []

    def same_as_here(self, folder: str, *matrix: str) -> None:
        self.w2s("run", *matrix, "--executor", "here", "--store", "own", "--threads", "1", "-o", "here", check=0)
        assert run_bytes(self.w2s.folder / "here") == run_bytes(self.w2s.folder / folder)


@pytest.fixture
def place(w2s: Command, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A cluster of one node whose machine has the strategies of cluster_components.py."""
    install(w2s.folder / "site", monkeypatch, "their-dist", {"theirs": "cluster_components"})
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(w2s.folder / "site"), str(SOURCE.parent)]))
    monkeypatch.setenv(cluster_components.MARKS, str(w2s.folder / "marks"))
    monkeypatch.setenv(cluster_components.NODE, "driver")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    made = Place(w2s)
    yield made
    made.cluster.shutdown()


def test_two_nodes_give_the_bytes_of_one_process(place: Place) -> None:
    place.add()
    strategies = ("--strategy", "marked[seconds=0.1]", "--strategy", "ridge")
    done = place.w2s("run", *MATRIX, *strategies, *place.executor, "-o", "r", check=0)
    assert set(place.nodes()) == {"first", "second"}
    assert "Traceback" not in done.stderr and "raylet" not in done.stdout + done.stderr
    place.same_as_here("r", *MATRIX, *strategies)
    assert not list((place.w2s.folder / "shared" / "tmp").glob("seen-*"))


def test_a_node_that_is_lost_between_a_producer_and_its_consumer_costs_no_cell(place: Place) -> None:
    second = place.add()
    matrix = (*MATRIX, "--strategy", "marked[seconds=0.4]")
    run = place.w2s.start("run", *matrix, *place.executor, "--no-page", "-o", "r")
    wait_for(lambda: "second" in place.nodes() or run.poll() is not None)
    assert run.poll() is None, "both nodes compute"
    place.cluster.remove_node(second, allow_graceful=False)
    assert run.wait(120) == 0
    assert place.nodes()[-3:] == ["first"] * 3
    place.same_as_here("r", *matrix)


def test_a_run_whose_driver_is_killed_goes_on_and_leaves_no_process(place: Place) -> None:
    place.add()
    matrix = (*MATRIX, "--strategy", "marked[seconds=0.3]")
    run = place.w2s.start("run", *matrix, *place.executor, "--no-page", "-o", "r")
    wait_for(lambda: len(place.nodes()) > 4)
    run.kill()
    run.wait()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids(place.marks)))
    fits = len(place.nodes())
    time.sleep(2.0)
    assert len(place.nodes()) == fits, "nobody computes any more"
    place.w2s("run", *matrix, *place.executor, "-o", "r", check=0)
    place.same_as_here("r", *matrix)


def test_a_node_with_another_source_is_refused_by_name_before_a_job_goes_there(
        place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / SOURCE.name).write_text(SOURCE.read_text() + "# another version\n")
    with monkeypatch.context() as there:
        there.setenv("PYTHONPATH", os.pathsep.join([str(other), os.environ["PYTHONPATH"]]))
        stranger = place.add()
    done = place.w2s("run", *MATRIX, "--strategy", "marked", *place.executor, "-o", "r", check=0)
    assert f"({stranger.node_id[:6]}) is not used: the plugin theirs is of another source: " in done.stdout + done.stderr
    assert set(place.nodes()) == {"first"}


def test_no_node_that_would_compute_the_same_is_an_error_that_says_why(
        w2s: Command, place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = tmp_path / "newer"
    here.mkdir()
    (here / SOURCE.name).write_text(SOURCE.read_text() + "# a newer version\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here), os.environ["PYTHONPATH"]]))
    done = place.w2s("run", *MATRIX, "--strategy", "marked", *place.executor, "-o", "r", check=2)
    assert "no node of the cluster can compute this run" in done.stderr
    assert "the plugin theirs is of another source" in done.stderr
    assert place.nodes() == []


def test_jobs_that_ask_for_a_gpu_go_to_the_node_that_offers_one(place: Place) -> None:
    place.add(num_gpus=1)
    place.w2s("run", *MATRIX, "--strategy", "marked[gpus=0.5]", "--strategy", "marked", *place.executor, "-o", "r", check=0)
    lines = place.marks.read_text().splitlines()
    assert {line.split()[0] for line in lines if "[0]" in line} == {"second"}


def test_what_no_node_offers_is_said_and_not_waited_for(place: Place) -> None:
    place.add(num_gpus=1)
    begun = time.monotonic()
    done = place.w2s("run", *MATRIX, "--strategy", "marked[gpus=2.0]", *place.executor, "-o", "r", check=2)
    assert "no node offers 2 GPUs" in done.stderr and "offers 1 CPU and 1 GPU" in done.stderr
    assert time.monotonic() - begun < 60


def test_a_job_that_hangs_or_crashes_costs_itself_only(place: Place) -> None:
    strategies = ("--strategy", "marked[fault=hang]", "--strategy", "marked[fault=crash]", "--strategy", "marked")
    place.w2s("run", *MATRIX[:-1], "0", *strategies, *place.executor, "--timeout", "3", "-o", "r", check=3)
    found = pl.read_parquet(place.w2s.folder / "r" / "rows.parquet").group_by("strategy").agg(pl.col("status").unique())
    assert dict(found.iter_rows()) == {"marked[fault=hang]": ["timeout"], "marked[fault=crash]": ["lost"], "marked": ["ok"]}


def test_a_death_is_tried_again_but_not_the_same_one_twice(place: Place) -> None:
    strategies = ("--strategy", "marked[fault=crash]", "--strategy", "marked")
    done = place.w2s("run", *MATRIX[:-1], "0", *strategies, *place.executor, "--retries", "5", "-o", "r", check=3)
    errors = pl.read_parquet(place.w2s.folder / "r" / "rows.parquet").filter(pl.col("status") != "ok")["error"].to_list()
    crash = "its process ended with signal 11 (Segmentation fault)"
    assert len(errors) == 2 and all(error.endswith(f"{crash}, 2 times") for error in errors)
    jobs = (done.stdout + done.stderr).count(f"fit marked[fault=crash]: {crash}; it is tried again")
    crashes = sum("crash" in line for line in place.marks.read_text().splitlines())
    assert jobs and 2 * jobs <= crashes <= 3 * jobs, "each alone twice, and once at most with others"


def test_a_node_where_workers_die_while_they_start_is_refused_with_their_words(w2s: Command, place: Place) -> None:
    (w2s.folder / "site" / "sitecustomize.py").write_text(
        "import sys\nif 'w2s_bench.compute.worker' in sys.orig_argv:\n    sys.exit('no telescope here')\n")
    done = place.w2s("run", *MATRIX, "--strategy", "marked", *place.executor, "-o", "r", check=2)
    assert "no node of the cluster can compute this run" in done.stderr
    assert "a worker cannot be started, 2 times: its process ended with exit code 1; SystemExit: no telescope here" in done.stderr
    assert place.nodes() == []


def test_a_job_that_waits_for_what_never_comes_costs_itself_only_without_a_limit_given(place: Place) -> None:
    code = f"""
import w2s_bench as w2s
w2s.run(tasks="words", weak="letters", strong="letters[degree=2]", supervisors="marked", seeds="0", folder="r", store="shared",
        strategies=["marked[fault=hang]", "marked"], executor="ray[address={place.cluster.address}]", workers=1, idle=4.0)
"""
    subprocess.run([sys.executable, "-c", code], cwd=place.w2s.folder, env=place.w2s.environment, check=True, timeout=120)
    found = pl.read_parquet(place.w2s.folder / "r" / "rows.parquet").select("strategy", "status", "error").sort("strategy").rows()
    assert found[0] == ("marked", "ok", None) and found[1][:2] == ("marked[fault=hang]", "timeout")
    assert "hung: for 4 s it used no processor and told nothing" in found[1][2]


def test_a_store_that_other_machines_cannot_see_is_refused_at_once(w2s: Command) -> None:
    done = w2s("run", "--task", "diabetes", "--models", "raw", "--models", "random-features", "--executor", "ray", "--store",
               "memory://s", "-o", "r", check=2)
    assert "memory://s" in done.stderr


def test_a_cluster_that_is_not_there_is_said_at_once(w2s: Command) -> None:
    begun = time.monotonic()
    done = w2s("run", "--task", "diabetes", "--models", "raw", "--models", "random-features", "--executor",
               "ray[address=127.0.0.1:9]", "--store", "s", "-o", "r", check=2)
    assert "no Ray cluster answers: Connection refused at 127.0.0.1:9" in done.stderr and time.monotonic() - begun < 20


def wait_for(happened: Any) -> None:
    until = time.monotonic() + 90
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def pids(marks: Path) -> set[int]:
    return {int(line.split()[-1]) for line in marks.read_text().splitlines()}
