"""Words complete in the shell: commands, options, runs, suites, components and figures."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from conftest import Command


@pytest.fixture(scope="module")
def with_runs(tmp_path_factory: pytest.TempPathFactory) -> Command:
    command = Command(tmp_path_factory.mktemp("completion"))
    command("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "-o", "w2s-runs/mine-1",
            "--executor", "here", "--quiet", check=0)
    return command


def _completed(command: Command, typed: str, environment: dict[str, str] | None = None) -> list[str]:
    """The plain words that complete what is typed, whose last word is begun."""
    variables = {"_W2S_BENCH_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split(" ")) - 1)}
    done = subprocess.run(command.words(), capture_output=True, text=True, cwd=command.folder,
                          env={**command.environment, **variables, **(environment or {})})
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line.startswith("plain,")]


@pytest.mark.parametrize(("typed", "word"), [
    ("w2s-bench sho", "show"), ("w2s-bench show mi", "mine-1"), ("w2s-bench status ", "mine-1"), ("w2s-bench report m", "mine-1"),
    ("w2s-bench select m", "mine-1"), ("w2s-bench rescore m", "mine-1"), ("w2s-bench plot gain", "gain-misfit"),
    ("w2s-bench plot ledger m", "mine-1"), ("w2s-bench run mi", "mine-1"), ("w2s-bench run quick", "quickstart"),
    ("w2s-bench run --task diab", "diabetes"), ("w2s-bench run --strategy rid", "ridge"), ("w2s-bench run --weak ra", "raw"),
    ("w2s-bench run --executor h", "here"), ("w2s-bench run --see", "--seeds"), ("w2s-bench ls strat", "strategies"),
    ("w2s-bench ls ledg", "ledger"), ("w2s-bench ls run", "runs"), ("w2s-bench show-task diab", "diabetes"),
    ("w2s-bench conf", "config")])
def test_a_begun_word_completes(with_runs: Command, typed: str, word: str) -> None:
    assert word in _completed(with_runs, typed)


def test_a_wrong_file_of_options_ends_no_completion(with_runs: Command) -> None:
    assert "show" in _completed(with_runs, "w2s-bench sho", {"W2S_BENCH_SHOW_WEHRE": "1"})
    assert "mine-1" in _completed(with_runs, "w2s-bench show m", {"W2S_BENCH_SHOW_WEHRE": "1"})


def test_bash_completes_with_the_line_of_the_documents(with_runs: Command) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    folder = with_runs.folder / "bin"
    folder.mkdir()
    (folder / "w2s-bench").write_text(f"#!/bin/sh\nexec {sys.executable} -m w2s_bench \"$@\"\n")
    (folder / "w2s-bench").chmod(0o755)
    script = ('eval "$(_W2S_BENCH_COMPLETE=bash_source w2s-bench)"; COMP_WORDS=(w2s-bench show mi); COMP_CWORD=2\n'
              'compopt() { :; }\n_w2s_bench_completion w2s-bench; echo "${COMPREPLY[@]}"')
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, cwd=with_runs.folder,
                          env={**with_runs.environment, "PATH": f"{folder}:{with_runs.environment['PATH']}"})
    assert done.stdout.split() == ["mine-1"], done.stdout + done.stderr
