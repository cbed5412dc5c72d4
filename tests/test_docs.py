"""What the documents print is run, parsed or compared."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from conftest import Command

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_runs(page: Path, w2s: Command) -> None:
    lines = [line for block in _blocks(page, "sh") for line in block.splitlines() if line.startswith("w2s-bench ")]
    for line in lines:
        w2s(*shlex.split(line)[1:], check=0)


def test_the_first_plugin_of_the_tutorial_is_python_and_toml() -> None:
    for block in _blocks(ROOT / "CONTRIBUTING.md", "python"):
        compile(block, "CONTRIBUTING.md", "exec")
        scope: dict[str, object] = {}
        exec(compile(block, "CONTRIBUTING.md", "exec"), scope)
        (entry,) = scope["w2s_strategies"]()  # type: ignore[operator]
        assert entry.name == "mean" and entry.parameters[0].low == 0.0
    for block in _blocks(ROOT / "CONTRIBUTING.md", "toml"):
        tomllib.loads(block)


def test_the_page_of_columns_is_what_the_program_says(w2s: Command) -> None:
    said = w2s("show", "--columns", check=0).stdout
    assert said.strip() in (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")


def test_both_lines_of_the_readme_are_complete_in_themselves() -> None:
    lines = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(lines) == 2 and lines[0].endswith(".venv/bin/w2s-bench run") and lines[1].endswith("-m pytest")


def test_constraints_pin_every_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert {re.split(r"[<>=\[ ]", dependency)[0] for dependency in wanted} <= pinned
