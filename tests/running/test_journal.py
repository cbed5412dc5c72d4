"""The journal survives a torn last line."""

from __future__ import annotations

from pathlib import Path

from w2s_bench.running.journal import Journal, read_journal


def test_a_torn_last_line_is_ignored_and_written_past(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append({"cell_key": "a", "status": "failed"})
        journal.append({"cell_key": "a", "status": "ok"})
    with open(path, "ab") as file:
        file.write(b'{"cell_key": "b", "stat')
    assert read_journal(path) == {"a": {"cell_key": "a", "status": "ok"}}
    with Journal(path) as journal:
        journal.append({"cell_key": "c", "status": "ok"})
    assert set(read_journal(path)) == {"a", "c"}


def test_there_may_be_no_journal_yet(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none") == {}
