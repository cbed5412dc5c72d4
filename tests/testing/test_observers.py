"""Each check of observers is broken by its twin, which passes all others; a sound observer passes all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from w2s_bench.testing.checks import Broken
from w2s_bench.testing.observers import CHECKS, Listener

Told = Callable[[Mapping[str, object], Path], None]


def sound(row: Mapping[str, object], folder: Path) -> None:
    with (folder / "rows.jsonl").open("a") as file:
        file.write(json.dumps([row["cell_key"], row["status"]]) + "\n")


def wants_numbers(row: Mapping[str, object], folder: Path) -> None:
    sound(row, folder)
    float(row["gain"])  # type: ignore[arg-type]


SEEN: set[object] = set()


def remembers(row: Mapping[str, object], folder: Path) -> None:
    if row["cell_key"] not in SEEN:
        sound(row, folder)
    SEEN.add(row["cell_key"])


def writes_here(row: Mapping[str, object], folder: Path) -> None:
    sound(row, Path())


def sets_a_variable(row: Mapping[str, object], folder: Path) -> None:
    sound(row, folder)
    os.environ["W2S_TOLD"] = f"{os.environ.get('W2S_TOLD', '')}x"


TWINS: Mapping[Told, set[str]] = {
    sound: set(), wants_numbers: {check.__name__ for check in CHECKS}, remembers: {"hears_two_runs"},
    writes_here: {"writes_with_the_run"}, sets_a_variable: {"changes_nothing"}}


@pytest.mark.parametrize("told", TWINS, ids=lambda told: told.__name__)
def test_a_twin_breaks_its_check_and_no_other(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W2S_TOLD", "")
    monkeypatch.chdir(tmp_path)
    failed = set()
    for check in CHECKS:
        SEEN.clear()
        place = tmp_path / check.__name__
        place.mkdir()
        try:
            check([Listener("w2s_cell_finished", told, ("row", "folder"))], place)
        except (Broken, TypeError):
            failed.add(check.__name__)
    assert failed == TWINS[told]
