"""A plugin in one file is found, digested and loaded as an installed one, is known by its content, and takes nobody's name."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from w2s_bench.contracts import PluginError, UsageError
from w2s_bench.registry.diagnosis import diagnosed
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.one_file import as_it_was, in_place, put_in_place, read_files, refuse_broken, version_of
from w2s_bench.registry.sources import source_digest

SOURCE = """
from w2s_bench.contracts import SuiteEntry, hookimpl
@hookimpl
def w2s_suites():
    yield SuiteEntry("{name}", "a suite", "text")
"""


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with as_it_was():
        yield


def _file(folder: Path, name: str, source: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(source)
    return folder / name


def test_a_file_is_a_plugin_whose_version_is_its_digest(tmp_path: Path) -> None:
    file = _file(tmp_path, "of_mine.py", SOURCE.format(name="first"))
    put_in_place(read_files([file]))
    found = next(plugin for plugin in load_registry("suites").plugins if plugin.name == "of_mine")
    assert (found.distribution, found.problem) == ("of_mine.py", "")
    assert found.version == version_of("of_mine") == hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    assert load_registry("suites").suite("of_mine/first").summary == "a suite"


def test_the_doctor_finds_no_fault_in_a_digest_and_says_what_an_observer_hears(tmp_path: Path) -> None:
    hears = "@hookimpl\ndef w2s_cell_finished(row):\n    pass\n"
    put_in_place(read_files([_file(tmp_path, "of_mine.py", SOURCE.format(name="first") + hears)]))
    registry = load_registry()
    alone = tuple(plugin for plugin in registry.plugins if plugin.name == "of_mine")
    found = list(diagnosed(dataclasses.replace(registry, plugins=alone)))
    assert [(each.wrong, each.offered, each.hears) for each in found] == [((), 1, ("w2s_cell_finished",))]


def test_what_was_read_is_what_runs_and_a_changed_file_takes_its_place_with_another_digest(tmp_path: Path) -> None:
    file = _file(tmp_path, "of_mine.py", SOURCE.format(name="first"))
    put_in_place(read_files([file]))
    before = source_digest("of_mine:Any")
    file.write_text(SOURCE.format(name="second"))
    assert source_digest("of_mine:Any") == before and load_registry("suites").suite("first")
    put_in_place(read_files([file]))
    assert source_digest("of_mine:Any") != before and list(in_place()) == ["of_mine"]
    assert load_registry("suites").suite("second")
    with pytest.raises(UsageError, match="unknown suite 'first'"):
        load_registry("suites").suite("first")


def test_afterwards_all_is_as_it_was(tmp_path: Path) -> None:
    path = sys.path.copy()
    with as_it_was():
        put_in_place(read_files([_file(tmp_path, "of_mine.py", SOURCE.format(name="first"))]))
        load_registry("suites")
        assert "of_mine" in sys.modules and sys.path != path
    assert "of_mine" not in sys.modules and sys.path == path and version_of("of_mine") == ""


@pytest.mark.parametrize(("name", "reason"), [
    ("my-plugin.py", "my-plugin.py is no name of a plugin"),
    ("class.py", "class.py is no name of a plugin"),
    ("plugin.txt", "plugin.txt is no name of a plugin"),
    ("w2s_text.py", "a plugin of w2s-bench is called 'w2s_text' already"),
    ("json.py", "there is a module 'json' already"),
    ("numpy.py", "there is a module 'numpy' already"),
    ("given.py", "what is given as an object is called 'given' already"),
])
def test_a_name_that_is_none_or_is_taken_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_files([_file(tmp_path, name, SOURCE)])
    assert refused.value.what == reason and refused.value.where == str(tmp_path / name)


def test_what_is_no_file_and_two_files_of_one_name_that_differ_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        read_files([tmp_path / "of_mine.py"])
    with pytest.raises(UsageError, match="there is no such file"):
        read_files([tmp_path])
    one, same, other = (_file(tmp_path / name, "of_mine.py", SOURCE.format(name=source))
                        for name, source in (("a", "x"), ("b", "x"), ("c", "y")))
    assert read_files([one, same]).keys() == {"of_mine"}
    with pytest.raises(UsageError, match=r"two plugin files are called of_mine\.py, and differ"):
        read_files([one, other])


@pytest.mark.parametrize(("source", "where", "reason"), [
    ("import json\nimport no_such_module_of_ours\n", "of_mine.py, line 2", "ModuleNotFoundError: No module named"),
    ("x = 1\nx = (\n", "of_mine.py, line 2", "SyntaxError: '(' was never closed"),
    ("x = 1\n", "of_mine.py", "is no plugin: it implements no hook"),
    ("requires_api = '>=7'\n", "of_mine.py", "needs the API >=7"),
])
def test_a_file_that_does_not_load_is_refused_with_the_line(tmp_path: Path, source: str, where: str, reason: str) -> None:
    found = read_files([_file(tmp_path, "of_mine.py", source)])
    put_in_place(found)
    with pytest.raises(PluginError) as refused:
        refuse_broken(load_registry("suites").plugins, found)
    assert refused.value.where == where and reason in refused.value.what
