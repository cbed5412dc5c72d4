"""Nothing finished is ever lost: runs killed at random moments end with the rows of an undisturbed run."""

from __future__ import annotations

import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from conftest import Command, untimed_rows
from polars.testing import assert_frame_equal
from stored import abouts

MATRIX = ("--task", "diabetes", "--task", "mlp", "--models", "raw", "--models", "random-features[width=[8,16,64]]",
          "--strategy", "ridge[penalty=auto]", "--strategy", "least-squares", "--strategy", "adamw-head[epochs=20]",
          "--seeds", "0..1")

FEWER = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=[8,16]]",
         "--strategy", "ridge[penalty=auto]", "--strategy", "adamw-head[epochs=20]", "--seeds", "0..1")


def _table(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    return untimed_rows(folder), pl.read_parquet(folder / "bounds.parquet")


def _killed_run(w2s: Command, matrix: tuple[str, ...], kills: int, longest: float) -> None:
    w2s("run", *matrix, "--store", "s1", "-o", "calm", check=0)
    moments = random.Random(7)
    for _ in range(kills):
        process = w2s.start("run", *matrix, "--store", "s2", "-o", "killed")
        time.sleep(moments.uniform(0.2, longest))
        process.send_signal(signal.SIGKILL)
        process.wait()
    w2s("run", *matrix, "--store", "s2", "-o", "killed", check=0)
    for calm, killed in zip(_table(w2s.folder / "calm"), _table(w2s.folder / "killed"), strict=True):
        assert_frame_equal(calm, killed, check_exact=True)


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_with_the_same_rows(w2s: Command) -> None:
    _killed_run(w2s, FEWER, kills=4, longest=2.0)


@pytest.mark.slow
def test_a_run_killed_twenty_five_times_ends_with_the_same_rows(w2s: Command) -> None:
    _killed_run(w2s, MATRIX, kills=25, longest=2.5)


@pytest.mark.slow
def test_neither_workers_nor_order_change_a_row(w2s: Command) -> None:
    small = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--strategy", "*",
             "--strategy", "!as-is", "--skip-incompatible")
    for workers in ("1", "3"):
        w2s("run", *small, "--store", f"s{workers}", "-o", f"r{workers}", "-j", workers, check=0)
    for first, second in zip(_table(w2s.folder / "r1"), _table(w2s.folder / "r3"), strict=True):
        assert_frame_equal(first, second, check_exact=True)


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(w2s: Command) -> None:
    means = ["-j", "2", "--threads", "1", "--store", "my store", "--keep", "test"]
    process = subprocess.Popen(w2s.words("run", *MATRIX, "-o", "r", *means, "--no-plugins"), cwd=w2s.folder, env=w2s.environment,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = w2s.folder / "r" / "journal.jsonl"
    while not journal.exists() and process.poll() is None:
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    said = out.strip().splitlines()[-1].removeprefix("interrupted; finished work is kept. Go on with: ")
    program, *words = shlex.split(said)
    assert program == "w2s-bench" and words[:3] == ["--no-plugins", "run", "r"] and sorted(words[3:]) == sorted(means)
    assert "Traceback" not in err
    assert set(pl.read_parquet(w2s.folder / "r" / "rows.parquet")["status"]) <= {"ok", "interrupted"}
    w2s(*words, check=0)
    assert set(untimed_rows(w2s.folder / "r")["status"]) == {"ok"}


def test_the_plan_counts_what_is_executed_and_strategies_add_no_embedding(w2s: Command) -> None:
    import json

    base = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--seeds", "0..1")
    one = json.loads(w2s("plan", *base, "--json", check=0).stdout)
    two = json.loads(w2s("plan", *base, "--strategy", "ridge", "--strategy", "least-squares", "--json", check=0).stdout)
    assert one["jobs"]["embed"] == two["jobs"]["embed"] == 4
    done = w2s("run", *base, "--store", "s", "-o", "r", check=0)
    assert f"{sum(one['jobs'].values())} jobs computed" in done.stdout
    artifacts = abouts(w2s.folder / "s")
    assert len(artifacts) == sum(one["jobs"].values()) + one["jobs"]["load"]  # the truth of each load lies by itself
    assert sum(about["recipe"]["stage"] == "embed" for about in artifacts.values()) == one["jobs"]["embed"]
    assert "; 0 jobs computed" in w2s("run", *base, "--store", "s", "-o", "r", check=0).stdout
    left = json.loads(w2s("plan", *base, "--store", "s", "--json", check=0).stdout)
    assert sum(left["to_compute"].values()) == 0


def test_tables_are_rebuilt_from_the_journal_whatever_lies_in_the_folder(w2s: Command) -> None:
    small = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--store", "s", "-o", "r")
    w2s("run", *small, check=0)
    rows, bounds = _table(w2s.folder / "r")
    stale = pl.read_parquet(w2s.folder / "r" / "rows.parquet").with_columns(status=pl.lit("interrupted"))
    stale.write_parquet(w2s.folder / "r" / "rows.parquet")
    (w2s.folder / "r" / "bounds.parquet").unlink()
    assert "0 jobs computed" in w2s("run", *small, check=0).stdout
    assert_frame_equal(rows, untimed_rows(w2s.folder / "r"), check_exact=True)
    assert_frame_equal(bounds, pl.read_parquet(w2s.folder / "r" / "bounds.parquet"), check_exact=True)


def test_a_folder_half_claimed_by_a_killed_run_can_be_had(w2s: Command) -> None:
    (w2s.folder / "r").mkdir()
    (w2s.folder / "r" / "spec.toml.new").write_text("name =")
    w2s("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "-o", "r", check=0)


def test_data_that_changes_between_plan_and_load_is_refused(w2s: Command) -> None:
    from w2s_bench.contracts import Policy
    from w2s_bench.planning.planner import make_plan
    from w2s_bench.planning.spec import Matrix, RunSpec
    from w2s_bench.registry.loading import load_registry
    from w2s_bench.running.audience import Audience
    from w2s_bench.running.runs import Place, run

    table = w2s.folder / "t.csv"
    table.write_text("a,b,y\n" + "\n".join(f"{i},{i % 7},{i % 5}" for i in range(60)) + "\n")
    spec = RunSpec("t", (Matrix((f"arrays[path={table}]",), models=("raw", "random-features[width=8]")),))
    registry = load_registry()
    plan = make_plan(spec, registry)
    table.write_text(table.read_text().replace("3,3,3", "3,3,4"))
    said: list[str] = []
    result = run(plan, Place(w2s.folder / "r", str(w2s.folder / "s")), registry.make("executors", "local"), Policy(),
                 Audience(said.append))
    assert result.statuses == {"failed": 2}
    errors = pl.read_parquet(w2s.folder / "r" / "rows.parquet")["error"].unique().to_list()
    assert len(errors) == 1 and "changed since the run was planned" in errors[0]


@pytest.mark.slow
def test_a_user_file_that_is_called_like_a_module_is_not_imported(w2s: Command) -> None:
    (w2s.folder / "numpy.py").write_text("raise SystemExit('mine')")
    done = subprocess.run([str(Path(sys.executable).parent / "w2s-bench"), "run", "--task", "diabetes", "--models", "raw",
                           "--models", "random-features[width=8]", "-o", "r"], cwd=w2s.folder, env=w2s.environment,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_fine_tuning_that_is_killed_in_the_middle_goes_on_and_ends_with_the_same_rows(w2s: Command) -> None:
    pytest.importorskip("peft")
    lines = ["text,label", *(f"{['yes', 'no'][i % 3 > 0]} says {i * 37 % 91},{'ab'[i % 3 > 0]}" for i in range(80))]
    (w2s.folder / "t.csv").write_text("\n".join(lines))
    words = ("run", "--task", "text[path=t.csv,output=classes]", "--weak", "nano[width=8,layers=1,context=24,steps=0]",
             "--strong", "nano[width=16,layers=1,context=24,steps=0]", "--supervisor", "logistic", "--strategy",
             "finetune[weights=full,epochs=30,batch=4,checkpoint-every=2]", "-o")
    w2s(*words, "calm", "--store", "s1", check=0)
    process = w2s.start(*words, "killed", "--store", "s2")
    kept = w2s.folder / "s2" / "checkpoints"
    while process.poll() is None and not (kept.is_dir() and any("-" not in file.name for file in kept.iterdir())):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    time.sleep(1.0)  # its worker ends when it finds its parent gone
    assert any(kept.iterdir())
    w2s(*words, "killed", "--store", "s2", check=0)
    assert not any(kept.iterdir())
    for calm, killed in zip(_table(w2s.folder / "calm"), _table(w2s.folder / "killed"), strict=True):
        assert_frame_equal(calm, killed, check_exact=True)
