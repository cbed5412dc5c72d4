"""How far a run is, without its plan and its journal being read: of a run that goes on, has ended, or was killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from conftest import Command

from w2s_bench.contracts import DataError
from w2s_bench.running.folder import locked
from w2s_bench.running.journal import Failure, Record
from w2s_bench.running.standing import Live, note_standing, standing

RUN = ("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--executor", "here",
       "--store", "s")
_FAULT = Failure("fit", "p", "c", "E", "")


def _line(key: str, status: str = "ok", error: str = "") -> bytes:
    record = msgspec.convert({"cell_key": key, "status": status, "error": error, "fault": None if status == "ok" else
                              msgspec.to_builtins(_FAULT), "seconds": {}, "peak_memory": 1.0}, Record)
    return msgspec.json.encode(record) + b"\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of 9 cells of which 3 are recorded; its plan cannot be read, so that no number is from there."""
    (tmp_path / "plan.parquet").write_bytes(b"unread")
    (tmp_path / "lock").touch()
    (tmp_path / "journal.jsonl").write_bytes(_line("a") + _line("b") + _line("c", "failed", "no\n luck"))
    note_standing(tmp_path, 9, {"ok": 2, "failed": 1}, [msgspec.json.decode(_line("c", "failed", "no\n luck"), type=Record)])
    return tmp_path


def test_what_the_run_said_is_told_and_what_its_journal_holds_since(folder: Path) -> None:
    found = standing(folder)
    assert found and (found.cells, found.statuses, found.errors) == (9, {"ok": 2, "failed": 1, "interrupted": 6}, {"no luck": 1})
    with open(folder / "journal.jsonl", "ab") as journal:
        journal.write(_line("d") + _line("e", "oom", "no\nluck") + _line("f", "ok")[:-9])
    with locked(folder):
        found = standing(folder)
    assert found and found.statuses == {"ok": 3, "failed": 1, "oom": 1, "waiting": 4} and found.errors == {"no luck": 2}


def test_how_far_jobs_are_is_told_while_the_run_goes_on_and_not_of_one_that_was_killed(folder: Path) -> None:
    note_standing(folder, 9, {"ok": 2}, live=Live(30, 90, "about 2 min", ("embed gpt2: 7 texts",)))
    with locked(folder):
        found = standing(folder)
    assert found and found.live == Live(30, 90, "about 2 min", ("embed gpt2: 7 texts",)) and found.statuses["waiting"] == 7
    killed = standing(folder)
    assert killed and killed.live is None and killed.statuses == {"ok": 2, "interrupted": 7}


def test_a_folder_of_two_files_as_older_versions_left_it_is_still_shown(folder: Path) -> None:
    size = (folder / "journal.jsonl").stat().st_size
    said = {"cells": 9, "statuses": {"ok": 5}, "errors": {"no luck": 1}, "journal": size}
    (folder / "standing.json").write_text(json.dumps(said))
    (folder / "live.json").write_text('{"done": 3, "jobs": 9, "left": "", "doing": []}')
    found = standing(folder)
    assert found and (found.statuses, found.errors, found.live) == ({"ok": 5, "interrupted": 4}, {"no luck": 1}, None)


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"cells": 9, "statuses": {}, "errors": {}, "journal": 99999}'])
def test_what_says_nothing_of_this_journal_is_not_believed(folder: Path, content: bytes | None) -> None:
    (folder / "standing.json").unlink()
    if content is not None:
        (folder / "standing.json").write_bytes(content)
    with pytest.raises(DataError, match="this is no plan"):  # the plan is read
        standing(folder)


def test_a_finished_run_says_how_it_stands(w2s: Command) -> None:
    w2s(*RUN, "-o", "r", check=0)
    asked = json.loads(w2s("status", "r", "--json", check=0).stdout)
    assert (asked["cells"], asked["statuses"], asked["errors"]) == (2, {"ok": 2}, {})
    (w2s.folder / "r" / "standing.json").unlink()
    assert json.loads(w2s("status", "r", "--json", check=0).stdout) == asked


def test_status_imports_nothing_heavy(folder: Path) -> None:
    code = f"""
import sys
from w2s_bench.cli.main import main
try:
    main(["status", {str(folder)!r}])
except SystemExit as ended:
    assert not ended.code, ended.code
print(sorted({{"polars", "scipy", "torch", "rich"}} & set(sys.modules)))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
