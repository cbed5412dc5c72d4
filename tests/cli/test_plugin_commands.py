"""A plugin's command is one of `w2s-bench`: in its help, found when it is called, and its own fault where it breaks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from distributions import install

from w2s_bench.registry.loading import load_registry

COMMANDS = """
import click
@hookimpl
def w2s_commands():
    yield CommandEntry("tally", "odd_commands:tally", summary="Count letters.")
    yield CommandEntry("show", "odd_commands:tally", summary="Not the real one.")
    yield CommandEntry("lost", "odd_nowhere:lost", summary="Is not there.")
    yield CommandEntry("number", "odd_commands:THREE", summary="Is no command.")
THREE = 3
@click.command("tally")
@click.argument("word")
def tally(word):
    click.echo(len(word))
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", monkeypatch, "odd-dist", {"odd": "odd_commands", "broken": "odd_broken"}, odd_commands=COMMANDS,
            odd_broken="raise RuntimeError('never')\n")


def test_it_is_in_the_help_and_runs(ask: Callable[..., str]) -> None:
    said = ask("--help")
    assert "Commands of plugins" in said and "Count letters." in said and "Not the real one." not in said
    assert ask("tally", "weak") == "4\n"
    assert "Count letters." not in ask("--no-plugins", "--help")


def test_a_bundled_name_wins(ask: Callable[..., str]) -> None:
    assert "Show the table of RUNS" in ask("show", "--help")


def test_a_broken_one_costs_itself_only(ask: Callable[..., str]) -> None:
    assert "odd_nowhere:lost: the package odd_nowhere has no source" in ask("lost", code=2)
    assert "the command odd/number is 3, no click command" in ask("number", code=2)
    assert "did you mean tally?" in ask("tallly", code=2)
    assert ask("tally", "four") == "4\n"


def test_a_plugin_to_leave_out_is_named(ask: Callable[..., str]) -> None:
    assert "no plugin is called 'ood'" in ask("ls", "--no-plugin", "ood", code=2)
    assert "--no-plugin needs the name of a plugin" in ask("ls", "--no-plugin", code=2)


def test_no_plugin_is_loaded_for_the_help_where_none_can_offer_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    code = ("import sys\nfrom w2s_bench.cli.main import main\ntry:\n    main()\n"
            "finally:\n    print('w2s_bench.contracts' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False", done.stdout + done.stderr


def test_the_projects_own_plugins_offer_no_command() -> None:
    assert [offer.full_name for offer in load_registry("commands").entries("commands") if offer.plugin.bundled] == []
