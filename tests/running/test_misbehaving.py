"""A job that hangs, dies, leaks or writes where it should not costs itself, and nothing else: with no limit given by hand."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import time
from pathlib import Path
from typing import Any

import misbehaving_components
import polars as pl
import psutil
import pytest
from conftest import Command, untimed_rows
from distributions import install
from polars.testing import assert_frame_equal

import w2s_bench as w2s
from w2s_bench.contracts import Policy, UsageError, WorkerError
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.audience import Audience
from w2s_bench.running.runs import Place, run

SOURCE = Path(misbehaving_components.__file__)
PAIR = ("--task", "words", "--weak", "letters", "--strong", "letters[degree=2]", "--supervisor", "lines")


@pytest.fixture
def theirs(w2s: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command with the components of misbehaving_components.py installed as a plugin of strangers."""
    install(w2s.folder / "site", monkeypatch, "their-dist", {"theirs": "misbehaving_components"})
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(w2s.folder / "site"), str(SOURCE.parent), str(SOURCE.parents[1])]))
    monkeypatch.setenv(misbehaving_components.CHILDREN, str(w2s.folder / "children"))
    return w2s


def _run(theirs: Command, folder: str, *strategies: str, **means: Any) -> tuple[w2s.Run, list[str]]:
    """A run with quick limits, and what it said."""
    said: list[str] = []
    quick: dict[str, Any] = {"silence": 2.0, "idle": 4.0, "retries": 0, "workers": 2, **means}
    with contextlib.chdir(theirs.folder):
        done = w2s.run(tasks="words", weak="letters", strong="letters[degree=2]", supervisors="lines", strategies=strategies,
                       folder=folder, store=f"{folder}-store", audience=Audience(said.append), **quick)
    return done, said


def _misbehaving(*ways: str) -> list[str]:
    return ["lines", *(f"misbehaves[how={way}]" for way in ways)]


def _ends(done: w2s.Run) -> dict[str, tuple[str, str]]:
    """Status and error of the cell of each way."""
    return {strategy.removeprefix("misbehaves[how=").removesuffix("]"): (status, (error or "").partition("strategy: ")[2])
            for strategy, status, error in done.rows.select("strategy", "status", "error").iter_rows()}


def _alive(theirs: Command) -> list[str]:
    """Processes among those that were left behind that still run."""
    return [line for line in (theirs.folder / "children").read_text().split()
            if psutil.pid_exists(int(line)) and psutil.Process(int(line)).status() != psutil.STATUS_ZOMBIE]


ENDS = {
    "stop": ("lost", "its process was silent for 2 s"),
    "leak": ("oom", "its process held"),
    "fork": ("lost", "its process ended with exit code 7"),
    "babble": ("lost", f"its process wrote no answer of a worker: '{'x' * 60}', and more"),
    "ask": ("failed", "EOFError: EOF when reading a line"),
    "interrupt": ("failed", "raised KeyboardInterrupt()"),
    "cancel": ("failed", "raised CancelledError()"),
    "surrogate": ("failed", "ValueError: the label \\udcff is none")}
MORE_ENDS = {
    "sleep": ("timeout", "hung: for 4 s it used no processor and told nothing"),
    "deadlock": ("timeout", "hung: for 4 s it used no processor and told nothing"),
    "exit": ("failed", "raised SystemExit(3)"),
    "crash": ("lost", "its process ended with signal 11 (Segmentation fault)"),
    "forge": ("lost", "its process wrote no answer of a worker: '{\"colour\": \"green\"}'"),
    "mute": ("failed", "Mute: its words cannot be had (RuntimeError)")}
TELL_WHERE = {"ask", "interrupt", "cancel", "surrogate", "sleep", "deadlock", "exit", "crash", "forge", "mute"}
"""Ways of which it is said at which line it was."""
MAY_TELL_WHERE = {"babble", "leak"}
"""Ways that may be found in another file, or write where that is said."""



@pytest.mark.slow
@pytest.mark.parametrize(("expected", "well", "idle"), [
    pytest.param(ENDS, ("crowd", "hold", "leave"), 60.0, id="some"),
    pytest.param(MORE_ENDS, ("leave",), 4.0, id="more", marks=pytest.mark.slow)])
def test_a_job_that_misbehaves_costs_itself_and_is_told_as_what_it_did(
        theirs: Command, expected: dict[str, tuple[str, str]], well: tuple[str, ...], idle: float) -> None:
    _run(theirs, "calm", "lines", executor="here", silence=300.0, workers=1)
    done, said = _run(theirs, "r", *_misbehaving(*well, *expected), memory=2000.0, workers=4, idle=idle)
    ends = _ends(done)
    assert {way: (ends[way][0], ends[way][1][:len(words)]) for way, (_, words) in expected.items()} == expected
    said_where = {way for way in expected if re.search(r" \(misbehaving_components\.py:\d+\)$", ends[way][1])}
    assert said_where - MAY_TELL_WHERE == TELL_WHERE & expected.keys()
    assert {ends[way] for way in (*well, "lines")} == {("ok", "")}
    apart = r"fit misbehaves\[how=\w+\], one of \d jobs together: .*; they are computed one by one"
    left = r"fit of misbehaves\[how=leave\] \(theirs\) changed its process: \d process\w* left behind; no other job is computed"
    assert [line for line in said if not re.match(f"{apart}|{left}", line)] == []
    assert sum(bool(re.match(left, line)) for line in said) == 1
    mine = [untimed_rows(theirs.folder / folder).filter(strategy="lines").drop("run_id") for folder in ("calm", "r")]
    assert_frame_equal(*mine, check_exact=True)
    assert mine[0].height == 1
    assert _alive(theirs) == []


@pytest.mark.slow
def test_what_a_job_raises_past_every_handler_is_its_own_in_this_process_too(theirs: Command) -> None:
    done, said = _run(theirs, "r", *_misbehaving("cancel", "exit"), executor="here", workers=1)
    assert {way: (status, error.partition(" (misb")[0]) for way, (status, error) in _ends(done).items()} == {
        "lines": ("ok", ""), "cancel": ("failed", "raised CancelledError()"), "exit": ("failed", "raised SystemExit(3)")}
    assert said == []


@pytest.mark.slow
def test_a_job_that_tells_how_far_it_is_or_has_another_process_work_is_not_taken_for_one_that_hangs(theirs: Command) -> None:
    done, _ = _run(theirs, "r", *_misbehaving("go-on", "delegate"), idle=1.0, timeout="none")
    assert _ends(done) == dict.fromkeys(("lines", "go-on", "delegate"), ("ok", ""))


@pytest.mark.slow
def test_a_death_is_tried_again_but_not_the_same_one_twice_and_a_process_whose_device_fails_for_good_is_replaced(
        theirs: Command) -> None:
    done, said = _run(theirs, "r", *_misbehaving("die-anew", "spoil", "nothing"), retries=5, workers=1)
    ends = _ends(done)
    assert ends["die-anew"] == ("lost", "its process ended with exit code 75, 2 times")
    assert ends["spoil"][0] == "failed" and ends["spoil"][1].startswith("RuntimeError: CUDA error")
    assert ends["nothing"] == ends["lines"] == ("ok", "")
    assert "; ".join(said).count("fit misbehaves[how=die-anew]: its process ended with exit code 75; it is tried again") == 1


def test_nothing_goes_on_when_the_run_is_killed(theirs: Command) -> None:
    words = [word for strategy in _misbehaving("leave", "hold") for word in ("--strategy", strategy)]
    process = theirs.start("run", *PAIR, *words, "--store", "s", "-o", "r", "--no-page", "-j", "2")
    while not (theirs.folder / "children").exists():
        assert process.poll() is None
        time.sleep(0.02)
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(started, timeout=20.0)
    assert len(started) >= 4 and alive == [] and _alive(theirs) == []


@pytest.mark.slow
def test_workers_that_are_killed_at_random_cost_no_row(theirs: Command) -> None:
    words = [*PAIR, "--strategy", "lines", "--strategy", "on-gpu", "--seeds", "0..29", "--no-page", "-j", "2"]
    theirs("run", *words, "--store", "s", "-o", "calm", check=0)
    moments = random.Random(5)
    process = theirs.start("run", *words, "--store", "s2", "-o", "killed")
    killed = 0
    while process.poll() is None:
        time.sleep(moments.uniform(0.3, 1.0))
        with contextlib.suppress(psutil.Error):
            workers = [child for child in psutil.Process(process.pid).children() if "w2s_bench.compute.worker" in child.cmdline()]
            moments.choice(workers or [psutil.Process(process.pid)]).send_signal(signal.SIGKILL if workers else 0)
            killed += bool(workers)
    theirs("run", *words, "--store", "s2", "-o", "killed", check=0)
    assert killed > 5
    assert_frame_equal(*(untimed_rows(theirs.folder / folder) for folder in ("calm", "killed")), check_exact=True)


def test_workers_that_die_while_they_start_end_the_run_with_their_own_words(theirs: Command) -> None:
    (theirs.folder / "site" / "sitecustomize.py").write_text(
        "import sys\nif 'w2s_bench.compute.worker' in sys.orig_argv:\n    sys.exit('no telescope here')\n")
    with pytest.raises(WorkerError, match=r"2 times: its process ended with exit code 1\n  SystemExit: no telescope here"):
        _run(theirs, "r", "lines")
    assert WorkerError.exit_code == 3 and set(pl.read_parquet(theirs.folder / "r" / "rows.parquet")["status"]) == {"interrupted"}


def test_a_gpu_that_is_not_there_is_refused(theirs: Command) -> None:
    with pytest.raises(UsageError, match="there is no GPU 97 on this machine"):
        _run(theirs, "r", "lines", gpus="97")


@pytest.mark.slow
def test_each_worker_sees_one_gpu_and_jobs_share_it_as_they_declare(theirs: Command) -> None:
    plan = make_plan(RunSpec("gpus", (Matrix(("words",), weak=("letters",), strong=("letters[degree=2]",), supervisors=("lines",),
                                             strategies=("on-gpu", "on-gpu[share=0.5]"), seeds=(0, 1, 2, 3)),)), load_registry())
    policy = Policy(workers=4, gpus=("GPU-3a", "GPU-7f"))
    done = run(plan, Place(theirs.folder / "r", str(theirs.folder / "s")), load_registry().make("executors", "local"), policy,
               Audience([].append))
    lines = [line.split() for line in (theirs.folder / "children").read_text().splitlines()]
    assert done.statuses == {"ok": 8} and {(line[1], line[2]) for line in lines} == {("GPU-3a", "cuda:0"), ("GPU-7f", "cuda:0")}
    for gpu in ("GPU-3a", "GPU-7f"):
        jobs = [(float(share), float(begun), float(ended)) for share, seen, _, begun, ended in lines if seen == gpu]
        for _, moment, _ in jobs:
            assert sum(share for share, begun, ended in jobs if begun <= moment < ended) <= 1.0
