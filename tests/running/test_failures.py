"""What breaks is told as what it is: whose it was, where it arose, and what went on without it."""

from __future__ import annotations

import html
import json
import os
from pathlib import Path

import breaking_components
import polars as pl
import pytest
from conftest import Command, untimed_rows
from distributions import install
from polars.testing import assert_frame_equal

SOURCE = Path(breaking_components.__file__)
MATRIX = ("run", "--task", "words", "--weak", "letters", "--strong", "letters[degree=[2,3]]", "--supervisor", "lines",
          "--store", "s", "-o", "r")


@pytest.fixture
def theirs(w2s: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command with the components of breaking_components.py installed as a plugin of strangers."""
    install(w2s.folder / "site", monkeypatch, "their-dist", {"theirs": "breaking_components"})
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(w2s.folder / "site"), str(SOURCE.parent), str(SOURCE.parents[1])]))
    return w2s


@pytest.fixture
def spoils(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says how many artifacts the executor `spoiling` is still to damage."""
    monkeypatch.setenv(breaking_components.SPOILS, str(tmp_path / "spoils"))
    return tmp_path / "spoils"


def _place(text: str) -> str:
    """File and line of a line of breaking_components.py."""
    return f"{SOURCE.name}:{next(n for n, line in enumerate(SOURCE.read_text().splitlines(), 1) if text in line)}"


def _rows(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "r" / "rows.parquet")


def _statuses(folder: Path) -> dict[str, list[str]]:
    return dict(_rows(folder).group_by("strategy").agg(pl.col("status").unique()).iter_rows())


@pytest.mark.slow
def test_artifacts_that_are_damaged_in_pass_after_pass_are_computed_again_until_none_is(
        theirs: Command, spoils: Path) -> None:
    theirs(*MATRIX, "--strategy", "lines", "--executor", "here", "--store", "calm-store", "-o", "calm", check=0)
    spoils.write_text("4")
    done = theirs(*MATRIX, "--strategy", "lines", "--executor", "spoiling", check=0)
    assert spoils.read_text() == "0" and "is damaged" in done.stderr
    assert untimed_rows(theirs.folder / "r").equals(untimed_rows(theirs.folder / "calm"))


@pytest.mark.slow
def test_a_failure_is_told_as_a_failure_whatever_was_damaged_and_however_often(
        theirs: Command, spoils: Path) -> None:
    spoils.write_text("2")
    theirs(*MATRIX, "--strategy", "lines", "--strategy", "breaking", "--executor", "spoiling", check=3)
    assert _statuses(theirs.folder) == {"lines": ["ok"], "breaking": ["failed"]}


@pytest.mark.slow
def test_a_disk_that_damages_everything_ends_the_run_with_its_name_and_failures_stay_failures(
        theirs: Command, spoils: Path) -> None:
    spoils.write_text("1000")
    done = theirs(*MATRIX, "--strategy", "lines", "--strategy", "breaking", "--executor", "spoiling", check=3)
    assert "damaged in 8 passes" in done.stderr and "look at that disk" in done.stderr
    assert _statuses(theirs.folder)["breaking"] == ["failed"]
    theirs(*MATRIX, "--strategy", "lines", "--strategy", "breaking", "--executor", "here", check=3)
    assert _statuses(theirs.folder) == {"lines": ["ok"], "breaking": ["failed"]}


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "error", "raised"), [
    ("raise", "RuntimeError: not all at once", 'raise RuntimeError("not'),
    ("exit", "raised SystemExit('not all at once')", "raise SystemExit("),
    ("short", "there are not as many answers as questions", "")])
def test_a_batch_that_breaks_is_said_once_and_taken_apart(theirs: Command, fault: str, error: str, raised: str) -> None:
    done = theirs(*MATRIX, "--strategy", f"batched[fault={fault}]", "--seeds", "0..2", "--executor", "here", check=0)
    said = f"fit_many of batched[fault={fault}] (theirs) failed, and its jobs are computed one by one: {error}"
    place = f" ({_place(raised)})" if raised else ""
    assert [line for line in done.stderr.splitlines() if "fit_many" in line] == [f"warning: {said}{place}"]
    assert set(_rows(theirs.folder)["status"]) == {"ok"}


@pytest.mark.slow
def test_states_that_cannot_be_prepared_together_are_prepared_one_by_one(theirs: Command) -> None:
    done = theirs(*MATRIX, "--strong", "prepared", "--strategy", "lines", "--seeds", "0..2", "--executor", "here", check=0)
    said = "prepare_many of prepared (theirs) failed, and its jobs are computed one by one: RuntimeError: not all at once ("
    assert done.stderr.count("prepare_many") == 1 and said in done.stderr and set(_rows(theirs.folder)["status"]) == {"ok"}


@pytest.mark.slow
def test_a_store_that_cannot_be_written_ends_the_run_though_a_batch_met_it(theirs: Command) -> None:
    done = theirs(*MATRIX, "--strategy", "batched[fault=store]", "--executor", "here", check=3)
    assert "error: the disk is full" in done.stderr and "one by one" not in done.stderr
    assert set(_rows(theirs.folder)["status"]) == {"interrupted"}


@pytest.mark.parametrize("executor", ["here", "local"])
def test_a_failing_job_can_be_diagnosed_wherever_it_is_shown(theirs: Command, executor: str) -> None:
    done = theirs("--debug", *MATRIX, "--strategy", "breaking", "--executor", executor, check=3)
    place = _place("raise RuntimeError(f")
    said = f"fit of breaking (theirs), the strategy: RuntimeError: no fit for weak ({place})"
    assert set(_rows(theirs.folder)["error"]) == {said}
    records = [json.loads(line) for line in (theirs.folder / "r" / "journal.jsonl").read_text().splitlines()]
    assert [record["error"] for record in records] == [said] * 2
    assert records[0]["fault"] == {"stage": "fit", "plugin": "theirs", "component": "breaking", "exception": "RuntimeError",
                                   "place": place}
    assert f"2 cells: {said}" in done.stderr
    assert theirs("status", "r", check=0).stdout == f"r: 2 cells; 2 failed\n2 cells: {said}\n"
    assert "Traceback (most recent call last)" in done.stderr and "NoneType: None" not in done.stderr
    assert 'raise RuntimeError(f"no fit for {problem.labels.source}")' in done.stderr
    assert said in html.unescape((theirs.folder / "r" / "report.html").read_text())


@pytest.mark.slow
def test_status_says_each_distinct_error_once_with_its_count_the_commonest_first(theirs: Command) -> None:
    words = (*MATRIX, "--strategy", "lines", "--strategy", "breaking", "--executor", "here")
    theirs(*words, "--weak", "letters[degree=2]", "--supervisor", "breaking", "--skip-incompatible", check=3)
    asked = theirs("status", "r", check=0).stdout.splitlines()
    errors = json.loads(theirs("status", "r", "--json", check=0).stdout)["errors"]
    assert len(errors) > 1 and asked[1:] == [f"{n} cell{'s' * (n > 1)}: {error}" for error, n in errors.items()]
    assert list(errors.values()) == sorted(errors.values(), reverse=True)


@pytest.mark.slow
@pytest.mark.parametrize(("executor", "said"), [
    ("raising", "the executor Raising failed: ConnectionError: the cluster is gone"),
    ("leaving", "the executor Leaving ended before")])
def test_an_executor_that_breaks_is_named_and_what_is_finished_stays(theirs: Command, executor: str, said: str) -> None:
    done = theirs(*MATRIX, "--strategy", "lines", "--executor", executor, check=2)
    assert said in done.stderr and "finished cells are kept" in done.stderr and "Traceback" not in done.stderr
    ok = {"raising": ["interrupted", "ok"], "leaving": ["interrupted"] * 2}[executor]
    assert sorted(_rows(theirs.folder)["status"]) == ok
    theirs(*MATRIX, "--strategy", "lines", "--executor", "here", check=0)


def test_here_and_local_give_the_same_rows_and_bounds_to_the_last_bit(w2s: Command) -> None:
    words = ("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--strategy", "ridge",
             "--strategy", "least-squares", "--strategy", "adamw-head[epochs=5]")
    for executor in ("here", "local"):
        w2s(*words, "--executor", executor, "--store", f"{executor}-store", "-o", executor, check=0)
    assert_frame_equal(untimed_rows(w2s.folder / "here"), untimed_rows(w2s.folder / "local"), check_exact=True)
    assert_frame_equal(*(pl.read_parquet(w2s.folder / executor / "bounds.parquet") for executor in ("here", "local")),
                       check_exact=True)
