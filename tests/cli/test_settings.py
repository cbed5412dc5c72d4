"""Every option may be set in the environment or in a file of one's own: in that order, after what is typed; and it is said."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from conftest import Command

from w2s_bench.cli.commands import COMMANDS
from w2s_bench.cli.settings import settings
from w2s_bench.running.environment import read_environment

Ask = Callable[..., str]
SMALL = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--executor", "here")


@pytest.fixture
def own_file(ask: Ask, tmp_path: Path) -> Callable[[str], Path]:
    """Writes the user's file of options."""
    def write(text: str) -> Path:
        path = tmp_path / "home" / "config" / "w2s-bench" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_what_is_typed_comes_before_the_environment_and_that_before_the_file(
        ask: Ask, own_file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    plan = ("plan", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]")
    own_file('[plan]\nseeds = "0..3"\njson = true\n')
    assert json.loads(ask(*plan))["cells"] == 8
    monkeypatch.setenv("W2S_BENCH_PLAN_SEEDS", "0..2")
    assert json.loads(ask(*plan))["cells"] == 6
    assert json.loads(ask(*plan, "--seeds=7"))["cells"] == 2
    monkeypatch.setenv("W2S_BENCH_PLAN_JSON", "no")
    assert ask(*plan).startswith("the matrix given by flags: 6 cells")


def test_what_is_in_force_is_said_where_it_is_used(w2s: Command) -> None:
    config = w2s.folder / "home" / "config" / "w2s-bench" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[run]\nthreads = 1\n")
    assert f"--threads 1 (from {config}, [run])" in w2s("run", *SMALL, "-o", "r", check=0).stderr
    found = read_environment(w2s.folder / "r")
    assert found is not None and found.policy == {"threads": "1", "device": "auto"}
    typed = w2s("run", *SMALL, "--threads", "2", "-o", "r", check=0)
    assert "from" not in typed.stderr
    assert w2s("run", *SMALL, "-o", "r", "--quiet", check=0).stderr == ""


def test_config_lists_what_is_set_and_from_where(
        ask: Ask, own_file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "config.toml (not there)" in ask("config") and "no option is set" in ask("config")
    path = own_file('[plot]\nwhere = "gain > 0"\n[plot.gain-misfit]\nby = "task"\n')
    monkeypatch.setenv("W2S_BENCH_RUN_TASK", "'text[path=my file.csv]' diabetes")
    said = ask("config")
    assert "run: --task 'text[path=my file.csv]' --task diabetes (from W2S_BENCH_RUN_TASK)" in said
    assert f"plot ledger: --where 'gain > 0' (from {path}, [plot])" in said
    assert f"plot gain-misfit: --by task (from {path}, [plot.gain-misfit])" in said
    listed = json.loads(ask("config", "--json"))
    assert listed["file"] == str(path) and {"command": "run", "option": "task"}.items() <= listed["settings"][0].items()


@pytest.mark.parametrize(("text", "said"), [
    ("[rnu]\njobs = 2\n", "did you mean run"), ("jobs = 2\n", "'jobs' stands in no section"),
    ("[ls]\njsno = true\n", "did you mean json"),
    ("[ls]\njson = 'maybe'\n", "cannot be read"), ("[plot.gian-misfit]\nby = 'x'\n", ""),
    ("jobs = \n", "cannot read your options")])
def test_a_wrong_file_is_named_with_the_near_word(ask: Ask, own_file: Callable[[str], Path], text: str, said: str) -> None:
    path = own_file(text)
    if said:
        message = ask("ls", "tasks", code=2)
        assert said in message and str(path) in message
    else:
        assert "did you mean gain-misfit" in ask("config", code=2)


def test_a_wrong_variable_is_named_with_the_near_one(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W2S_BENCH_SHOW_TASK_SEED", "3")
    assert "no run is given" in ask("show", code=2), "a variable of show-task is none of show's"
    monkeypatch.setenv("W2S_BENCH_SHOW_WEHRE", "gain > 0")
    assert "did you mean W2S_BENCH_SHOW_WHERE" in ask("show", code=2)
    monkeypatch.setenv("W2S_BENCH_LS_JSON", "perhaps")
    assert "W2S_BENCH_LS_JSON: json = 'perhaps' cannot be read" in ask("ls", code=2)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("plot", "plugin")])
def test_every_option_of_every_command_can_be_set(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command: click.Command = importlib.import_module(COMMANDS[name][0]).command
    options = {max(option.opts, key=len): option for option in command.params if isinstance(option, click.Option)}
    for text in options:
        monkeypatch.setenv(f"W2S_BENCH_{name}_{text[2:]}".upper().replace("-", "_"), _sample(options[text]))
    assert {f"--{each.name}" for each in settings(command, [name], {})} == set(options)


def _sample(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return str(option.type.choices[0])
    return "." if isinstance(option.type, click.Path) and option.type.exists else "1"


def test_an_option_that_must_be_given_may_be_set(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W2S_BENCH_RELATE_X", "misfit")
    assert "--y" in ask("relate", "nowhere", code=2)
    monkeypatch.setenv("W2S_BENCH_RELATE_Y", "gain")
    assert "no such run" in ask("relate", "nowhere", code=2)


def test_debug_may_be_set(w2s: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W2S_BENCH_DEBUG", "1")
    assert "Traceback" in w2s("run", "quickstrat").stderr
