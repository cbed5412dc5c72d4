"""What a plugin needs of the API is read from its source; one that does not fit is refused before anything of it is imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from distributions import install

from w2s_bench.contracts import PluginError
from w2s_bench.contracts.api import API
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.requirements import check_fits, check_requirement, required_api, source_file

ROOT = Path(__file__).resolve().parents[2]
NAMED = "@hookimpl\ndef w2s_suites():\n    yield SuiteEntry('a', 'b', 'c')\n"


def test_a_plugin_of_another_api_is_refused_with_a_sentence_and_not_imported(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = f"requires_api = '>=2,<3'\nopen({str(tmp_path / 'imported')!r}, 'w')\n{NAMED}"
    install(tmp_path / "site", monkeypatch, "later-dist", {"later": "later_plugin"}, later_plugin=source)
    later = next(plugin for plugin in load_registry("suites").plugins if plugin.name == "later")
    assert later.reason == f"later_plugin: it needs the API >=2,<3 of w2s_bench.contracts, and this w2s-bench has {API}"
    assert not (tmp_path / "imported").exists()


@pytest.mark.parametrize("said", ["", "requires_api = '>=1,<2'\n", "requires_api: str = '~=1.0'\n"])
def test_a_plugin_that_says_nothing_or_what_fits_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    name = f"sound_{len(said)}"
    install(tmp_path / "site", monkeypatch, "sound-dist", {name: name}, **{name: said + NAMED})
    assert next(plugin for plugin in load_registry("suites").plugins if plugin.name == name).problem == ""


@pytest.mark.parametrize(("source", "reason"), [
    ("requires_api = 'one or so'", "requires_api = 'one or so' is no version specifier"),
    ("requires_api = ''.join(['>=1'])", "requires_api is no literal text"),
    ("requires_api = 1", "requires_api is no literal text"),
])
def test_what_is_no_specifier_is_refused_as_such(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, reason: str) -> None:
    (tmp_path / "vague_plugin.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PluginError, match=r"^vague_plugin: " + reason):
        check_requirement("vague_plugin")


@pytest.mark.parametrize(("wanted", "fits"), [(">=1,<2", True), ("==1.*", True), ("", True), (">=1.1", False), ("<1", False)])
def test_a_specifier_is_read_as_those_of_packages_are(wanted: str, fits: bool) -> None:
    if fits:
        check_fits(wanted, "a plugin")
    else:
        with pytest.raises(PluginError, match=r"this w2s-bench has 1\."):
            check_fits(wanted, "a plugin")


@pytest.mark.parametrize("source", [b"requires_api = (", b"requires_api = '\x00'", b"def f():\n    requires_api = '>=2'\n",
                                    b"# requires_api = '>=2'", b"requires_api == '>=2'"])
def test_what_cannot_be_read_or_says_it_elsewhere_says_nothing(source: bytes) -> None:
    assert required_api(source, "a plugin") is None


def test_the_source_of_a_module_within_packages_is_found_without_importing_them(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outer_plugin" / "inner").mkdir(parents=True)
    (tmp_path / "outer_plugin" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "outer_plugin" / "inner" / "hooks.py").write_text("requires_api = '>=9'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert source_file("outer_plugin.inner.hooks") == tmp_path / "outer_plugin" / "inner" / "hooks.py"
    assert source_file("outer_plugin.other") is source_file("no_such_plugin") is source_file("sys") is None
    with pytest.raises(PluginError, match=r"needs the API >=9"):
        check_requirement("outer_plugin.inner.hooks")


def test_every_plugin_of_this_repository_says_what_it_needs_and_it_fits() -> None:
    files = [*(ROOT / "plugins").glob("*/__init__.py"), ROOT / "tests" / "external_plugin" / "w2s_external" / "__init__.py"]
    for file in files:
        wanted = required_api(file.read_bytes(), file.parent.name)
        assert wanted is not None, file.parent.name
        check_fits(wanted, file.parent.name)
    assert len(files) > 10
