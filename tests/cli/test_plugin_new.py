"""`w2s-bench plugin new`: a plugin that is complete, and the names that it refuses."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from w2s_bench.cli.new.files import commands_to_try, plugin_files
from w2s_bench.cli.new.names import plugin_name
from w2s_bench.cli.new.parts import PARTS
from w2s_bench.contracts import UsageError, read_csv
from w2s_bench.contracts.kinds import KINDS

Ask = Callable[..., str]
WITHOUT = {"output", "descriptors"}
"""Kinds of which few are written: nothing is offered to begin them from."""


def test_every_kind_may_be_begun_and_an_observer() -> None:
    assert set(PARTS) == {kind.name for kind in KINDS} - WITHOUT | {"observer"}


@pytest.mark.parametrize("kind", PARTS)
def test_a_new_plugin_is_complete_and_what_is_real_in_it_has_under_forty_lines(kind: str) -> None:
    found = plugin_files(plugin_name("my-sparrow"), [kind], 2031)
    assert {"pyproject.toml", "README.md", "LICENSE", ".gitignore", ".github/workflows/test.yml", "my_sparrow/__init__.py",
            "my_sparrow/py.typed", f"my_sparrow/{kind}.py", "tests/test_my_sparrow.py"} <= set(found)
    assert len(found[f"my_sparrow/{kind}.py"].splitlines()) < 40
    assert max(len(line) for path, text in found.items() if path.endswith(".py") for line in text.splitlines()) <= 120
    assert "2031" in found["LICENSE"] and not any("{{" in text for path, text in found.items() if path[0] != ".")
    assert commands_to_try(plugin_name("my-sparrow"), [kind])[0] in found["README.md"]


@pytest.mark.parametrize("kinds", [*([kind] for kind in PARTS), list(PARTS)], ids="+".join)
def test_its_package_says_at_its_top_what_it_requires_and_has_the_hook_of_each_kind(kinds: list[str]) -> None:
    found = plugin_files(plugin_name("my-sparrow"), kinds, 2031)
    tree = ast.parse(found["my_sparrow/__init__.py"])
    said = {target.id: ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign)
            for target in node.targets if isinstance(target, ast.Name)}
    assert said == {"requires_api": ">=1,<2"}
    hooks = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert hooks == {kind.hook for kind in KINDS if kind.name in kinds}
    project = tomllib.loads(found["pyproject.toml"])["project"]
    assert project["entry-points"]["w2s_bench"] == {"my_sparrow": "my_sparrow"} and project["name"] == "my-sparrow"


def test_it_is_written_and_three_lines_say_what_to_do_next(ask: Ask, tmp_path: Path) -> None:
    said = ask("plugin", "new", "Gap_Sparrow", "--kind", "bound", "--kind", "task", "--kind", "bound")
    assert [line[6:] for line in said.splitlines()] == [
        "cd gap-sparrow && python -m pip install -e '.[test]'", "python -m pytest",
        "w2s-bench run --task diabetes --weak 'random-features[width=8]' --strong raw --strategy ridge"]
    assert {path.name for path in (tmp_path / "gap-sparrow" / "gap_sparrow").iterdir()} == {
        "__init__.py", "bound.py", "task.py", "circuits.csv", "py.typed"}
    table = {name: np.array(column, dtype=float)
             for name, column in read_csv(tmp_path / "gap-sparrow" / "gap_sparrow" / "circuits.csv").items()}
    reactance = table["frequency"] * table["inductance"] - 1e6 / (table["frequency"] * table["capacitance"])
    assert np.abs(np.hypot(table["resistance"], reactance) - table["impedance"]).max() < 0.006 and len(reactance) == 300


def test_a_folder_that_holds_only_a_repository_is_filled_and_another_is_left_alone(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "empty" / ".git").mkdir(parents=True)
    assert "next: cd empty " in ask("plugin", "new", "sparrow", "--kind", "suite", "-o", "empty")
    assert "empty: is there already" in ask("plugin", "new", "sparrow", "--kind", "suite", "-o", "empty", code=2)
    (tmp_path / "file").write_text("")
    assert "file: is there already" in ask("plugin", "new", "sparrow", "--kind", "suite", "-o", "file", code=2)
    assert "cannot be written" in ask("plugin", "new", "sparrow", "--kind", "suite", "-o", "file/within", code=2)


@pytest.mark.parametrize(("word", "kind", "said"), [
    ("numpy", "task", "the package numpy is installed already"), ("json", "task", "the package json is installed already"),
    ("w2s_gpt2", "model", "the plugin w2s_gpt2 is installed already, from w2s-bench"),
    ("ridge", "strategy", "there is a strategy ridge already, w2s_probes/ridge"),
    ("run", "command", "there is a command run already"), ("class", "task", "is a word of Python")])
def test_a_name_that_is_taken_is_refused(ask: Ask, tmp_path: Path, word: str, kind: str, said: str) -> None:
    answer = ask("plugin", "new", word, "--kind", kind, code=2)
    assert said in answer and f"as in my-{word.replace('_', '-')}" in answer and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("word", "hint"), [
    ("1abc", "did you mean abc?"), ("my plugin", "did you mean my-plugin?"), ("../up", "did you mean up?"),
    ("", "as in my-heads"), ("a" * 31, "did you mean a"), ("größe", "did you mean gr-e?"),
    ("a--b", "did you mean a-b?"), ("\x1b[2J", "as in my-heads")])
def test_what_is_no_plain_name_is_refused_with_one_that_is(word: str, hint: str) -> None:
    with pytest.raises(UsageError, match="is no plain name") as refused:
        plugin_name(word)
    assert hint in refused.value.message() and "\x1b" not in refused.value.message()
