"""Every check has a result, whatever the plugin does in it; exemptions and ways to make are those of conformance.toml."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Command
from distributions import install

from w2s_bench.contracts.api import API
from w2s_bench.testing.kit import every_check, kit_version
from w2s_bench.testing.results import Terms, results_of

SOURCE = '''
import os, time
import numpy as np

class Sound:
    output, divergence, licence, citation = Regression(), "squared", "CC0-1.0", "made for the tests"
    limit = 0
    def __init__(self, rows=60):
        self.rows = rows
    def fingerprint(self):
        return "1"
    def load(self, seed):
        x = np.random.default_rng(0).normal(size=(self.rows, 2))
        return draw_splits({"x": x}, x.sum(axis=1, keepdims=True), np.array([f"row-{at}" for at in range(len(x))]), seed)

class Exits(Sound):
    def load(self, seed):
        os._exit(0)

class Hangs(Sound):
    def load(self, seed):
        while True: pass

@hookimpl
def w2s_tasks():
    yield TaskEntry("exits", "stars.sets:Exits")
    yield TaskEntry("hangs", "stars.sets:Hangs")
    yield TaskEntry("sound", "stars.sets:Sound", parameters=(Parameter("rows", int, 60, "rows"),))
'''


@pytest.fixture
def stars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A plugin `stars` with three tasks, and this conformance.toml."""
    def installed(said: str) -> None:
        folder = tmp_path / "site"
        install(folder, monkeypatch, "stars", {"stars": "stars.sets"})
        (folder / "stars").mkdir()
        (folder / "stars" / "__init__.py").write_text("")
        (folder / "stars" / "sets.py").write_text("from w2s_bench.contracts import *\nfrom w2s_bench.contracts import hookimpl\n"
                                                  + SOURCE)
        (folder / "stars" / "conformance.toml").write_text(said)

    return installed


@pytest.mark.slow
def test_a_plugin_that_ends_or_hangs_costs_its_own_checks_alone(stars: Callable[[str], None]) -> None:
    stars("")
    names = "task/[!s]*::[ls]*_[cb]*"  # licence_and_citation, same_bytes and such
    results = {result.id: result for result in results_of("stars", names, Terms(seconds=2.0))}
    assert results["task/exits::licence_and_citation"].outcome == results["task/hangs::licence_and_citation"].outcome == "passed"
    assert "its process ended without an answer: exit code 0" in results["task/exits::same_bytes"].reason
    assert "took longer than" in results["task/hangs::same_bytes"].reason
    assert {result.outcome for result in results_of("stars", "task/sound::*")} == {"passed"}


@pytest.mark.slow
def test_what_conformance_toml_says_is_made_exempt_or_lost(stars: Callable[[str], None]) -> None:
    stars('[make]\n"task/sound" = {few = "sound[rows=30]", many = "sound[rows=90]", none = "other"}\n'
          '[exempt]\n"task/sound::licence_and_citation" = "none is known"\n"task/exits" = "it is broken"\n'
          '"task/sound::splits_disjoined" = "a slip"\n')
    results = {result.id: result for result in results_of("stars", "*::[lci][sio]*")}
    few = results["task/sound(few)::licence_and_citation"]
    assert (few.outcome, few.reason) == ("exempt", "none is known")
    assert results["task/exits::licence_and_citation"].reason == "it is broken"
    assert results["task/sound(many)::is_made"].outcome == "passed"
    assert "other does not name stars/sound alone" in results["task/sound(none)::is_made"].reason
    lost = next(result for result in results_of("stars", "conformance_file"))
    assert lost.outcome == "failed"
    assert '"task/sound::splits_disjoined" names no check: did you mean splits_disjoint' in lost.reason


def test_a_plugin_of_one_file_is_tried_too(w2s: Command) -> None:
    (w2s.folder / "moons.py").write_text(
        "from w2s_bench.contracts import *\nfrom w2s_bench.contracts import hookimpl\n"
        "@hookimpl\ndef w2s_models():\n    yield ModelEntry('moons', 'moons:Moons')\n"
        "class Moons:\n    column, family, size = 'x', 'moons', None\n    def fingerprint(self): return ''\n"
        "    def embed(self, inputs, state): return Embedding(inputs['x'].astype('float32'))\n", encoding="utf-8")
    done = w2s("--plugin", "moons.py", "plugin", "test", "moons", "--check", "model/moons::[io]*", "--json", check=0)
    found = {line["id"]: line["outcome"] for line in map(json.loads, done.stdout.splitlines())}
    assert found["model/moons::order_and_neighbours"] == "passed" and set(found.values()) == {"passed"}


def test_the_kit_has_the_version_of_the_contracts() -> None:
    assert kit_version() == API


def test_every_check_says_what_holds() -> None:
    assert [each.name for each in every_check() if not each.says or each.says.endswith(".")] == []
    names = [(each.kind, each.name) for each in every_check()]
    assert len(set(names)) == len(names) > 60
