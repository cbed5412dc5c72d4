"""A run does not depend on who reads its words, and who stops reading other commands' words sees no traceback."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Command, untimed_rows

RUN = ("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--store", "s", "-o")


def _shell(w2s: Command, words: tuple[str, ...], redirected: str) -> subprocess.CompletedProcess[bytes]:
    line = f"{shlex.join(w2s.words(*words))} {redirected}"
    return subprocess.run(["bash", "-c", line], cwd=w2s.folder, env=w2s.environment, capture_output=True, timeout=120)


@pytest.mark.slow
def test_a_run_goes_on_to_its_rows_and_its_page_when_nobody_can_read(w2s: Command) -> None:
    for number, redirected in enumerate(("<&- >&- 2>&-", "2>/dev/full | true; exit ${PIPESTATUS[0]}")):
        done = _shell(w2s, (*RUN, f"r{number}"), redirected)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert set(untimed_rows(w2s.folder / f"r{number}")["status"]) == {"ok"}
        assert (w2s.folder / f"r{number}" / "report.html").stat().st_size > 50_000


@pytest.mark.parametrize(("redirected", "code", "said"), [
    ("| true; exit ${PIPESTATUS[0]}", 141, b""), (">&-", 0, b""), ("2>&-", 0, b""),
    (">/dev/full", 3, b"error: cannot print: No space left on device\n")])
def test_other_commands_end_quietly_when_nobody_reads_on(w2s: Command, redirected: str, code: int, said: bytes) -> None:
    done = _shell(w2s, ("ls", "tasks", "--json"), redirected)
    assert (done.returncode, done.stderr) == (code, said)


def _process(code: str, **streams: object) -> subprocess.CompletedProcess[bytes]:
    start = "from w2s_bench.compute.streams import print_whoever_reads, unprinted\nprint_whoever_reads()\n"
    return subprocess.run([sys.executable, "-c", start + code], timeout=60, **streams)  # type: ignore[call-overload,no-any-return]


def test_the_words_of_a_plugin_in_a_worker_fail_no_job_when_the_terminal_is_gone(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = _process(f"import sys\nfor _ in range(9): print('x' * 9999, file=sys.stderr)\nopen({str(tmp_path / 'n')!r}, 'w')",
                    stderr=writing)
    os.close(writing)
    assert done.returncode == 0 and (tmp_path / "n").exists()


def test_the_name_of_a_file_that_is_no_unicode_is_printed_as_it_is() -> None:
    done = _process("print('a\\udcffb \\ud800 é')", env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
                    capture_output=True)
    assert (done.stdout, done.stderr) == (b"a\xffb \\ud800 \xc3\xa9\n", b"")


def test_a_terminal_that_another_process_made_non_blocking_gets_all_words() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    code = "import sys; sys.stdout.write('y' * 500_000); assert unprinted() is None"
    with subprocess.Popen([sys.executable, "-c", "from w2s_bench.compute.streams import *\nprint_whoever_reads()\n" + code],
                          stdout=writing) as process:
        os.close(writing)
        with open(reading, "rb") as stream:
            assert len(stream.read()) == 500_000
    assert process.returncode == 0
