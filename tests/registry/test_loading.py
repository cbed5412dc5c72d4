"""What is installed is loaded behind a guard: a plugin costs itself only, is named, and takes no name that is not its own."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from distributions import install

from w2s_bench.contracts import UsageError
from w2s_bench.planning.wanted import wanted
from w2s_bench.registry.catalogue import Plugin, Registry
from w2s_bench.registry.loading import load_registry

Offer = Callable[[str], Plugin]


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Offer:
    """Installs a plugin of this source, as the module and plugin `odd_N`, and gives what became of it."""
    name = f"odd_{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}"

    def installed(source: str) -> Plugin:
        install(tmp_path / "site", monkeypatch, "odd-dist", {name: name}, **{name: source})
        return next(plugin for plugin in load_registry().plugins if plugin.name == name)

    return installed


@pytest.mark.parametrize(("source", "reason"), [
    ("@hookimpl\ndef w2s_taskz():\n    yield None\n", "there is no hook w2s_taskz"),
    ("def w2s_tasks():\n    yield None\n", "w2s_tasks is not marked with @hookimpl"),
    ("", "is no plugin: it implements no hook"),
    ("@hookimpl\ndef w2s_cell_finished(row, colour): pass\n", "can not be found in the hookspec"),
    ("@hookimpl\ndef w2s_tasks():\n    yield 3\n", "w2s_tasks gave 3, not a TaskEntry"),
    ("@hookimpl\ndef w2s_tasks():\n    yield TaskEntry('a', 'm:A', tags=None)\n", "tags=None, not a frozenset of words"),
    ("@hookimpl\ndef w2s_tasks():\n    yield TaskEntry('a', 'm:A', tags='regression')\n", "tags='regression', not a frozenset"),
    ("@hookimpl\ndef w2s_tasks():\n    yield TaskEntry('a', 'm.A')\n", "the task a has the target 'm.A'"),
    ("@hookimpl\ndef w2s_tasks():\n    yield TaskEntry('a', 3)\n", "the task a has target=3, not a text"),
    ("@hookimpl\ndef w2s_tasks():\n    yield TaskEntry(3, 'm:A')\n", "w2s_tasks offers the name 3"),
    ("@hookimpl\ndef w2s_tasks():\n    yield TaskEntry('a', 'm:A', version='1')\n", "version='1', not a whole number"),
    ("@hookimpl\ndef w2s_tasks():\n    yield TaskEntry('a', 'm:A', parameters=['p'])\n",
     "parameters=['p'], not a tuple (a Parameter)"),
    ("@hookimpl\ndef w2s_tasks():\n    yield TaskEntry('a', 'm:A', parameters=(Parameter('p', list, 1, 'h'),))\n",
     "the parameter p of the task a is of the kind <class 'list'>"),
    ("@hookimpl\ndef w2s_tasks():\n    yield TaskEntry('a', 'm:A', parameters=(Parameter('p', str, '', 'h', names='model'),))\n",
     "names 'model', which is no kind"),
    ("@hookimpl\ndef w2s_tasks():\n    yield TaskEntry('a', 'm:A', parameters=(Parameter('p', int, 9, 'h', high=3),))\n",
     "a default does not fit: the task a: a: p=9 is out of range ..3"),
    ("@hookimpl\ndef w2s_tasks():\n    yield from [TaskEntry('a', 'm:A')] * 2\n", "w2s_tasks offers one name twice"),
    ("raise SystemExit('no telescope')\n", "SystemExit: no telescope"),
    ("class Odd(BaseException): pass\nraise Odd('worse')\n", "Odd: worse"),
])
def test_a_plugin_that_breaks_the_rules_is_quarantined_with_the_reason(offer: Offer, source: str, reason: str) -> None:
    assert reason in offer(source).reason


def test_a_sound_plugin_is_not_and_its_misspelt_hook_would_have_a_near_one(offer: Offer) -> None:
    assert offer("@hookimpl\ndef w2s_taskz():\n    yield None\n").problem.partition("did you mean ")[2].startswith("w2s_tasks")
    assert not [plugin for plugin in load_registry().plugins if plugin.bundled and plugin.problem]


RIVAL = """
@hookimpl
def w2s_strategies():
    yield StrategyEntry("ridge", "rival_plugin:Ridge", tags=frozenset({"regression"}))
    yield StrategyEntry("ridge-two", "rival_plugin:Ridge", tags=frozenset({"regression"}))
@hookimpl
def w2s_tasks():
    yield TaskEntry("ethics-mine", "rival_plugin:Ridge", tags=frozenset({"burns-nlp"}))
@hookimpl
def w2s_suites():
    yield SuiteEntry("quickstart", "theirs", '[[matrix]]\\ntasks=["@burns-nlp"]\\nmodels=["gpt2*"]\\n')
class Ridge:
    outputs, needs, convex_in, exact = frozenset({"regression"}), "features", None, False
    def fit(self, problem): raise NotImplementedError
    from_arrays = fit
"""


@pytest.fixture
def beside_a_rival(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The registry beside a distribution that takes bundled names: of a plugin, a strategy, a suite, a tag."""
    install(tmp_path / "site", monkeypatch, "rival-dist", {"w2s_probes": "rival_plugin", "rival": "rival_plugin"},
            rival_plugin=RIVAL)
    return load_registry()


def test_bundled_names_are_the_projects_own(beside_a_rival: Registry) -> None:
    refused = [plugin for plugin in beside_a_rival.plugins if plugin.problem]
    assert [(plugin.name, plugin.distribution) for plugin in refused] == [("w2s_probes", "rival-dist")]
    assert refused[0].reason == "the plugin name 'w2s_probes' is bundled with w2s-bench"
    ridge = beside_a_rival.one("strategies", "ridge")
    assert ridge.name == "w2s_probes/ridge" and ridge.label == "ridge"
    theirs = beside_a_rival.one("strategies", "rival/ridge")
    assert theirs.name == theirs.label == "rival/ridge"
    assert beside_a_rival.suite("quickstart").summary != "theirs"
    assert beside_a_rival.suite("rival/quickstart").summary == "theirs"


def test_foreign_entries_join_a_shipped_suite_only_when_asked(beside_a_rival: Registry) -> None:
    shipped, _ = wanted(beside_a_rival, "burns-nlp", {"data": "folder"})
    names = shipped.matrices[0].tasks
    assert len(names) == 22 and all(name.startswith("w2s_text/") for name in names)
    own, _ = wanted(beside_a_rival, None, {"tasks": ["@burns-nlp"], "models": ["gpt2*"]})
    assert own.matrices[0].tasks == ("@burns-nlp",)
    theirs, _ = wanted(beside_a_rival, "rival/quickstart", {})
    assert theirs.matrices[0].tasks == ("@burns-nlp",) and theirs.matrices[0].models == ("gpt2*",)
    assert beside_a_rival.settled("strategies", "rival/*", {"w2s-bench"}) == ("rival/*",)


def test_a_suite_alone_is_left_as_it_is_written() -> None:
    shipped, _ = wanted(load_registry(), "burns-nlp", {"data": "folder"})
    assert shipped.matrices[0].tasks == ("@burns-nlp",)


@pytest.mark.parametrize(("words", "gone", "there"), [("all", {"rival"}, {"w2s_text"}), ("w2s_text, rival", {"rival", "w2s_text"},
                                                                                    {"w2s_probes"})])
def test_the_environment_leaves_plugins_out(beside_a_rival: Registry, monkeypatch: pytest.MonkeyPatch, words: str,
                                            gone: set[str], there: set[str]) -> None:
    monkeypatch.setenv("W2S_BENCH_NO_PLUGINS", words)
    known = {plugin.name for plugin in load_registry().plugins}
    assert not known & gone and there <= known


def test_a_plugin_that_is_not_there_cannot_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W2S_BENCH_NO_PLUGINS", "w2s_txt")
    with pytest.raises(UsageError, match="did you mean w2s_text"):
        load_registry()


def test_run_and_plan_name_what_is_not_loaded_and_flags_leave_it_out(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from w2s_bench.cli.main import main

    install(tmp_path / "site", monkeypatch, "odd-dist", {"broken": "odd_broken"}, odd_broken="raise ValueError('no key')\n")
    matrix = ["--task", "diabetes", "--weak", "raw", "--strong", "random-features"]
    said = {}
    for words in (["plan", *matrix], ["run", *matrix, "--print-spec"], ["ls", "suites"], ["plan", *matrix, "--no-plugins"],
                  ["--no-plugin", "broken", "plan", *matrix]):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as ended:
            main([*words, "--store", str(tmp_path / "store")] if "plan" in words else words)
        assert ended.value.code == 0
        said[" ".join(words[:1] + words[-1:])] = capsys.readouterr().err
    line = "not loaded: broken (ValueError: no key); see `w2s-bench plugin doctor`\n"
    assert list(said.values()) == [line, line, line, "", ""]


def test_plugins_are_found_without_anything_heavy() -> None:
    code = ("import sys\nfrom w2s_bench.registry.loading import load_registry\nload_registry()\n"
            "print(*sorted({'numpy', 'scipy', 'polars', 'torch', 'altair', 'rich', 'sklearn', 'datasets'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
