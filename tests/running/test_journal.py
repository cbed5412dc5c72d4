"""The journal survives a torn last line, and takes nothing for a record that is none."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from pathlib import Path

import msgspec
import pytest
from conftest import Command

from w2s_bench.contracts.errors import StoreError
from w2s_bench.running import journal as journal_module
from w2s_bench.running.journal import Failure, Journal, Record, read_journal, resumed_journal

OK = Record(cell_key="a", status="ok", error="", fault=None, seconds={"fit": 1.5}, peak_memory=12.0)
FAILED = Record(cell_key="a", status="failed", error="broken", seconds={}, peak_memory=0.0,
                fault=Failure("fit", "theirs", "plain", "RuntimeError", "theirs/components.py:9"))


def test_a_torn_last_line_is_ignored_and_written_past(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(FAILED)
        journal.append(OK)
    with open(path, "ab") as file:
        file.write(b'{"cell_key": "b", "stat')
    assert read_journal(path) == {"a": OK}
    with Journal(path) as journal:
        journal.append(FAILED)
    assert read_journal(path) == {"a": FAILED}


def test_a_last_line_that_is_torn_at_any_byte_or_ends_in_nuls_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(OK)
        first = path.stat().st_size
        journal.append(msgspec.structs.replace(FAILED, cell_key="b"))
    whole = path.read_bytes()
    for size in range(first, len(whole) - 1):
        for end in (b"", b"\0" * 4096):
            path.write_bytes(whole[:size] + end)
            assert read_journal(path) == {"a": OK}, (size, end)
            with Journal(path) as journal:
                journal.append(msgspec.structs.replace(OK, cell_key="c"))
            assert read_journal(path).keys() == {"a", "c"}, (size, end)


def test_lines_do_not_wait_for_a_slow_disk_and_the_next_one_tells_what_it_refused(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    def slow(descriptor: int) -> None:
        let_go.wait(10.0)
        raise OSError(errno.EIO, "Input/output error")

    with Journal(tmp_path / "journal.jsonl") as journal:
        monkeypatch.setattr(os, "fsync", slow)
        monkeypatch.setattr(journal_module, "_SECONDS", 0.01)
        time.sleep(0.02)
        started = time.monotonic()
        for _ in range(20):
            journal.append(OK)
        assert time.monotonic() - started < 5.0
        let_go.set()
        with pytest.raises(StoreError, match="Input/output"):
            for _ in range(500):
                journal.append(OK)
                time.sleep(0.01)


def test_there_may_be_no_journal_yet(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none") == {}


@pytest.mark.parametrize(("changes", "named"), [
    ({"fault": ...}, "fault"), ({"row": {}}, "row"), ({"status": "skipped"}, "skipped"), ({"seconds": "much"}, "seconds")])
def test_a_record_with_a_missing_or_unknown_key_is_an_error_that_names_it(
        tmp_path: Path, changes: dict[str, object], named: str) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(FAILED)
    whole = {**json.loads(path.read_text()), **changes}
    path.write_text(path.read_text() + json.dumps({key: value for key, value in whole.items() if value is not ...}) + "\n")
    with pytest.raises(StoreError, match=f"line 2: .*{named}") as said:
        read_journal(path)
    assert "-o" in said.value.hint


@pytest.mark.parametrize("line", [
    b"hello", b'{"event": "backup", "status": 3}', b"[1, 2]", b"17", b"\xff\xfe", b"a\rb\x85c", b'{"more": 1, "cell'])
def test_what_something_else_wrote_is_put_aside_and_said_when_the_run_goes_on(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(OK)
        sound = path.read_bytes()
        journal.append(msgspec.structs.replace(FAILED, cell_key="b"))
    second = path.read_bytes()[len(sound):]
    path.write_bytes(sound + line + b"\n" + b'{"cell_key": "to\n' + second)
    assert read_journal(path).keys() == {"a", "b"} and line in path.read_bytes()
    resumed = resumed_journal(path)
    assert resumed.records.keys() == {"a", "b"} and "line 2" in resumed.said and "journal.aside" in resumed.said
    assert path.read_bytes() == sound + b'{"cell_key": "to\n' + second
    assert (tmp_path / "journal.aside").read_bytes() == line + b"\n"
    assert resumed_journal(path) == (resumed.records, "")


def test_a_line_that_was_torn_at_any_byte_is_no_foreign_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(OK)
    whole = path.read_bytes()
    for size in range(len(whole) - 1):
        for end in (b"\n", b"\0\0\n"):
            path.write_bytes(whole[:size] + end + whole)
            assert resumed_journal(path) == ({"a": OK}, ""), (size, end)


def test_a_newer_record_is_told_with_the_version_that_wrote_it_and_how_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(json.dumps({**msgspec.to_builtins(OK), "joules": 5.0}) + "\n")
    (tmp_path / "env.json").write_text('{"commit": "0123456789abcdef", "versions": {"w2s-bench": "99.1"}}')
    for read in (read_journal, resumed_journal):
        with pytest.raises(StoreError, match="joules") as said:
            read(path)
        assert "w2s-bench 99.1 (0123456789ab) wrote it" in said.value.hint and "-o" in said.value.hint
    assert b"joules" in path.read_bytes()


def test_a_run_goes_on_beside_a_line_that_is_none_of_its_own(w2s: Command) -> None:
    words = ("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--store", "s", "--executor",
             "here", "-o", "r")
    w2s(*words, check=0)
    (w2s.folder / "r" / "rows.parquet").unlink()
    with open(w2s.folder / "r" / "journal.jsonl", "a") as journal:
        journal.write("backed up at noon\n")
    assert w2s("status", "r", check=0).stdout == "r: 2 cells; 2 ok\n"
    done = w2s(*words, check=0)
    assert "put aside in journal.aside" in done.stderr and "; 0 jobs computed" in done.stdout
    assert (w2s.folder / "r" / "journal.aside").read_text() == "backed up at noon\n"
    assert "aside" not in w2s(*words, check=0).stderr


def test_a_run_on_an_old_journal_says_how_to_go_on(w2s: Command) -> None:
    words = ("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--store", "s")
    w2s(*words, "-o", "r", check=0)
    (w2s.folder / "r" / "rows.parquet").unlink()
    with open(w2s.folder / "r" / "journal.jsonl", "a") as journal:
        journal.write('{"cell_key": "c", "status": "ok", "error": "", "row": {}, "bounds": [], "cost": {}}\n')
    done = w2s(*words, "-o", "r", check=3)
    assert "journal.jsonl, line 3" in done.stderr and "take a new folder with -o" in done.stderr
    assert "; 0 jobs computed" in w2s(*words, "-o", "again", check=0).stdout
