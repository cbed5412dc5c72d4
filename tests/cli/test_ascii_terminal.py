"""A terminal that shows ASCII alone is given ASCII: no word is lost, nothing fails, and data for programs stays as it is."""

from __future__ import annotations

import json
import subprocess
import sys

import polars as pl
import pytest
from conftest import Command

from w2s_bench.report.plain_text import plain

SMALL = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=[8,16]]", "--seeds", "0..1")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Command:
    command = Command(tmp_path_factory.mktemp("ascii"))
    command("run", *SMALL, "-o", "w2s-runs/r", "--quiet", "--executor", "here", check=0)
    rows = pl.read_parquet(command.folder / "w2s-runs" / "r" / "rows.parquet")
    rows.with_columns(output_unit=pl.lit("µg·m⁻³")).write_parquet(command.folder / "named.parquet")
    return command


def _printed(command: Command, words: tuple[str, ...], environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "w2s_bench", *words], cwd=command.folder, capture_output=True,
                          env={**command.environment, **environment})


WORDS: list[tuple[tuple[str, ...], int]] = [
    (("show",), 0), (("ls",), 0), (("shwo",), 2), (("--help",), 0), (("select", "--help"), 0), (("ls", "theorem2-explicit"), 0),
    (("run", *SMALL, "-o", "again"), 0), (("show", "--columns"), 0), (("show", "--bounds"), 0), (("predict",), 0),
    (("select",), 0),
    (("show", "nówhere"), 2), (("run", "--task", "diabetés", "--models", "raw"), 2), (("plan", *SMALL[:-1], "−1"), 2),
    (("show-task", "diabetes"), 0), (("examples", "-n", "2"), 0)]


@pytest.mark.slow
@pytest.mark.parametrize(("environment", "words", "code"), [
    *(({"PYTHONIOENCODING": "ascii"}, *each) for each in WORDS),
    *(({"PYTHONIOENCODING": "latin-1"}, *each) for each in WORDS[:3]),
    *(({"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, *each) for each in WORDS[:3])])
def test_every_command_prints_ascii(finished: Command, environment: dict[str, str], words: tuple[str, ...], code: int) -> None:
    done = _printed(finished, words, environment)
    assert done.returncode == code, done.stderr
    assert (done.stdout + done.stderr).isascii() and b"Traceback" not in done.stderr


@pytest.mark.slow
def test_tables_stay_aligned_and_say_the_same(finished: Command) -> None:
    shown = _printed(finished, ("show", "named.parquet"), {"PYTHONIOENCODING": "ascii"}).stdout.decode()
    unicode = _printed(finished, ("show", "named.parquet"), {"PYTHONIOENCODING": "utf-8"}).stdout.decode()
    assert "±" in unicode and "+-" in shown and "ug*m^-3" in shown.replace(")^2", "")
    assert [line.split() for line in plain(unicode).splitlines() if "raw" in line] == [
        line.split() for line in shown.splitlines() if "raw" in line]
    widths = {len(line) for line in shown.splitlines() if "holds" in line or line.startswith("---")}
    assert len(widths) == 1


@pytest.mark.slow
@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_what_programs_read_is_the_same_whatever_the_terminal(finished: Command, form: str) -> None:
    words = ("show", "named.parquet", form, "--columns", "output_unit,gain")
    plain_bytes, usual = (_printed(finished, words, {"PYTHONIOENCODING": name}).stdout for name in ("ascii", "utf-8"))
    assert plain_bytes == usual and "µg·m⁻³".encode() in usual
    if form == "--json":
        assert json.loads(usual)[0]["output_unit"] == "µg·m⁻³"


@pytest.mark.parametrize(("text", "said"), [
    ("‖a − b‖²", "||a - b||^2"), ("err ≤ 2√(mε)", "err <= 2sqrt(mepsilon)"), ("±0.1 µm", "+-0.1 um"),
    ("Δ → x₁ᵀ", "Delta -> x_1^T"),
    ("┌─┬│━╴", "+-+|-+"), ("café, 中", "cafe, \\u4e2d"), ("10⁻³", "10^-3"), ("plain", "plain")])
def test_signs_are_said_in_ascii(text: str, said: str) -> None:
    assert plain(text) == said
