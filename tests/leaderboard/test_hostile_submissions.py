"""Submissions that mean harm, or that broke: each is refused with one sentence that names the place, and nothing is done."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest
from conftest import Command
from hostile import BOMBS, IN_THE_FILES, IN_THE_FOLDER, Hostile, spoilt
from made_submissions import sealed

from w2s_bench.leaderboard.decoding import read_all
from w2s_bench.leaderboard.opening import opened
from w2s_bench.leaderboard.submission import read_submission
from w2s_bench.leaderboard.untrusted import Refused, snapshot


def cases(found: list[Hostile]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", found, ids=[case.name for case in found])


def check_sentence(refused: Refused, case: Hostile) -> None:
    said = refused.message()
    assert case.said in said, said
    assert refused.where and "\n" not in refused.what and len(said) < 600
    assert all(letter.isprintable() for line in said.split("\n") for letter in line)


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, which has to be empty in the end."""
    (tmp_path / "private").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "private"))
    return tmp_path / "private"


def listed(folder: Path) -> list[tuple[str, int]]:
    return sorted((os.fsdecode(path), path.lstat().st_mtime_ns) for path in folder.rglob("*"))


@cases(IN_THE_FOLDER)
def test_what_is_no_folder_of_a_submission_is_refused(sent: Path, private: Path, case: Hostile) -> None:
    before = listed(spoilt(sent, case))
    with pytest.raises(Refused) as refused, opened(sent):
        pass
    check_sentence(refused.value, case)
    assert listed(sent) == before and list(private.iterdir()) == []


@cases(IN_THE_FILES)
def test_what_is_no_table_of_a_submission_is_refused(sent: Path, private: Path, case: Hostile) -> None:
    """Decoded here, where a test may look; the same cases go through a process of their own below."""
    spoilt(sent, case)
    copy, tables = private / "copy", private / "tables"
    copy.mkdir()
    tables.mkdir()
    digests = snapshot(sent, copy)
    assert {**read_submission(copy).files, "submission.toml": digests["submission.toml"]} == digests
    with pytest.raises(Refused) as refused:
        read_all(copy, tables)
    check_sentence(refused.value, case)


@pytest.mark.slow
@cases([*IN_THE_FOLDER, *IN_THE_FILES, *BOMBS])
def test_the_check_refuses_each_at_the_prompt(sent: Path, private: Path, case: Hostile) -> None:
    before = listed(spoilt(sent, case))
    done = Command(sent.parent)("leaderboard", "check", "sent", check=2)
    said = done.stdout + done.stderr
    assert case.said in said and "Traceback" not in said and "\x1b" not in said
    assert listed(sent) == before and list(private.iterdir()) == []


def test_a_folder_that_is_written_while_it_is_read_is_refused_or_read_as_it_was(sent: Path, private: Path) -> None:
    """Whatever is read is what its digests say; what was read half is refused."""
    path, ends = sent / "README.md", threading.Event()
    pages = [b"# one\n" * 9_000, b"# two\n" * 9_000]

    def writes() -> None:
        number = 0
        while not ends.is_set():
            number += 1
            path.write_bytes(pages[number % 2])

    path.write_bytes(pages[0])
    sealed(sent)
    writer = threading.Thread(target=writes)
    writer.start()
    refused = 0
    try:
        for number in range(40):
            (private / str(number)).mkdir()
            try:
                digests = snapshot(sent, private / str(number))
            except Refused as error:
                assert "changes while it is read" in error.what, error
                refused += 1
                continue
            copied = (private / str(number) / "README.md").read_bytes()
            assert hashlib.sha256(copied).hexdigest() == digests["README.md"]
    finally:
        ends.set()
        writer.join()
    assert refused


def test_what_was_read_does_not_change_with_the_folder(sent: Path) -> None:
    with opened(sent) as found:
        kept = found.rows
        for path in sent.rglob("*.parquet"):
            path.write_bytes(b"gone")
        assert found.table("diabetes") is not None and found.facts() and found.rows is kept


def test_whoever_decodes_has_no_secrets(sent: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The process that decodes is another one; what it is given is looked at through a `sitecustomize` of its own."""
    monkeypatch.setenv("MY_TOKEN", "hunter2hunter2")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        f"import os, pathlib\npathlib.Path({str(tmp_path / 'seen')!r}).write_text(repr(dict(os.environ)))\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    with opened(sent):
        pass
    seen = (tmp_path / "seen").read_text(encoding="utf-8")
    assert "PYTHONPATH" in seen and "hunter2" not in seen and "MY_TOKEN" not in seen
