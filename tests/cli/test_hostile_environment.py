"""All hostile plugins installed at once: commands work beside them and name them, and a run of others gives the same bytes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from conftest import Command, untimed_rows
from hostile_plugins import LOADED, MADE, MISNAMED, ODD_METADATA, TASKS, install_hostile, install_misnamed
from stored import arrays_as_bytes

MATRIX = ("--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw", "--strategy", "ridge")
SECONDS, SLACK = "2", 60.0


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command in an environment in which all of them are installed."""
    install_hostile(tmp_path / "site", LOADED | MADE | TASKS)
    install_misnamed(tmp_path / "site")
    for name, value in {"PYTHONPATH": os.pathsep.join(filter(None, [str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")])),
                        "W2S_BENCH_PLUGIN_SECONDS": SECONDS, "W2S_BENCH_PLUGIN_MEMORY": "400"}.items():
        monkeypatch.setenv(name, value)
    return Command(tmp_path, apart=True)


@pytest.mark.slow
def test_every_command_works_beside_them_and_names_them(beside: Command) -> None:
    began = time.monotonic()
    refused = sorted([*LOADED, *MISNAMED])
    for words in (("ls",), ("plan", *MATRIX, "--store", "store")):
        done = beside(*words, check=0)
        lines = [line for line in done.stderr.splitlines() if line.startswith("not loaded: ")]
        assert len(lines) == 1 and [name for name in refused if f"{name} (" not in lines[0]] == []
        assert (done.stdout + done.stderr).replace("\n", "").replace("\t", "").isprintable()
    assert [name for name in MADE if f"the metric {name}/{name} is left out (" not in done.stdout + done.stderr] == []
    help_page = beside("--help", check=0)
    assert "plugin" in help_page.stdout
    listed = beside("plugin", "ls", check=0).stdout.splitlines()
    assert sum("NOT LOADED: " in line for line in listed) == len(LOADED) + len(MISNAMED) + 1  # one of two rivals more
    asked = beside("plan", "--task", "print_exits/print_exits", *MATRIX[2:], "--store", "store", check=2)
    assert TASKS["print_exits"].says in asked.stderr and "Traceback" not in asked.stderr
    assert time.monotonic() - began < 10 * float(SECONDS) * len(listed) + SLACK


@pytest.mark.slow
def test_the_doctor_explains_each_and_ends_with_how_many_it_looked_at(beside: Command) -> None:
    done = beside("plugin", "doctor", check=3)
    said = {line.partition(" (")[0]: line for line in done.stdout.splitlines() if "imported, its hooks" not in line}
    expected = {name: hostile.says.replace(" 1 s", f" {SECONDS} s") for name, hostile in (LOADED | MADE | TASKS).items()}
    assert [(words, said.get(name)) for name, words in (expected | MISNAMED | ODD_METADATA).items()
            if words not in said.get(name, "nothing")] == []
    assert done.stdout.splitlines()[-1].startswith("looked at ") and "something is wrong with" in done.stdout.splitlines()[-1]
    assert done.stdout.replace("\n", "").isprintable()


@pytest.mark.slow
def test_a_run_of_others_gives_the_same_bytes_as_without_them(beside: Command, tmp_path: Path) -> None:
    for folder, flags in (("alone", ("--no-plugins",)), ("among", ())):
        beside(*flags, "run", *MATRIX, "--seeds", "0..1", "-o", folder, "--store", f"{folder}-store", "-j", "1", check=0)
    alone, among = untimed_rows(tmp_path / "alone"), untimed_rows(tmp_path / "among")
    assert alone.drop("metrics_missing", strict=False).equals(among.drop("metrics_missing", strict=False))
    assert arrays_as_bytes(tmp_path / "alone-store") == arrays_as_bytes(tmp_path / "among-store")
