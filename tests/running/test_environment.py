"""A run folder says when, where and by which version it was computed; its tables say nothing of it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from conftest import Command, untimed_rows

from w2s_bench.contracts import DataError
from w2s_bench.report.origin import duration, origin_of
from w2s_bench.running.environment import NAME, read_environment

REAL = ("--task", "mlp[supervise=80,transfer=40,test=50]", "--weak", "mlp-features[source=perturbed,noise=0.3]", "--strong",
        "mlp-features[source=perturbed,noise=0.1]", "--strategy", "least-squares", "--supervisor", "least-squares", "--executor",
        "here", "-o", "r")


@pytest.mark.slow
def test_a_run_says_when_where_and_by_which_version_and_its_rows_do_not(w2s: Command) -> None:
    w2s("run", *REAL, check=0, page=True)
    found = read_environment(w2s.folder / "r")
    assert found is not None and found.clock is not None
    assert found.clock.started <= found.clock.ended and found.clock.seconds > 0.0 and found.clock.jobs > 0
    assert found.machine["cores"].isdigit() and found.versions["w2s-bench"] and found.versions["numpy"]
    assert re.fullmatch(r"(?:[0-9a-f]{40}\+?)?", found.commit)
    words = origin_of(w2s.folder / "r").words
    assert "began 20" in words and f"took {duration(found.clock.seconds)}" in words and "w2s-bench 0." in words
    assert words.replace("&", "&amp;") in (w2s.folder / "r" / "report.html").read_text(encoding="utf-8")
    first = untimed_rows(w2s.folder / "r")
    assert not any(found.clock.started in str(value) for value in first.row(0))


def test_a_sitting_that_found_all_done_leaves_what_was_said_and_another_adds_to_it(w2s: Command) -> None:
    w2s("run", *REAL, check=0)
    text = (w2s.folder / "r" / NAME).read_text(encoding="utf-8")
    w2s("run", *REAL, check=0)
    assert (w2s.folder / "r" / NAME).read_text(encoding="utf-8") == text
    shutil.rmtree(w2s.folder / "home" / "cache")
    (w2s.folder / "r" / "rows.parquet").unlink()
    w2s("run", *REAL, check=0)
    before, after = json.loads(text)["clock"], json.loads((w2s.folder / "r" / NAME).read_text(encoding="utf-8"))["clock"]
    assert after["started"] == before["started"] and after["seconds"] > before["seconds"]
    assert after["jobs"] == 2 * before["jobs"]


def test_an_older_folder_says_its_versions_and_a_broken_one_is_named(tmp_path: Path) -> None:
    assert read_environment(tmp_path) is None
    (tmp_path / NAME).write_text('{"python": "3.11", "numpy": "2.0"}', encoding="utf-8")
    assert origin_of(tmp_path).lines() == [("numpy", "2.0"), ("python", "3.11")] and origin_of(tmp_path).words == ""
    (tmp_path / NAME).write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="says nothing of a run"):
        read_environment(tmp_path)


@pytest.mark.parametrize(("seconds", "words"), [(0.31, "0.3 s"), (42.0, "42 s"), (125.0, "2 min 5 s"), (7325.0, "2 h 2 min")])
def test_a_duration_is_worded_in_the_unit_that_it_is_read_in(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_sitting_with_other_threads_says_how_to_have_the_digits_of_the_one_before(w2s: Command) -> None:
    first = w2s("run", *REAL, "--threads", "1", check=0)
    assert "last digits" not in first.stderr
    found = read_environment(w2s.folder / "r")
    assert found is not None and found.policy["threads"] == "1"
    said = w2s("run", "r", "--seeds", "0..1", "--executor", "here", check=0).stderr
    assert "was computed with --threads 1 before, and goes on with --threads 2" in said and "give --threads 1" in said
