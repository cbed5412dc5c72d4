"""Nothing finished is ever lost: runs killed at random moments end with the rows of an undisturbed run."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import polars as pl
import pytest
from conftest import Command, untimed_rows
from polars.testing import assert_frame_equal

MATRIX = ("--task", "diabetes", "--task", "mlp", "--models", "raw", "--models", "random-features[width=[8,16,64]]",
          "--strategy", "ridge[penalty=auto]", "--strategy", "least-squares", "--strategy", "adamw-head[epochs=20]",
          "--seeds", "0..1")


def _table(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    return untimed_rows(folder), pl.read_parquet(folder / "bounds.parquet")


def _killed_run(w2s: Command, kills: int) -> None:
    w2s("run", *MATRIX, "--store", "s1", "-o", "calm", check=0)
    moments = random.Random(7)
    for _ in range(kills):
        process = w2s.start("run", *MATRIX, "--store", "s2", "-o", "killed")
        time.sleep(moments.uniform(0.2, 2.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
    w2s("run", *MATRIX, "--store", "s2", "-o", "killed", check=0)
    for calm, killed in zip(_table(w2s.folder / "calm"), _table(w2s.folder / "killed"), strict=True):
        assert_frame_equal(calm, killed, check_exact=True)


def test_a_run_killed_at_random_moments_ends_with_the_same_rows(w2s: Command) -> None:
    _killed_run(w2s, kills=4)


@pytest.mark.slow
def test_a_run_killed_twenty_five_times_ends_with_the_same_rows(w2s: Command) -> None:
    _killed_run(w2s, kills=25)


def test_neither_workers_nor_order_change_a_row(w2s: Command) -> None:
    small = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=[8,64]]", "--strategy", "*",
             "--strategy", "!as-is")
    for workers in ("1", "2", "3"):
        w2s("run", *small, "--store", f"s{workers}", "-o", f"r{workers}", "-j", workers, check=0)
    for other in ("r2", "r3"):
        for first, second in zip(_table(w2s.folder / "r1"), _table(w2s.folder / other), strict=True):
            assert_frame_equal(first, second, check_exact=True)


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(w2s: Command) -> None:
    import subprocess

    process = subprocess.Popen(w2s.words("run", *MATRIX, "-o", "r"), cwd=w2s.folder, env=w2s.environment,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = w2s.folder / "r" / "journal.jsonl"
    while not journal.exists():
        time.sleep(0.02)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert out.strip().splitlines()[-1].startswith("interrupted; finished work is kept. Go on with: w2s-bench run")
    assert "Traceback" not in err
    assert set(pl.read_parquet(w2s.folder / "r" / "rows.parquet")["status"]) <= {"ok", "interrupted"}
    w2s("run", *MATRIX, "-o", "r", check=0)


def test_the_plan_counts_what_is_executed_and_strategies_add_no_embedding(w2s: Command) -> None:
    import json

    base = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--seeds", "0..1")
    one = json.loads(w2s("plan", *base, "--json", check=0).stdout)
    two = json.loads(w2s("plan", *base, "--strategy", "ridge", "--strategy", "least-squares", "--json", check=0).stdout)
    assert one["jobs"]["embed"] == two["jobs"]["embed"] == 4
    done = w2s("run", *base, "-o", "r", check=0)
    assert f"{sum(one['jobs'].values())} jobs computed" in done.stdout
    assert "; 0 jobs computed" in w2s("run", *base, "-o", "r", check=0).stdout
    left = json.loads(w2s("plan", *base, "--json", check=0).stdout)
    assert sum(left["to_compute"].values()) == 0
