"""The faults of benchmarks/faults.py in their short form: real processes that are killed, told to end, or run out of disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes in /proc")
def test_a_run_survives_what_may_befall_it_with_the_rows_of_an_undisturbed_one() -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks.faults", "--short"], cwd=ROOT, capture_output=True, text=True,
                          timeout=280)
    assert done.returncode == 0, done.stderr
    lines = [line.split("|") for line in done.stdout.splitlines()[2:]]
    assert [line[1].strip() for line in lines] == ["the run killed (SIGKILL)", "SIGTERM", "a full disk",
                                                   "files of the store truncated"]
    assert all(line[2].strip() == "1" and {figure.strip() for figure in line[3:10]} == {"0"} for line in lines)
