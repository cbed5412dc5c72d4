"""What plugins rest on is listed in one file, and changes with the changelog alone; what goes, warns for one version."""

from __future__ import annotations

import dataclasses
import runpy
import warnings
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from distributions import install

from w2s_bench import contracts
from w2s_bench.cli import plugin
from w2s_bench.contracts import Parameter, StrategyEntry, deprecations
from w2s_bench.contracts.deprecations import DEPRECATED, Deprecation
from w2s_bench.registry.loading import load_registry

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = runpy.run_path(str(ROOT / "docs" / "contracts.py"))
LISTED = (ROOT / "docs" / "contracts.json").read_text(encoding="utf-8")


def test_the_listing_is_what_the_contracts_are() -> None:
    assert CONTRACTS["written"](CONTRACTS["listing"]()) == LISTED, "python docs/contracts.py writes it again"


def test_the_changelog_knows_of_the_listing() -> None:
    line = CONTRACTS["line_of"](LISTED)
    assert line in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), f"CHANGELOG.md is to say what changed, and: {line}"


def test_a_listing_holds_names_fields_defaults_members_hooks_and_the_words_of_capabilities() -> None:
    found = CONTRACTS["listing"]()
    assert set(found["names"]) == set(contracts.__all__) - {"API"}
    assert found["names"]["Parameter"]["fields"]["low"] == "float | None = None"
    assert found["names"]["Strategy"]["members"]["convex_in"] == "ConvexIn | None"
    assert found["names"]["digest"] == {"is": "function", "signature": "(value: Json) -> str"}
    assert found["hooks"]["w2s_tasks"] == "() -> Iterable[TaskEntry]"
    assert found["kinds"]["loss"]["capabilities"] == {"fingerprint": {"fingerprint": "(self) -> str"}}
    assert found["predictor"]["capabilities"].keys() == {"members", "answering"}


def test_sets_are_listed_in_one_order_and_another_default_is_another_listing() -> None:
    def fitted(x: int, *, words: frozenset[str] = frozenset({"b", "a"})) -> None: ...
    def other(x: int, *, words: frozenset[str] = frozenset({"a"})) -> None: ...

    assert CONTRACTS["signature"](fitted) == "(x: int, *, words: frozenset[str] = frozenset({'a', 'b'})) -> None"
    assert CONTRACTS["signature"](other) != CONTRACTS["signature"](fitted)


def test_nothing_that_is_deprecated_outlives_its_minor_version() -> None:
    assert [each.old for each in DEPRECATED if each.overdue(contracts.API)] == []


@pytest.mark.parametrize(("api", "overdue"), [("1.1", False), ("1.2", True), ("1.10", True), ("2.1", True), ("1.0", True)])
def test_a_deprecation_is_overdue_in_every_api_but_its_own(api: str, overdue: bool) -> None:
    made = Deprecation("read_rows", "read_table", "1.1")
    assert (made.overdue(api), made.gone) == (overdue, "1.2")


@pytest.fixture
def deprecated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecations, "DEPRECATED", (
        Deprecation("read_rows", "read_table", "1.1"), Deprecation("Parameter.text", "Parameter.help", "1.1"),
        Deprecation("Entry.labels", "Entry.tags", "1.1")))
    monkeypatch.setattr(deprecations, "_USES", {})


@pytest.mark.usefixtures("deprecated")
def test_a_deprecated_name_works_and_warns_its_package_once() -> None:
    old: Any = contracts
    with pytest.warns(DeprecationWarning, match="test_api uses read_rows of w2s_bench.contracts, which is deprecated since 1.1 "
                                                r"and gone in 1.2: write read_table \(.*test_api.py, line"):
        assert old.read_rows is contracts.read_table
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert old.read_rows is contracts.read_table
    with pytest.raises(AttributeError, match="has no attribute 'read_columns'"):
        _ = old.read_columns


@pytest.mark.usefixtures("deprecated")
def test_a_field_is_given_and_read_under_its_old_name_also_by_classes_that_inherit_it() -> None:
    parameter: Any = Parameter
    entry: Any = StrategyEntry
    with pytest.warns(DeprecationWarning, match=r"uses Parameter\.text .*: write Parameter\.help"):
        made = parameter("x", int, 1, text="a number")
    assert made == Parameter("x", int, 1, "a number") and made.text == "a number"
    with pytest.warns(DeprecationWarning, match=r"uses Entry\.labels .*: write Entry\.tags"):
        assert entry("a", "m:A", labels=frozenset({"b"})) == StrategyEntry("a", "m:A", tags=frozenset({"b"}))
    assert dataclasses.replace(made, help="another").text == "another"
    with pytest.raises(TypeError, match="text"):
        parameter("x", int, 1, text="a number", help="both")
    with pytest.raises(AttributeError, match="'StrategyEntry' object has no attribute 'label'"):
        _ = entry("a", "m:A").label


@pytest.mark.slow
@pytest.mark.usefixtures("deprecated")
def test_doctor_names_the_plugin_and_the_replacement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = ("from w2s_bench.contracts import read_rows\n@hookimpl\ndef w2s_suites():\n    yield SuiteEntry('a', 'b', 'c')\n")
    install(tmp_path, monkeypatch, "elder-dist", {"elder": "elder_plugin"}, elder_plugin=source)
    monkeypatch.setenv("W2S_BENCH_ISOLATE", "never")  # another process knows no name that is deprecated for this test alone
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert next(plugin for plugin in load_registry().plugins if plugin.name == "elder").problem == ""
        printed = CliRunner().invoke(plugin.command, ["doctor"], standalone_mode=False)
    assert "deprecated: elder_plugin uses read_rows of w2s_bench.contracts" in printed.output
    assert "write read_table" in printed.output and printed.exit_code == 0
