"""What a run shows on a terminal while it goes on, and where there is none."""

from __future__ import annotations

import json
import os
import pty
import re
import sys

import pytest
from conftest import Command

from w2s_bench.cli.progress import _doing, _share
from w2s_bench.contracts import Step
from w2s_bench.running.audience import Progress
from w2s_bench.running.costs import Left
from w2s_bench.running.folder import locked
from w2s_bench.running.standing import RunningNote

MATRIX = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=[8,16]]", "--seeds", "0..2")


def _drawn(w2s: Command, environment: dict[str, str]) -> str:
    """What a run draws on a terminal of 80 columns, without the codes that move the cursor."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(w2s.folder)
        os.execve(sys.executable, w2s.words("run", *MATRIX, "-o", "r"),
                  {**w2s.environment, "COLUMNS": "80", "TERM": "xterm", **environment})
    drawn = b""
    while True:
        try:
            read = os.read(terminal, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not read:
            break
        drawn += read
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, drawn
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # forkpty beside threads of other tests
def test_a_terminal_shows_what_is_done_and_what_is_left(w2s: Command) -> None:
    drawn = " ".join(_drawn(w2s, {}).split())
    assert re.search(r"\d+ of \d+ jobs; cells: 0 of 18 ok", drawn) and "not yet measured" in drawn
    assert "writing the page" in drawn and "18 ok" in drawn


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_an_ascii_terminal_is_drawn_on_too(w2s: Command) -> None:
    assert _drawn(w2s, {"PYTHONIOENCODING": "ascii"}).isascii()


@pytest.mark.parametrize(("left", "words"), [
    (Left(3, 40.0, 1.0, 0, {"fits of finetune": 12}),
     "fitting; left: about 40 s for what has been measured; 12 fits of finetune not yet measured, then tables"),
    (Left(3, 900.0, 1.0, 0, {}), "fitting; left: about 15 min, then tables, predictions and the page"),
    (Left(3, None, None, 0, {"fits of finetune": 1}), "fitting; left: 1 fit of finetune not yet measured")])
def test_time_left_says_what_it_leaves_out_and_what_comes_after(left: Left, words: str) -> None:
    assert _doing(Progress(1, 3, 0, current="fit", left=lambda: left, last=float("inf"))).startswith(words)


def test_the_bar_goes_by_seconds_once_every_kind_is_measured() -> None:
    measured, partly = Left(1, 30.0, 1.0, 0, {}, 10.0), Left(3, 30.0, 1.0, 0, {"fits of finetune": 1}, 10.0)
    assert _share(Progress(1, 4, 0, done=3, left=lambda: measured)) == 0.25
    assert _share(Progress(1, 4, 0, done=3, left=lambda: partly)) == 0.75
    assert _share(Progress(1, 0, 4)) == 0.0


def test_status_says_how_far_the_jobs_of_a_run_are_that_goes_on(w2s: Command) -> None:
    w2s("run", *MATRIX, "-o", "r", "--executor", "here", "--no-page", check=0)
    (w2s.folder / "r" / "journal.jsonl").write_bytes(b"")
    steps = {"embed gpt2": Step(1200, 20000, "texts"), "fit nano": Step(7, None, "steps")}
    progress = Progress(18, 90, 0, done=30, left=lambda: Left(60, 125.0, 1.0, 0, {}), steps=lambda: steps)
    with locked(w2s.folder / "r"), (note := RunningNote(w2s.folder / "r")).while_it_goes_on(progress):
        note.write(progress)
        said = w2s("status", "r", check=0).stdout
        told = json.loads(w2s("status", "r", "--json", check=0).stdout)["live"]
    assert said.splitlines()[1:] == ["30 of 90 jobs; left: about 2 min 5 s", "embed gpt2: 1,200 of 20,000 texts",
                                     "fit nano: 7 steps"]
    assert told["doing"] == said.splitlines()[2:] and told["done"] == 30
    assert "jobs" not in w2s("status", "r", check=0).stdout


def test_several_workers_share_what_is_left() -> None:
    left = Left(30, 600.0, 1.0, 0, {})
    assert "about 5 min," in _doing(Progress(1, 3, 0, current="fit", workers=2, left=lambda: left, last=float("inf")))
