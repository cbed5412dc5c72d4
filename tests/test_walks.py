"""The walks of CONTRIBUTING.md from an empty folder to a scored row, word for word, each in an environment of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from fresh_environment import ROOT, Environment, build_settings

WALKS = ("A task from a CSV file", "A strategy, and a loss", "A model, and the folder that it is read from",
         "A theorem, over published rows")
STEP = re.compile(r"^```(?:bash\n(?P<commands>.*?)|\w+ title=\"(?P<file>[\w./-]+)\"\n(?P<content>.*?))^```$",
                  re.DOTALL | re.MULTILINE)


def script_of(walk: str) -> str:
    """What a reader of a walk does, in its order, as one script: files are written, commands are typed."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {re.escape(walk)}\n(.*?)(?=^## )", page, re.DOTALL | re.MULTILINE)
    steps = [step["commands"] or f"cat > {step['file']} <<'THE END'\n{step['content']}THE END\n"
             for step in STEP.finditer(section)]
    assert len(steps) == len(re.findall(r"^```\w", section, re.MULTILINE)), "a block is neither commands nor a file with a name"
    return "".join(steps)


def _rows(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "rows.parquet")


def _moons(folder: Path) -> bool:
    rows = _rows(folder / "my-moons" / "moons")
    return rows.height == 5 and set(rows["task"]) == {"my-moons"} and set(rows["status"]) == {"ok"}


def _heads(folder: Path) -> bool:
    heads, losses = _rows(folder / "my-heads" / "heads"), _rows(folder / "my-heads" / "losses")
    return set(heads["strategy"]) == {"ridge", "trimmed"} and "mlp-head[loss=poly]" in set(losses["strategy"])


def _readers(folder: Path) -> bool:
    rows = _rows(folder / "my-readers" / "readers")
    return rows.select("weak", "strong").rows() == [("pieces[width=16]", "byte-gpt[path=tiny]")]


def _theorem(folder: Path) -> bool:
    judged = [pl.read_parquet(folder / "my-theorem" / run / "bounds.parquet").filter(bound="far-from-teacher")
              for run in ("quickstart", "pilot")]
    return all(rows.height > 50 and set(rows["verdict"]) <= {"holds", "says nothing"} for rows in judged)


LEFT: dict[str, Callable[[Path], bool]] = dict(zip(WALKS, (_moons, _heads, _readers, _theorem), strict=True))
"""Whether a walk left what it promises."""


@pytest.mark.parametrize("walk", WALKS)
def test_a_walk_types_commands_and_writes_files_and_nothing_else(walk: str) -> None:
    script = script_of(walk)
    assert script.startswith("w2s-bench plugin new ") and "python -m pytest\n" in script and "rows" not in script.split("\n")[0]


@pytest.mark.slow
@pytest.mark.parametrize("walk", WALKS)
def test_a_walk_leads_from_an_empty_folder_to_a_scored_row(walk: str, tmp_path: Path) -> None:
    environment = Environment.made(tmp_path / "environment", **build_settings(tmp_path / "backend"))
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "w2s-bench").symlink_to(ROOT)
    begun = time.monotonic()
    said = environment(script_of(walk), empty, seconds=600)
    print(f"{walk}: {time.monotonic() - begun:.1f} s")
    assert LEFT[walk](empty), said
    project = next(path for path in empty.iterdir() if path.name.startswith("my-"))
    environment("python -m ruff check", project)
