"""The kit as a test class and as a command, of a bundled plugin; what an author may not do to it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Command

from w2s_bench.testing import conformance


@pytest.fixture(scope="module")
def made() -> type:
    return conformance("w2s_controls")


def test_a_check_is_neither_overridden_nor_removed(made: type) -> None:
    with pytest.raises(TypeError, match="derives from a class of the kit: a check is left out by a line of"):
        type("TestMine", (made,), {"test_offline": lambda self: None})
    with pytest.raises(TypeError, match="is not to be removed"):
        del made.test_offline  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="is not to be changed"):
        pytest.mark.skip("not today")(made)


def test_an_author_says_one_line_and_reads_what_is_checked(tmp_path: Path) -> None:
    (tmp_path / "test_plugin.py").write_text('from w2s_bench.testing import conformance\n'
                                             'TestPlugin = conformance("w2s_controls")\n', encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", "test_plugin.py"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "test_plugin.py::TestPlugin::test_offline[strategy/constant::is_made]" in done.stdout


def test_the_command_gives_an_object_a_check(w2s: Command) -> None:
    done = w2s("plugin", "test", "w2s_controls", "--check", "*::is_made", "--json", check=0)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["outcome"] for line in lines} == {"passed"} and "strategy/constant::is_made" in {line["id"] for line in lines}


def test_a_plugin_or_a_check_that_there_is_not_is_a_usage_error(w2s: Command) -> None:
    assert "did you mean w2s_controls" in w2s("plugin", "test", "w2s_control", check=2).stderr
    done = w2s("plugin", "test", "w2s_controls", "--check", "nothing", check=2)
    assert "no check of w2s_controls is called nothing" in done.stderr
